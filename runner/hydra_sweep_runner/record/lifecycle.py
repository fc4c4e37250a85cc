"""The life cycle of a run: the allowed transitions, and what each records in its State.

Pure: every time and process is an argument, every transition returns a new State.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from hydra_sweep_runner.model import Attempt, Process, State, Status

#: The allowed next statuses. A run that has ended may be started again, in place.
TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.RUNNING}),
    Status.RUNNING: frozenset({Status.COMPLETED, Status.ERROR, Status.TERMINATED}),
    Status.COMPLETED: frozenset({Status.RUNNING}),
    Status.ERROR: frozenset({Status.RUNNING}),
    Status.TERMINATED: frozenset({Status.RUNNING}),
}


#: The reason of a run that was terminated because the whole runner was stopped.
STOPPED = "stopped by the runner"
#: The reason of a run that was terminated by `runs stop`.
STOPPED_ON_REQUEST = "stopped by `runner runs stop`"


class IllegalTransition(Exception):
    """A transition that the life cycle does not allow: a bug of the caller."""


def initialized(at: datetime) -> State:
    """The state of a run that was created and not started."""
    return State(status=Status.PENDING, initialized=at)


def started(state: State, process: Process, at: datetime) -> State:
    """`process` starts the run, for the first time or again.

    Of an earlier start only the time of initialisation and the number of attempts are kept.
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
    """An attempt failed and another follows: the run stays running."""
    if state.status is not Status.RUNNING:
        raise IllegalTransition(f"an attempt at a run that is {state.status.value}")
    return replace(state, attempts=(*state.attempts, attempt), attempt=state.attempt + 1)


def finished(state: State, exit_status: int | None, reason: str | None, at: datetime) -> State:
    """The run has an outcome of its own, be it a timeout: completed if its exit status is 0, else
    an error.

    The exit status is None if it failed before any process could exit.
    """
    status = Status.COMPLETED if exit_status == 0 else Status.ERROR
    _check_order(state, status)
    return replace(state, status=status, stopped=at, exit_status=exit_status, reason=reason)


def terminated(state: State, reason: str, at: datetime) -> State:
    """The run was stopped or abandoned, and has no outcome of its own. A trial has no exit status
    then; a batch gets one from its caller."""
    _check_order(state, Status.TERMINATED)
    return replace(state, status=Status.TERMINATED, stopped=at, exit_status=None, reason=reason)


def left_behind(state: State) -> State:
    """The state that lists show for a run whose record says that it is running and whose runner was
    killed (`store.observed` finds that out). The time of its end is unknown.

    This is an observation, not a transition: it is never recorded.
    """
    process = state.process
    where = f" (pid {process.pid} on {process.host})" if process is not None else ""
    return replace(state, status=Status.TERMINATED, reason=f"its runner is gone{where}")


def incomplete(state: State, missing: int, planned: int) -> State:
    """The state that lists show for a batch that has ended and whose plan has lost trials since.
    What was recorded of trials that failed may be about lost ones, and is told as of then.

    This is an observation, not a transition: it is never recorded.
    """
    trials = "1 trial" if planned == 1 else f"{planned} trials"
    is_are = "is" if missing == 1 else "are"
    reason = f"{missing} of {trials} {is_are} missing, deleted or restarted with other flags"
    if state.reason:
        reason = f"{reason}; at its end {state.reason}"
    return replace(state, status=Status.ERROR, reason=reason)


def _check_order(state: State, status: Status) -> None:
    if status not in TRANSITIONS[state.status]:
        raise IllegalTransition(f"{status.value} cannot follow {state.status.value}")
