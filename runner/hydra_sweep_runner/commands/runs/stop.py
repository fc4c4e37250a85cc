"""`runner runs stop`: requests the owners of runs to stop them, and waits until they have."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from hydra_sweep_runner.commands.runs.selecting import resolve_all
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Busy, Mistake, RunnerError, UnknownRun
from hydra_sweep_runner.model import Process, Run, Status
from hydra_sweep_runner.operation.kinds.known import KINDS
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import short

#: The default time to wait for the end, in seconds: the default grace periods, and a reserve.
WAIT_S = 60.0
_LOOK_S = 0.1


class StillRunning(RunnerError):
    """A run was not stopped within the time to wait."""


def runs_to_stop(store: RunStore, prefixes: Sequence[str]) -> list[Run]:
    """The runs with these prefixes, all of them running.

    Raises Mistake if a prefix names no run or several runs, a run that is not running, or one that
    is given twice, and UnreadableRecord.
    """
    runs = [store.observe(store.read(run_id)) for run_id in resolve_all(store, prefixes)]
    for run in runs:
        if run.state.status is not Status.RUNNING:
            raise Mistake(f"{short(run.id)} is not running: it is {run.state.status.value}")
    return runs


def stop_runs(
    store: RunStore, runs: Sequence[Run], *, wait_s: float, say: Callable[[str], object]
) -> None:
    """Request that the runs stop, and wait until their owners have released them; prints a line for
    each.

    Raises StoreFailed, and StillRunning if that does not happen within `wait_s`.
    """
    waiting = [_Waiting(store, run) for run in runs]
    for one in waiting:
        for run_id in one.asked:
            store.ask_to_stop(run_id)
    for run in runs:
        say(f"Stopping {short(run.id)}: waiting for {_owner(run.state.process)}")
    last_s = time.monotonic() + wait_s
    for one in waiting:
        while (end := one.end()) is None:
            if time.monotonic() > last_s:
                raise StillRunning(
                    f"{short(one.run.id)} has been asked to stop and is still running after "
                    f"{wait_s:g} s, at {_owner(one.run.state.process)}"
                )
            time.sleep(_LOOK_S)
        say(end)


@dataclass(frozen=True)
class _Waiting:
    """A run that was requested to stop."""

    store: RunStore
    run: Run

    @property
    def asked(self) -> list[str]:
        """The runs to send requests to: a batch, and those of its trials that other processes
        own."""
        return [self.run.id, *_trials_elsewhere(self.store, self.run)]

    def end(self) -> str | None:
        """How the run ended, in a line; None while a process owns it."""
        try:
            run = self.store.observe(self.store.read(self.run.id))
            if run.state.status is Status.RUNNING:
                return None
            with self.store.claim(run.id):  # succeeds only if its owner has released it
                pass
        except Busy:
            return None
        except UnknownRun:
            return f"{short(self.run.id)} was deleted"
        if run.state.status is Status.TERMINATED:
            return f"Stopped {short(run.id)}"
        return f"{short(run.id)} had ended before it could be stopped: {run.state.status.value}"


def _trials_elsewhere(store: RunStore, run: Run) -> Iterator[str]:
    """The running trials of a batch that other processes than its own have started: those of a
    Hydra program under another launcher."""
    if run.batch is None or not KINDS[run.operation.kind].is_hydra_job:
        return
    for run_id in run.batch.trials:
        try:
            trial = store.observe(store.read(run_id))
        except RunnerError:  # it was deleted, or cannot be read: the batch stops nevertheless
            continue
        if trial.state.status is Status.RUNNING and not _is_same(trial, run):
            yield run_id


def _is_same(one: Run, other: Run) -> bool:
    mine, theirs = one.state.process, other.state.process
    if mine is None or theirs is None:
        return False
    return (mine.host, mine.boot, mine.pid) == (theirs.host, theirs.boot, theirs.pid)


def _owner(process: Process | None) -> str:
    return "its process" if process is None else f"pid {process.pid} on {process.host}"
