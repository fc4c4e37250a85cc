"""The functions that the process of a batch calls in a worker's process.

The cluster calls them in the worker. Their arguments and return values can be pickled; what a
trial or an operation does wrong is returned, not raised.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hydra_sweep_runner import __version__
from hydra_sweep_runner.errors import Busy, Mistake, RunnerError
from hydra_sweep_runner.execute import variables
from hydra_sweep_runner.execute.attempt.stop_signals import Graces, StopSwitch, Urgency
from hydra_sweep_runner.execute.attempt.supervise import Surroundings, Unrecorded, supervise
from hydra_sweep_runner.execute.cluster.messages import (
    Assignment,
    Done,
    Facts,
    Places,
    Probed,
    Refused,
)
from hydra_sweep_runner.execute.cluster.session_file import Session
from hydra_sweep_runner.execute.cluster.worker_state import SESSIONS, heed_no_interrupt
from hydra_sweep_runner.execute.function.worker import reason_of
from hydra_sweep_runner.execute.local.reactor import run_to_end
from hydra_sweep_runner.execute.server.process import ORPHAN_GRACE_S
from hydra_sweep_runner.execute.task import Outcome
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.system.periodic import every
from hydra_sweep_runner.system.processes import is_alive, this_process
from hydra_sweep_runner.terminal.reporter import Stream

#: How often to check whether the batch still wants the trial, in seconds.
LOOK_S = 1.0
#: How long to wait until a folder that another host has just made is visible, in seconds.
_APPEARS_S = 10.0
#: How long to wait for a former owner of the trial to disappear, in seconds: a little longer
#: than a silent owner counts as alive.
_OWNER_S = 40.0
#: How long a trial's processes may outlive a killed worker, in seconds: its fork server notices
#: the death, terminates them and then kills them.
_ORPHANS_S = 2 * ORPHAN_GRACE_S
#: The most bytes of a trial's output that are sent back to be shown.
_MOST_SHOWN_BYTES = 1 << 20
_DISTRIBUTIONS = ("hydra-core", "omegaconf")


def look(places: Places) -> Facts:
    """The facts about this worker."""
    token = None
    with suppress(OSError):
        token = Path(places.token).read_text(encoding="utf-8")
    return Facts(
        host=os.uname().nodename,
        pid=os.getpid(),
        versions={"runner": __version__, **dict(_versions())},
        token=token,
        sees_project=Path(places.project_dir).is_dir(),
    )


def _versions() -> Iterator[tuple[str, str]]:
    yield "python", f"{sys.version_info.major}.{sys.version_info.minor}"
    for name in _DISTRIBUTIONS:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def probe(session: str, target: str, project_dir: str) -> Probed:
    """Import a function as a trial would."""
    with SESSIONS.machinery(session, Graces()) as machinery:
        try:
            signature = machinery.workers.probe(target, project_dir, machinery.stop)
            return Probed(signature=signature)
        except Mistake as error:
            return Probed(signature=None, mistake=str(error))


def execute(assignment: Assignment) -> Done | Refused:
    """Own the trial, execute it and record its end, unless it must not be begun."""
    heed_no_interrupt(assignment.driver.pid)
    run_id = assignment.task.run.id
    try:
        return _Execution(assignment).carry_out()
    except RunnerError as error:
        return Refused(run_id=run_id, worker=_here(), why=str(error))
    except Exception as error:
        return Refused(
            run_id=run_id, worker=_here(), why=reason_of(error), trace=traceback.format_exc()
        )


class _Execution:
    """The execution of one trial in this worker."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._task = assignment.task
        self._id = assignment.task.run.id
        self._store = RunStore(Path(assignment.task.store_root))
        self._kept = _Kept(f"{self._store.folder(self._id)}/{layout.LOG}")

    def carry_out(self) -> Done | Refused:
        missing = self._missing_folder()
        if missing is not None:
            return Refused(run_id=self._id, worker=_here(), why=f"there is no {missing} there")
        with ExitStack() as claim:
            busy = self._claim(claim)
            if busy is not None:
                return self._left(busy)
            known = self._store.read(self._id)
            begun = self._is_begun(known)
            if begun and known.state.status in (Status.COMPLETED, Status.ERROR):
                return self._done(Outcome(run=known))  # completed, but its worker was lost
            if begun and known.state.status is Status.RUNNING:
                time.sleep(_ORPHANS_S)
            return self._execute(known if begun else None)

    def _execute(self, begun: Run | None) -> Done:
        """Execute the trial; `begun` is its record if a worker was lost while running it. The lost
        worker's start counts as an attempt, too."""
        task = self._task
        if begun is not None:
            state = replace(task.run.state, attempt=begun.state.attempt)
            environment = {**task.environment, variables.RESTARTED: "1"}
            task = replace(task, run=replace(task.run, state=state), environment=environment)
        with SESSIONS.machinery(self._assignment.session, self._assignment.graces) as machinery:
            around = Surroundings(
                store=self._store,
                reporter=self._kept,
                clock=now,
                process=this_process(now),
                machinery=machinery,
                live=False,
            )
            with self._heeding(machinery.stop):
                end = run_to_end(supervise(task, now(), around), machinery.stop)
                if isinstance(end, Unrecorded):
                    end.record()
                    end.show()
                    return self._done(end.outcome, again=begun is not None)
                return self._done(end, again=begun is not None)

    def _done(self, outcome: Outcome, *, again: bool = False) -> Done:
        output = tuple(self._kept.pieces)
        return Done(outcome=outcome, output=output, again=again)

    def _left(self, busy: str) -> Done:
        outcome = Outcome(run=self._store.observe(self._store.read(self._id)))
        return Done(outcome=outcome, busy=busy or None)

    def _missing_folder(self) -> str | None:
        """A folder that this host does not see, although the batch's process does; None if there is
        none."""
        for folder in (self._task.project_dir, str(self._store.folder(self._id))):
            last_s = time.monotonic() + _APPEARS_S
            while not Path(folder).is_dir():
                if time.monotonic() > last_s:
                    return folder
                time.sleep(LOOK_S / 2)
        return None

    def _claim(self, claim: ExitStack) -> str | None:
        """Own the run and return None; otherwise return its owner as text, or an empty text if the
        run must not be begun.

        A worker that the cluster has given up may still own it until it is dead; it is waited for.
        Any other owner is waited for only a while.
        """
        last_s = time.monotonic() + _OWNER_S
        while not self._is_over():
            try:
                claim.enter_context(self._store.claim(self._id))
                return None
            except Busy as error:
                if time.monotonic() > last_s and not self._is_begun(self._store.read(self._id)):
                    return str(error)
                time.sleep(LOOK_S)
        return ""

    def _is_begun(self, known: Run) -> bool:
        """Whether the trial was started after it was assigned."""
        return known.state.started != self._task.run.state.started

    def _is_over(self) -> bool:
        return self._store.is_asked_to_stop(self._id) or self._urgency() is not Urgency.NONE

    def _urgency(self) -> Urgency:
        """How urgently the trial is to stop, according to its batch; it is if the batch's process
        is gone. Raises OSError if that cannot be read."""
        driver, batch_id = self._assignment.driver, self._assignment.batch_id
        alive = is_alive(driver)
        if alive is None and batch_id is not None:
            alive = self._store.beats(batch_id)
        if alive is False:
            return Urgency.STOP
        if batch_id is None:
            return Urgency.NONE
        return Session(self._store, batch_id, self._assignment.session).urgency()

    @contextmanager
    def _heeding(self, stop: StopSwitch) -> Iterator[None]:
        """Inside the context, stop the trial when its batch no longer wants it."""

        def look() -> None:
            with suppress(RunnerError, OSError):  # the next check may succeed
                stop.set(self._urgency())

        with every(LOOK_S, look):
            yield


class _Kept:
    """A Screen that keeps a trial's output, up to a size, to be shown elsewhere."""

    def __init__(self, log: str) -> None:
        self.pieces: list[tuple[Stream, bytes]] = []
        self._log = log
        self._left_bytes = _MOST_SHOWN_BYTES

    def output(self, stream: Stream, data: bytes) -> None:
        """Keep a piece."""
        if self._left_bytes <= 0:
            return
        self.pieces.append((stream, data[: self._left_bytes]))
        self._left_bytes -= len(data)
        if self._left_bytes <= 0:
            self.pieces.append(("stderr", f"\n(the rest is in {self._log})\n".encode()))

    @property
    def is_behind(self) -> bool:
        """Always False: nothing waits to be shown."""
        return False

    def say(self, *lines: str) -> None:
        """Keep lines at their place in the output."""
        self.output("stderr", "".join(f"{line}\n" for line in lines).encode())

    def block(self, pieces: Iterable[tuple[Stream, bytes]], head: str = "") -> None:
        """Keep all of an attempt's output; the head is printed where the output is shown."""
        for stream, data in pieces:
            self.output(stream, data)


def _here() -> str:
    return f"host {os.uname().nodename}, pid {os.getpid()}"
