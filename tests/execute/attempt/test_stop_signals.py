"""Stopping: an interrupt, SIGTERM, SIGKILL, a grace between; timeouts the same; retries."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from signal import Signals

import pytest

from hydra_sweep_runner.execute.attempt.stop_signals import Cause, Graces, SignalSchedule, Urgency
from hydra_sweep_runner.model import Run, Status
from tests.execute.world import Made, World, outcomes_of

QUICK = Graces(interrupt_s=0.3, terminate_s=0.3)
STUBBORN = "trap '' INT TERM; echo ready; while :; do sleep 0.05; done"
INTERRUPT, TERMINATE = [Signals.SIGINT, Signals.SIGCONT], [Signals.SIGTERM, Signals.SIGCONT]
KILL = [Signals.SIGKILL]


# The order of the signals


def test_nothing_is_due_until_somebody_asks() -> None:
    schedule = SignalSchedule(QUICK, 0.0, None)
    assert schedule.due(1e9, Urgency.NONE) == []
    assert schedule.cause is None


def test_a_stop_interrupts_then_terminates_then_kills() -> None:
    schedule = SignalSchedule(Graces(interrupt_s=5, terminate_s=3), 0.0, None)
    times = {10.0: INTERRUPT, 14.9: [], 15.0: TERMINATE, 17.9: [], 18.0: KILL, 99.0: []}
    assert {at: schedule.due(at, Urgency.STOP) for at in times} == times
    assert schedule.cause is Cause.STOP


def test_a_request_is_looked_for_once_a_second_and_presses_like_a_stop() -> None:
    looked: list[float] = []
    asked: list[bool] = []
    schedule = SignalSchedule(
        Graces(interrupt_s=5, terminate_s=3), 0.0, 60.0, lambda: bool(looked.append(at) or asked)
    )
    for at in (0.0, 0.5, 1.0, 1.2, 2.1, 2.9):
        assert schedule.due(at, Urgency.NONE) == []
    assert looked == [1.0, 2.1]
    assert schedule.wait_s(2.9) == pytest.approx(0.2)
    asked.append(True)
    times = {3.0: [], 3.1: INTERRUPT, 8.1: TERMINATE, 11.1: KILL}
    for at, due in times.items():
        assert schedule.due(at, Urgency.NONE) == due
    assert schedule.cause is Cause.ASKED


def test_a_timeout_is_due_at_its_time_and_presses_like_a_stop() -> None:
    schedule = SignalSchedule(Graces(interrupt_s=5, terminate_s=3), 100.0, 2.0)
    assert schedule.due(101.5, Urgency.NONE) == []
    assert schedule.wait_s(101.5) == 0.5
    times = {101.9: [], 102.0: INTERRUPT, 107.0: TERMINATE, 110.0: KILL}
    assert {at: schedule.due(at, Urgency.NONE) for at in times} == times
    assert schedule.cause is Cause.TIMEOUT


def test_a_trial_that_has_just_begun_is_interrupted_when_it_can_notice() -> None:
    schedule = SignalSchedule(Graces(interrupt_s=5, terminate_s=3), 10.0, None)
    times = {10.01: [], 10.1: [], 10.25: INTERRUPT, 15.2: [], 15.3: TERMINATE}
    assert {at: schedule.due(at, Urgency.STOP) for at in times} == times
    assert SignalSchedule(QUICK, 10.0, None).due(10.01, Urgency.KILL) == KILL


def test_the_second_request_kills_at_once() -> None:
    schedule = SignalSchedule(QUICK, 0.0, None)
    assert schedule.due(1.0, Urgency.STOP) == INTERRUPT
    assert schedule.due(1.01, Urgency.KILL) == KILL
    assert schedule.due(1.02, Urgency.KILL) == []
    assert SignalSchedule(QUICK, 0.0, None).due(1.0, Urgency.KILL) == KILL


# Timeouts


@pytest.mark.parametrize("script", ["sleep 60", STUBBORN])
def test_a_trial_that_takes_too_long_is_an_error(world: World, script: str) -> None:
    began = time.monotonic()
    run = world.end(world.shell(script, timeout_s=0.3), graces=QUICK)
    assert time.monotonic() - began < 5
    assert (run.state.status, run.state.exit_status) == (Status.ERROR, 124)
    assert run.state.reason == "timeout after 0.3 s"


def test_a_timeout_takes_the_whole_process_tree(world: World) -> None:
    script = "sh -c 'echo $$; trap \"\" INT TERM; while :; do sleep 0.05; done' & wait"
    run = world.end(world.shell(script, timeout_s=0.3), graces=QUICK)
    pid = int(world.log(run).split()[0])
    assert run.state.exit_status == 124
    assert gone(pid)


def test_a_trial_that_ends_well_when_interrupted_by_its_timeout_has_failed(world: World) -> None:
    run = world.end(world.shell("trap 'exit 0' INT; sleep 60 & wait", timeout_s=0.2))
    assert (run.state.status, run.state.exit_status) == (Status.ERROR, 124)


def test_a_function_that_takes_too_long_is_an_error_and_its_worker_is_replaced(
    world: World,
) -> None:
    world.write(
        "lib.py",
        """
        import time
        def stubborn():
            while True:
                try: time.sleep(60)
                except BaseException: pass
        def good(): return 1
        """,
    )
    slow = world.function("lib.stubborn")
    object.__setattr__(slow, "timeout_s", 0.3)
    first, second = world.ends(slow, world.function("lib.good"), graces=QUICK)
    assert (first.state.status, first.state.exit_status) == (Status.ERROR, 124)
    assert second.state.status is Status.COMPLETED


def test_a_trial_within_its_time_is_not_disturbed(world: World) -> None:
    run = world.end(world.shell("sleep 0.2; echo done", timeout_s=30))
    assert (run.state.status, world.log(run)) == (Status.COMPLETED, "done\n")


# Stopping


def gone(pid: int, within_s: float = 5.0) -> bool:
    """Whether a process is gone, or goes soon."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("script", ["echo ready; sleep 60", STUBBORN])
def test_what_runs_is_terminated_and_the_rest_stays_pending(world: World, script: str) -> None:
    tasks = [world.shell(script), world.shell("echo never")]
    with world.executor(graces=QUICK) as executor:
        world.reporter.on_output = lambda data: executor.stop()
        outcomes = outcomes_of(executor, *tasks)
    assert [outcome.run.id for outcome in outcomes] == [tasks[0].run.id]
    first, second = (world.store.read(task.run.id).state for task in tasks)
    assert (first.status, first.reason) == (Status.TERMINATED, "stopped by the runner")
    assert (first.exit_status, second.status) == (None, Status.PENDING)


def test_what_ends_well_when_it_is_stopped_is_terminated_all_the_same(world: World) -> None:
    with world.executor() as executor:
        world.reporter.on_output = lambda data: executor.stop()
        task = world.shell("trap 'exit 0' INT; echo ready; sleep 60 & wait")
        (outcome,) = outcomes_of(executor, task)
    assert outcome.run.state.status is Status.TERMINATED


def test_killing_waits_for_no_grace(world: World) -> None:
    began = time.monotonic()
    with world.executor(graces=Graces(interrupt_s=60, terminate_s=60)) as executor:

        def stop(_: bytes) -> None:
            executor.stop()
            threading.Timer(0.2, executor.kill).start()

        world.reporter.on_output = stop
        (outcome,) = outcomes_of(executor, world.shell(STUBBORN))
    assert outcome.run.state.status is Status.TERMINATED
    assert time.monotonic() - began < 10


def test_one_that_somebody_asked_to_stop_is_terminated_and_not_tried_again(world: World) -> None:
    asked = world.shell("echo ready; sleep 60", retries=3)
    other = world.shell("echo fine")

    def ask(data: bytes) -> None:
        if data == b"ready\n":
            world.store.ask_to_stop(asked.run.id)

    world.reporter.on_output = ask
    first, second = world.ends(asked, other, graces=QUICK)
    assert first.state.status is Status.TERMINATED
    assert first.state.reason == "stopped by `runner runs stop`"
    assert first.state.attempts == ()
    assert second.state.status is Status.COMPLETED


def test_stopping_works_from_a_signal_handler(world: World) -> None:
    with world.executor(graces=QUICK) as executor:
        before = signal.signal(signal.SIGUSR1, lambda *_: executor.stop())
        world.reporter.on_output = lambda data: os.kill(os.getpid(), signal.SIGUSR1)
        (outcome,) = outcomes_of(executor, world.shell("echo ready; sleep 60"))
        signal.signal(signal.SIGUSR1, before)
    assert outcome.run.state.status is Status.TERMINATED


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_functions_are_interrupted(world: World, n_jobs: int) -> None:
    world.write(
        "lib.py",
        """
        import time
        def f(mark):
            open(mark, "w").close()
            time.sleep(60)
        """,
    )
    marks = [world.project / f"mark{n}" for n in range(n_jobs)]
    tasks = [world.function("lib.f", mark=str(mark)) for mark in marks]
    more = world.function("lib.f", mark=str(world.project / "more"))
    with world.executor(n_jobs=n_jobs, graces=QUICK) as executor:
        stopper = threading.Thread(target=stop_after, args=(marks, executor))
        stopper.start()
        outcomes = outcomes_of(executor, *tasks, more)
        stopper.join()
    assert {outcome.run.state.status for outcome in outcomes} == {Status.TERMINATED}
    assert len(outcomes) == n_jobs
    assert "KeyboardInterrupt" in world.log(outcomes[0].run)
    assert world.store.read(more.run.id).state.status is Status.PENDING


def stop_after(marks: list[Path], executor: object) -> None:
    """Stop an executor when files are there."""
    while not all(mark.exists() for mark in marks):
        time.sleep(0.02)
    executor.stop()  # type: ignore[attr-defined]


def test_after_a_stop_nothing_more_is_started_from_an_endless_source(world: World) -> None:
    with world.executor(n_jobs=2, graces=QUICK) as executor:
        source = Made(lambda _: world.shell("sleep 0.05"))
        source.on_end = lambda: executor.stop() if len(source.outcomes) == 4 else None
        executor.run(source)
    statuses = [outcome.run.state.status for outcome in source.outcomes]
    assert statuses[:4] == [Status.COMPLETED] * 4
    assert len(statuses) <= 5


def test_what_is_stopped_before_it_runs_runs_nothing(world: World) -> None:
    with world.executor() as executor:
        executor.stop()
        assert outcomes_of(executor, world.shell("echo never")) == []


# Retries


def flaky(world: World, fails: int, **more: object) -> Run:
    """A run that fails so many times before it succeeds."""
    script = f"echo x >> n; test $(wc -l < n) -gt {fails} || {{ echo try $(wc -l < n); exit 5; }}"
    return world.end(world.shell(script, **more))


def test_a_failed_trial_is_tried_again_and_each_attempt_is_kept(world: World) -> None:
    run = flaky(world, 2, retries=3)
    assert (run.state.status, run.state.exit_status) == (Status.COMPLETED, 0)
    attempts = run.state.attempts
    assert [(a.exit_status, a.reason, a.log) for a in attempts] == [
        (5, "exit status 5", "0001.log"),
        (5, "exit status 5", "0002.log"),
    ]
    times = [run.state.started, *(t for a in attempts for t in (a.started, a.stopped))]
    assert times[0] == times[1]
    assert times[1:] == sorted(t for t in times[1:] if t is not None)
    logs = world.folder(run) / ".runner" / "logs"
    assert [(logs / a.log).read_text() for a in attempts] == ["try 1\n", "try 2\n"]


def test_a_trial_that_fails_every_time_ends_as_its_last_attempt(world: World) -> None:
    run = flaky(world, 9, retries=2)
    assert (run.state.status, run.state.exit_status) == (Status.ERROR, 5)
    assert len(run.state.attempts) == 2
    assert world.log(run) == "try 3\n"


def test_a_timeout_holds_for_each_attempt(world: World) -> None:
    run = world.end(world.shell("sleep 60", timeout_s=0.2, retries=1), graces=QUICK)
    assert [a.reason for a in run.state.attempts] == ["timeout after 0.2 s"]
    assert run.state.exit_status == 124


def test_what_is_stopped_is_not_tried_again(world: World) -> None:
    with world.executor(graces=QUICK) as executor:
        world.reporter.on_output = lambda data: executor.stop()
        (outcome,) = outcomes_of(executor, world.shell("echo ready; sleep 60", retries=5))
    assert outcome.run.state.attempts == ()
    assert outcome.run.state.status is Status.TERMINATED


def test_a_restart_moves_the_last_log_aside_and_keeps_the_folders_files(world: World) -> None:
    task = world.shell("echo $(ls); touch checkpoint")
    first = world.end(task)
    assert world.log(first) == "\n"
    object.__setattr__(task, "run", first)
    second = world.end(task)
    assert world.log(second) == "checkpoint\n"
    assert (world.folder(second) / ".runner" / "logs" / "0001.log").read_text() == "\n"
    assert second.state.initialized == first.state.initialized
