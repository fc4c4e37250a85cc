"""Executes a program's trials with any of Hydra's launchers, some at a time."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from hydra_sweep_runner.compose.output_dir import as_overrides
from hydra_sweep_runner.compose.resolution_errors import one_line
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake, StoreFailed
from hydra_sweep_runner.execute import variables
from hydra_sweep_runner.execute.attempt import log as outputs
from hydra_sweep_runner.execute.attempt.hints import on_existing_file
from hydra_sweep_runner.execute.source import NO_MORE, WAIT, Deadlock, NoTask, Source
from hydra_sweep_runner.execute.task import Outcome, Task
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.operation.kinds.kind import Signature
from hydra_sweep_runner.program.foreign.launch_lines import launch_lines_left_out
from hydra_sweep_runner.program.foreign.printed import lost_streams_ignored
from hydra_sweep_runner.program.foreign.recorded_task import Launch, NotRecorded, RecordedTask
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.record.redaction import redact_run
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import Clock
from hydra_sweep_runner.system.processes import is_this
from hydra_sweep_runner.terminal.render import retry_line
from hydra_sweep_runner.terminal.reporter import Reporter

#: How long to wait for the death of the processes of a launcher that has failed, in seconds.
_DEATH_S = 10.0
_LOOK_S = 0.05


class HydraLauncher(Protocol):
    """The interface of a launcher plugin of Hydra's, after its setup."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Any:
        """Run jobs and return their results, in order."""
        ...


class ForeignExecutor:
    """Executes a program's trials with one of Hydra's launchers.

    It takes `chunk` tasks at a time (None: all there are) and returns their outcomes when the
    launcher is done with them. What happened to a trial is in its record, which `task`, the
    launcher's task function, writes. `returned` gets the launcher's results. `forgets` says that a
    launcher which raised an error has dropped the jobs that it had not started, so that they are
    launched again; a cluster's queue would start them nevertheless.
    """

    #: The process that executes a run owns it; this process could not hold so many locks.
    claims_runs = True
    passes_output_on = False

    def __init__(
        self,
        launcher: HydraLauncher,
        task: RecordedTask,
        store: RunStore,
        reporter: Reporter,
        *,
        chunk: int | None,
        forgets: bool,
        clock: Clock,
        returned: list[Any],
    ) -> None:
        self._launcher = launcher
        self._task = task
        self._store = store
        self._reporter = reporter
        self._chunk = chunk
        self._forgets = forgets
        self._clock = clock
        self._returned = returned
        self._stopped = False
        self._launching = False
        self._unstarted: dict[str, int] = {}  # how many trials were not started, by the reason

    @property
    def at_once(self) -> int | None:
        """One if jobs are launched singly; otherwise the launcher decides."""
        return 1 if self._chunk == 1 else None

    def __enter__(self) -> ForeignExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def run(self, source: Source) -> None:
        """Execute a source's tasks, `chunk` at a time, or as many as there are before the source
        waits. After `stop` no further task is launched."""
        try:
            self._run(source)
        finally:
            for why, count in self._unstarted.items():
                what = "1 trial" if count == 1 else f"{count} trials"
                self._reporter.say(f"The launcher has not started {what}{why}")

    def _run(self, source: Source) -> None:
        while not self._stopped:
            tasks, answer = self._take(source)
            if tasks:
                self._carry_out(tasks, source)
            elif answer is WAIT:
                raise Deadlock
            if answer is NO_MORE:
                return

    def _take(self, source: Source) -> tuple[list[Task], NoTask | None]:
        """The tasks to launch together, and the source's answer if there are no more."""
        tasks: list[Task] = []
        while self._chunk is None or len(tasks) < self._chunk:
            task = source.next()
            if isinstance(task, NoTask):
                return tasks, task
            tasks.append(task)
        return tasks, None

    def probe(self, target: str, project_dir: str) -> Signature:
        """Not used: a program's trials call no other function."""
        raise Mistake(f"a Hydra program runs no function such as {target}")

    def preload(self, modules: Sequence[str], script: str) -> None:
        """Not used: a program's trials are no scripts."""
        raise Mistake(f"a Hydra program runs no script such as {script}")

    def stop(self) -> None:
        """Interrupt the launcher, which runs in this thread; for a signal handler."""
        self._stopped = True
        if self._launching:
            raise KeyboardInterrupt

    def kill(self) -> None:
        """Interrupt the launcher again; for a signal handler."""
        self.stop()

    def _carry_out(self, tasks: Sequence[Task], source: Source) -> None:
        """Launch tasks until each has ended for good, or the launcher makes no progress."""
        for task in tasks:
            self._store.write(self._with_result(task.run), durable=False)
        lots = [_Lot(list(tasks))]
        while lots and not self._stopped:
            lot = lots.pop(0)
            error = self._launch(lot)
            last_s = time.monotonic() + _DEATH_S
            unstarted: list[Task] = []
            failed: list[Task] = []
            for task in lot.tasks:
                run = self._after(task, last_s)
                if run is None:
                    unstarted.append(task)
                elif run.state.status is Status.ERROR and task.retries:
                    failed.append(replace(task, run=run, retries=task.retries - 1))
                    self._report_retry(failed[-1])
                else:
                    outcome = self._outcome(run, task)
                    source.ended(outcome)
                    source.recorded(outcome)
            if failed:
                lots.append(_Lot(failed, retried=True))
            if self._forgets and _gave_up(error) and 0 < len(unstarted) < len(lot.tasks):
                lots.insert(0, replace(lot, tasks=unstarted))
            elif unstarted and not self._stopped:
                self._note(error, len(unstarted))

    def _report_retry(self, task: Task) -> None:
        """Print that a trial is tried again; its record is that of the failed attempt."""
        state = redact_run(task.run, os.environ).state
        attempt = len(state.attempts) + 2
        most = attempt + task.retries
        self._reporter.say(retry_line(task.title, attempt, most, state.reason))

    def _outcome(self, run: Run, task: Task) -> Outcome:
        """A trial's outcome, with the end of its log if its output was not shown."""
        if run.state.status is not Status.ERROR:
            return Outcome(run=run)
        tail, process = outputs.tail_of(self._store.folder(run.id)), run.state.process
        was_shown = process is not None and is_this(process)
        return Outcome(run=run, hint=on_existing_file(tail, task), tail=b"" if was_shown else tail)

    def _with_result(self, run: Run) -> Run:
        """The run with its present result: a completed run stays completed until it begins
        again."""
        if run.state.status is not Status.COMPLETED:
            return run
        return replace(run, result=self._store.read(run.id).result)

    def _launch(self, lot: _Lot) -> Exception | None:
        """Have the launcher run the jobs of a lot; returns the error that it raised, or that kept a
        job from starting, if any."""
        head = lot.tasks[0]
        first = _number(head) or 0
        self._task.launch = Launch(
            first=first,
            run_ids=tuple(task.run.id for task in lot.tasks),
            retried=lot.retried,
            batch_id=head.environment.get(variables.BATCH_ID),
            timeout_s=head.timeout_s,
        )
        overrides = [job_overrides(task, first + place) for place, task in enumerate(lot.tasks)]
        try:
            self._launching = True
            with lost_streams_ignored(), launch_lines_left_out():
                given = list(self._launcher.launch(overrides, initial_job_idx=first))
            self._returned += given
            return _own_failure(given)
        except KeyboardInterrupt:
            self._stopped = True
        except Exception as error:
            return error
        finally:
            self._launching = False
        return None

    def _after(self, task: Task, last_s: float) -> Run | None:
        """The record of a launched trial, corrected if its process has died, or dies before
        `last_s`; None if the trial never began."""
        run = self._store.read(task.run.id)
        if run.state.process == task.run.state.process:
            return None
        if run.state.status is not Status.RUNNING or self._is_at_work(run, last_s):
            return run
        return self._record_death(run)

    def _is_at_work(self, run: Run, last_s: float) -> bool:
        """Whether the recorded process is still running, although its launcher is done."""
        process = run.state.process
        if process is not None and is_this(process):
            return False
        while self._store.observe(run).state.status is Status.RUNNING:
            if time.monotonic() > last_s:
                return True
            time.sleep(_LOOK_S)
        return False

    def _record_death(self, run: Run) -> Run:
        process = run.state.process
        where = "" if process is None else f" (pid {process.pid} on {process.host})"
        at = self._clock()
        if self._stopped:
            state = lifecycle.terminated(run.state, lifecycle.STOPPED, at)
        else:
            reason = f"its process{where} died without a word"
            log = self._store.folder(run.id) / layout.LOG
            try:
                log.write_text(f"{reason}\n", encoding="utf-8")
            except OSError as error:
                raise StoreFailed(f"cannot write {log}: {error.strerror}") from error
            state = lifecycle.finished(run.state, None, reason, at)
        run = replace(run, state=state)
        self._store.write(run)
        return run

    def _note(self, error: Exception | None, unstarted: int) -> None:
        """Count trials that were not started, for a line at the end. A launcher's own error is
        printed once, however many launches it ends."""
        why = ""
        if isinstance(error, NotRecorded):
            why = f": {error}"
        elif error is not None:
            why = f": {type(error).__name__}: {one_line(error)}"
            if why not in self._unstarted:
                traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
        self._unstarted[why] = self._unstarted.get(why, 0) + unstarted


@dataclass(frozen=True)
class _Lot:
    """The trials of one launch: those on their first attempt, or on a later one."""

    tasks: list[Task]
    retried: bool = False


def _own_failure(returned: Sequence[Any]) -> Exception | None:
    """The error that kept a job from starting, if its launcher finished nevertheless."""
    for one in returned:
        given = one._return_value
        if isinstance(given, NotRecorded):
            return given
    return None


def _gave_up(error: Exception | None) -> bool:
    return error is not None and not isinstance(error, NotRecorded)


def _number(task: Task) -> int | None:
    return None if task.run.job is None else task.run.job.number


def job_overrides(task: Task, given_number: int) -> list[str]:
    """A job's overrides for a launcher that will give it this number: the trial's own, and those
    that put its output in the right place, if necessary."""
    config = task.config
    if not isinstance(config, TrialConfig):
        raise TypeError(f"no configuration of a job: {config!r}")
    settings = {name: value for name, value in config.hydra.items() if name.startswith("sweep.")}
    if _number(task) != given_number and "sweep.subdir" not in settings:
        settings["sweep.subdir"] = config.output().subdir
    return [*config.task, *as_overrides(settings)]
