"""The life of a run: which status may follow which, and what each step leaves recorded.

Pure: every time and process is an argument, every step gives a new State.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from hydra_sweep_runner.model import Attempt, Process, State, Status

#: What may follow. Whatever has ended may be started again, in place.
TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.RUNNING}),
    Status.RUNNING: frozenset({Status.COMPLETED, Status.ERROR, Status.TERMINATED}),
    Status.COMPLETED: frozenset({Status.RUNNING}),
    Status.ERROR: frozenset({Status.RUNNING}),
    Status.TERMINATED: frozenset({Status.RUNNING}),
}


#: Why a run was terminated with all that its runner had at work.
STOPPED = "stopped by the runner"
#: Why a run was terminated that somebody had asked to stop.
STOPPED_ON_REQUEST = "stopped by `runner runs stop`"


class IllegalTransition(Exception):
    """A status was to follow one that it cannot follow: a bug of the caller."""


def initialized(at: datetime) -> State:
    """The state of a run that was made and not started."""
    return State(status=Status.PENDING, initialized=at)


def started(state: State, process: Process, at: datetime) -> State:
    """`process` takes the run up, for the first time or again.

    Nothing of an earlier start is kept but when the run was initialised, and how many
    attempts there were.
    """
    _check_order(state, Status.RUNNING)
    return replace(
        state,
        status=Status.RUNNING,
        started=at,
        stopped=None,
        exit_status=None,
        reason=None,
        process=process,
        attempts=(),
        attempt=state.attempt + 1,
    )


def attempted(state: State, attempt: Attempt) -> State:
    """An attempt failed and another follows: the run goes on running."""
    if state.status is not Status.RUNNING:
        raise IllegalTransition(f"an attempt at a run that is {state.status.value}")
    return replace(state, attempts=(*state.attempts, attempt), attempt=state.attempt + 1)


def finished(state: State, exit_status: int | None, reason: str | None, at: datetime) -> State:
    """The run ended by itself: completed if its exit status is 0, else an error.

    The exit status is None if it failed before there was anything to exit.
    """
    status = Status.COMPLETED if exit_status == 0 else Status.ERROR
    _check_order(state, status)
    return replace(state, status=status, stopped=at, exit_status=exit_status, reason=reason)


def terminated(state: State, reason: str, at: datetime | None) -> State:
    """The runner stopped the run, or left it behind when it was killed.

    `at` is None if nobody saw it end. There is no exit status: it did not come to its end.
    """
    _check_order(state, Status.TERMINATED)
    return replace(state, status=Status.TERMINATED, stopped=at, exit_status=None, reason=reason)


def incomplete(state: State, missing: int, planned: int) -> State:
    """The state of a completed batch whose plan has lost trials since, as lists show it. It is
    an observation, no transition: nothing records it.
    """
    trials = "1 trial" if planned == 1 else f"{planned} trials"
    is_are = "is" if missing == 1 else "are"
    reason = f"{missing} of {trials} {is_are} missing, deleted or restarted with other flags"
    return replace(state, status=Status.ERROR, reason=reason)


def _check_order(state: State, status: Status) -> None:
    if status not in TRANSITIONS[state.status]:
        raise IllegalTransition(f"{status.value} cannot follow {state.status.value}")
