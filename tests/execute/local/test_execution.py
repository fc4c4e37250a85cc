"""What an executor on this machine promises to the source of its tasks."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from hydra_sweep_runner.errors import StoreFailed
from hydra_sweep_runner.execute.source import NO_MORE, WAIT, Deadlock, Next
from hydra_sweep_runner.execute.task import Outcome
from hydra_sweep_runner.model import Result, Status
from tests.execute.world import Made, World
from tests.scenarios.project import wait_until


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_a_source_is_called_by_one_thread_and_told_of_each_end_once(
    world: World, n_jobs: int
) -> None:
    ends = ["true", "exit 3", "true", "kill -9 $$", "true", "true"]
    source = Made(lambda number: world.shell(ends[number]) if number < 6 else NO_MORE)
    with world.executor(n_jobs=n_jobs) as executor:
        executor.run(source)
    assert source.threads == {threading.get_ident()}
    for number in range(6):
        assert [what for what, which in source.told if which == number] == [
            "asked",
            "ended",
            "recorded",
        ]


@pytest.mark.parametrize("end", ["true", "exit 3"])
def test_with_one_job_a_source_is_told_of_a_trial_before_it_is_asked_for_the_next(
    world: World, end: str
) -> None:
    source = Made(lambda number: world.shell(end) if number < 3 else NO_MORE)
    with world.executor(n_jobs=1) as executor:
        executor.run(source)
    asked = [told for told in source.told if told[0] != "recorded"]
    assert asked == [(what, number) for number in range(3) for what in ("asked", "ended")]


def test_with_one_job_a_trial_can_depend_on_the_result_of_the_one_before(world: World) -> None:
    world.write("lib.py", "def double(x): return 2 * x\n")

    def propose(number: int) -> Next:
        x = 1 if number == 0 else result_of(source.outcomes[-1])
        return world.function("lib.double", x=x) if number < 4 else NO_MORE

    source = Made(propose)
    with world.executor(n_jobs=1) as executor:
        executor.run(source)
    assert [result_of(outcome) for outcome in source.outcomes] == [2, 4, 8, 16]


def result_of(outcome: Outcome) -> object:
    """What a function returned."""
    assert outcome.run.result is not None
    return outcome.run.result.value


@pytest.mark.parametrize("n_jobs", [1, 2, 4])
def test_a_source_that_waits_is_asked_again_when_a_trial_has_ended(
    world: World, n_jobs: int
) -> None:
    """Each trial may start when the one before it is on the disk."""

    def next_of(number: int) -> Next:
        if source.told.count(("recorded", number - 1)) < min(number, 1):
            return WAIT
        return world.shell("true") if number < 5 else NO_MORE

    source = Made(next_of)
    with world.executor(n_jobs=n_jobs) as executor:
        executor.run(source)
    assert source.told == [
        (what, number) for number in range(5) for what in ("asked", "ended", "recorded")
    ]


def test_a_source_may_grow_after_it_has_waited(world: World) -> None:
    def next_of(number: int) -> Next:
        wanted = 1 if not source.outcomes else 3 if len(source.outcomes) < 3 else 6
        if number < wanted:
            return world.shell("true")
        return WAIT if len(source.outcomes) < 6 else NO_MORE

    source = Made(next_of)
    with world.executor(n_jobs=4) as executor:
        executor.run(source)
    assert len(source.outcomes) == 6


@pytest.mark.parametrize("first", [0, 2])
def test_a_source_that_waits_for_nothing_is_in_a_deadlock(world: World, first: int) -> None:
    source = Made(lambda number: world.shell("true") if number < first else WAIT)
    with world.executor(n_jobs=2) as executor, pytest.raises(Deadlock, match="says WAIT, and no"):
        executor.run(source)
    assert len([told for told in source.told if told[0] == "recorded"]) == first


def test_when_a_source_hears_that_a_record_is_on_the_disk_it_is(world: World) -> None:
    class Looking(Made):
        def recorded(self, outcome: Outcome) -> None:
            super().recorded(outcome)
            assert world.store.read(outcome.run.id) == outcome.run

    world.write("lib.py", "def f(x): return x\n")
    source = Looking(lambda n: world.function("lib.f", x=n) if n < 20 else NO_MORE)
    with world.executor(n_jobs=2) as executor:
        executor.run(source)
    assert [outcome.run.result for outcome in source.outcomes].count(Result(value=7)) == 1


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_tasks_are_taken_when_they_can_start(world: World, n_jobs: int) -> None:
    made: list[Path] = []

    def next_of(number: int) -> Next:
        at_work = number - len([mark for mark in made if mark.exists()])
        assert at_work < n_jobs
        if number == 8:
            return NO_MORE
        made.append(world.project / f"ended-{number}")
        return world.shell(f"sleep 0.02; touch {made[-1]}")

    source = Made(next_of)
    with world.executor(n_jobs=n_jobs) as executor:
        executor.run(source)
    assert len(source.outcomes) == 8


class Trouble(Exception):
    """What a source raises here."""


def test_what_a_source_raises_comes_out_after_the_rest_was_stopped(world: World) -> None:
    slow = world.shell("sleep 60")

    def next_of(number: int) -> Next:
        if number == 1:
            raise Trouble
        return slow

    source = Made(next_of)
    with world.executor(n_jobs=2) as executor, pytest.raises(Trouble):
        executor.run(source)
    assert world.store.read(slow.run.id).state.status is Status.TERMINATED
    assert [what for what, _ in source.told] == ["asked", "ended", "recorded"]


def test_so_does_what_it_raises_when_it_is_told_of_an_end(world: World) -> None:
    def fail() -> None:
        if len(source.outcomes) == 1:
            raise Trouble

    source = Made(lambda number: world.shell("sleep 60" if number else "true"))
    source.on_end = fail
    with world.executor(n_jobs=2) as executor, pytest.raises(Trouble):
        executor.run(source)
    statuses = [outcome.run.state.status for outcome in source.outcomes]
    assert statuses == [Status.COMPLETED, Status.TERMINATED]


def test_so_does_what_it_raises_when_the_next_task_is_made_ready(world: World) -> None:
    def fail() -> None:
        wait_until(mark.exists)
        raise StoreFailed("no space")

    mark, heard = world.project / "mark", world.project / "heard"
    slow = world.shell(f"trap 'touch {heard}; exit' INT; touch {mark}; sleep 60 & wait")
    source = Made(lambda number: NO_MORE if number else slow)
    source.on_ready = fail
    with world.executor() as executor, pytest.raises(StoreFailed, match="no space"):
        executor.run(source)
    assert heard.exists()  # it was interrupted, and not killed
    assert world.store.read(slow.run.id).state.status is Status.TERMINATED


def test_a_record_that_cannot_be_written_ends_the_execution(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = world.store.write

    def fail(run: object, *, durable: bool = True) -> None:
        if durable:
            raise StoreFailed("no space")
        write(run, durable=False)  # type: ignore[arg-type]

    monkeypatch.setattr(world.store, "write", fail)
    source = Made(lambda _: world.shell("true"))
    with world.executor() as executor, pytest.raises(StoreFailed, match="no space"):
        executor.run(source)
    assert not [told for told in source.told if told[0] == "recorded"]


def test_an_interrupt_that_nobody_handles_kills_what_is_at_work(world: World) -> None:
    slow = world.shell("sleep 60")

    def next_of(number: int) -> Next:
        if number == 1:
            raise KeyboardInterrupt
        return replace(slow)

    with world.executor(n_jobs=2) as executor, pytest.raises(KeyboardInterrupt):
        executor.run(Made(next_of))
    assert world.store.read(slow.run.id).state.status is Status.TERMINATED
