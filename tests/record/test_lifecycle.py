"""What may follow what in a run's life, and what each step leaves recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from hydra_sweep_runner.model import Attempt, Process, State, Status
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.record.lifecycle import IllegalTransition

T0 = datetime(2026, 1, 1, tzinfo=timezone.utc)
T1, T2, T3 = (T0 + timedelta(seconds=n) for n in (1, 2, 3))
PROCESS = Process(host="h", boot="b", pid=7, created=1.0, since=T1)
ATTEMPT = Attempt(started=T1, stopped=T2, exit_status=1, reason="r", log="0001.log")

STEPS: dict[Status, Callable[[State], State]] = {
    Status.RUNNING: lambda state: lifecycle.started(state, PROCESS, T1),
    Status.COMPLETED: lambda state: lifecycle.finished(state, 0, None, T2),
    Status.ERROR: lambda state: lifecycle.finished(state, 3, "exit status 3", T2),
    Status.TERMINATED: lambda state: lifecycle.terminated(state, "stopped", T2),
}


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", STEPS)
def test_a_step_is_possible_just_where_the_table_has_it(before: Status, after: Status) -> None:
    state = State(status=before, initialized=T0)
    if after in lifecycle.TRANSITIONS[before]:
        assert STEPS[after](state).status is after
    else:
        with pytest.raises(IllegalTransition):
            STEPS[after](state)


def test_every_end_can_be_started_again() -> None:
    ends = [status for status in Status if status is not Status.RUNNING]
    assert all(Status.RUNNING in lifecycle.TRANSITIONS[status] for status in ends)


def test_a_start_forgets_all_but_when_the_run_was_initialized_and_how_often_it_was_tried() -> None:
    state = lifecycle.started(lifecycle.initialized(T0), PROCESS, T1)
    state = lifecycle.finished(lifecycle.attempted(state, ATTEMPT), 3, "exit status 3", T2)
    later = replace(PROCESS, pid=8)
    assert lifecycle.started(state, later, T3) == State(
        status=Status.RUNNING, initialized=T0, started=T3, process=later, attempt=3
    )


def test_an_end_keeps_when_and_by_whom_the_run_was_started_and_its_attempts() -> None:
    running = lifecycle.attempted(
        lifecycle.started(lifecycle.initialized(T0), PROCESS, T1), ATTEMPT
    )
    for status in (Status.COMPLETED, Status.ERROR, Status.TERMINATED):
        ended = STEPS[status](running)
        assert (ended.started, ended.process, ended.attempts) == (T1, PROCESS, (ATTEMPT,))
        assert ended.stopped == T2


def test_only_exit_status_0_completes_a_run() -> None:
    running = lifecycle.started(lifecycle.initialized(T0), PROCESS, T1)
    assert lifecycle.finished(running, 0, None, T2).status is Status.COMPLETED
    assert lifecycle.finished(running, None, "gone", T2).status is Status.ERROR
    assert lifecycle.finished(running, 255, "exit status 255", T2).status is Status.ERROR


def test_attempts_are_made_only_by_what_is_running() -> None:
    with pytest.raises(IllegalTransition, match="an attempt at a run that is pending"):
        lifecycle.attempted(lifecycle.initialized(T0), ATTEMPT)
