"""Many trials at once: in order, each output in one block, as few processes as jobs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hydra_sweep_runner.errors import Mistake, StoreFailed
from hydra_sweep_runner.execute.local import executor
from hydra_sweep_runner.execute.local.executor import resolve_n_jobs
from hydra_sweep_runner.execute.task import Task
from hydra_sweep_runner.model import Result, Status
from hydra_sweep_runner.operation.call import ScriptCall
from tests.execute.world import World
from tests.scenarios.project import wait_until


@pytest.mark.parametrize(
    ("value", "expected"), [(None, 4), (1, 1), (9, 9), (-1, 4), (-2, 3), (-4, 1), (-50, 1)]
)
def test_jobs_are_counted_as_in_joblib(
    monkeypatch: pytest.MonkeyPatch, value: int | None, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 5}, raising=False)
    assert resolve_n_jobs(value) == expected


def test_no_jobs_at_all_is_a_mistake() -> None:
    with pytest.raises(Mistake, match=r"hydra\.launcher\.n_jobs=0: give how many"):
        resolve_n_jobs(0)


@pytest.mark.parametrize("n_jobs", [1, 2, 4])
def test_trials_of_all_kinds_run_and_start_in_order(world: World, n_jobs: int) -> None:
    world.write("lib.py", "def f(x): return x\n")
    script = world.script("x = 0\nprint(x)", x=1)
    tasks = [script, world.shell("echo 2"), world.function("lib.f", x=3)] + [
        world.function("lib.f", x=n) for n in range(4, 24)
    ]
    runs = world.ends(*tasks, n_jobs=n_jobs)
    assert {run.state.status for run in runs} == {Status.COMPLETED}
    assert [run.result for run in runs[2:]] == [Result(value=n) for n in range(3, 24)]
    started = [run.state.started for run in runs if run.state.started is not None]
    assert started == sorted(started)
    assert len(started) == len(runs)


def test_with_several_jobs_each_trials_output_is_one_block(world: World) -> None:
    script = "for i in 1 2 3; do echo $0 out $i; sleep 0.05; echo $0 err $i >&2; sleep 0.05; done"
    tasks = [world.command("sh", "-c", script, name) for name in "abc"]
    world.execute(*tasks, n_jobs=3)
    assert world.reporter.pieces == []
    for block in world.reporter.blocks:
        (name,) = {data.split()[0].decode() for _, data in block}
        lines = [f"{name} {kind} {i}\n".encode() for i in (1, 2, 3) for kind in ("out", "err")]
        streams = ["stdout", "stderr"] * 3
        assert block == list(zip(streams, lines, strict=True))
    assert len(world.reporter.blocks) == 3


def test_a_block_is_printed_before_its_outcome_is_given(world: World) -> None:
    with world.executor(n_jobs=2) as executor:
        for count, _ in enumerate(executor.run(world.shell("echo a") for _ in range(6)), 1):
            assert len(world.reporter.blocks) >= count


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_tasks_are_taken_when_they_can_start(world: World, n_jobs: int) -> None:
    taken, ended = 0, 0

    def tasks() -> Iterator[Task]:
        nonlocal taken
        for _ in range(8):
            at_work = taken - len([mark for mark in made if mark.exists()])
            assert at_work < n_jobs
            taken += 1
            made.append(world.project / f"ended-{taken}")
            yield world.shell(f"sleep 0.02; touch {made[-1]}")

    made: list[Path] = []
    with world.executor(n_jobs=n_jobs) as executor:
        for _ in executor.run(tasks()):
            ended += 1
    assert (taken, ended) == (8, 8)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_failure_is_heard_of_before_another_task_is_taken(world: World, n_jobs: int) -> None:
    mark, heard = world.project / "mark", False

    def tasks() -> Iterator[Task]:
        yield world.shell("exit 3")
        if n_jobs == 2:
            yield world.shell(f"until test -e {mark}; do sleep 0.01; done", timeout_s=30)
        assert heard
        mark.touch()

    with world.executor(n_jobs=n_jobs) as executor:
        for _ in executor.run(tasks()):
            time.sleep(0.2)
            heard = True
    assert mark.exists()


def test_there_is_no_barrier(world: World) -> None:
    mark = world.project / "mark"
    slow = world.shell(f"until test -e {mark}; do sleep 0.01; done", timeout_s=30)
    quick = [world.shell("true") for _ in range(9)] + [world.shell(f"touch {mark}")]
    outcomes = world.execute(slow, *quick, n_jobs=2)
    assert {outcome.run.state.status for outcome in outcomes} == {Status.COMPLETED}
    assert slow.run.id in [outcome.run.id for outcome in outcomes[-2:]]


def test_functions_share_as_few_processes_as_there_are_jobs(world: World) -> None:
    world.write(
        "lib.py", "import os, time\ndef f(x):\n    time.sleep(0.01)\n    return os.getpid()"
    )
    runs = world.ends(*(world.function("lib.f", x=n) for n in range(12)), n_jobs=2)
    assert len({run.result.value for run in runs if run.result}) == 2


def test_a_workers_death_costs_no_other_trial(world: World) -> None:
    world.write(
        "lib.py", "import os, time\ndef f(x):\n    time.sleep(0.02)\n    x or os._exit(9)\n"
    )
    tasks = [world.function("lib.f", x=n % 3) for n in range(12)]
    runs = world.ends(*tasks, n_jobs=3)
    statuses = [run.state.exit_status for run in runs]
    assert statuses == [9, 0, 0] * 4


def test_what_the_source_of_tasks_raises_comes_out_after_the_rest_was_stopped(
    world: World,
) -> None:
    class Trouble(Exception):
        pass

    slow = world.shell("sleep 60")

    def tasks() -> Iterator[Task]:
        yield slow
        raise Trouble

    with world.executor(n_jobs=2) as executor, pytest.raises(Trouble):
        list(executor.run(tasks()))
    assert world.store.read(slow.run.id).state.status is Status.TERMINATED


class Ahead:
    """Tasks of which the next one can be made ready; `before` is called then."""

    def __init__(self, tasks: list[Task], before: Callable[[], None] = lambda: None) -> None:
        self.tasks = tasks
        self.before = before

    def __iter__(self) -> Iterator[Task]:
        return self

    def __next__(self) -> Task:
        if not self.tasks:
            raise StopIteration
        return self.tasks.pop(0)

    def make_ready(self) -> Task | None:
        self.before()
        return self.tasks[0] if self.tasks else None


def test_so_does_what_it_raises_when_the_next_task_is_made_ready(world: World) -> None:
    def fail() -> None:
        wait_until(mark.exists)
        raise StoreFailed("no space")

    mark, heard = world.project / "mark", world.project / "heard"
    slow = world.shell(f"trap 'touch {heard}; exit' INT; touch {mark}; sleep 60 & wait")
    with world.executor() as executor, pytest.raises(StoreFailed, match="no space"):
        list(executor.run(Ahead([slow], fail)))
    assert heard.exists()  # it was interrupted, and not killed
    assert world.store.read(slow.run.id).state.status is Status.TERMINATED


def test_what_is_prepared_for_a_waiting_script_is_there_before_it_starts(world: World) -> None:
    script = world.script("x = 0; print(x)", x=7)
    first = world.shell(wait_for(config_of(world, script)), timeout_s=30)
    with world.executor() as executor:
        ends = [outcome.run for outcome in executor.run(Ahead([first, script]))]
    assert [run.state.status for run in ends] == [Status.COMPLETED] * 2
    assert world.log(ends[1]) == "7\n"


def test_a_script_that_is_edited_while_it_waits_runs_as_it_is_when_it_starts(
    world: World,
) -> None:
    script = world.script("x = 0; print('before', x)", x=7)
    assert isinstance(script.call, ScriptCall)
    edit = f"echo 'x = 0; print(\"after\", x)' > {script.call.path}"
    first = world.shell(f"{wait_for(config_of(world, script))}; sleep 0.1; {edit}", timeout_s=30)
    with world.executor() as executor:
        ends = [outcome.run for outcome in executor.run(Ahead([first, script]))]
    assert world.log(ends[1]) == "after 7\n"


def test_nothing_is_prepared_for_what_has_been_started_before(world: World) -> None:
    script = world.script("x = 0; print(x)", x=7)
    again = replace(script, run=world.end(script))
    config_of(world, script).write_text("as it was")
    with world.executor() as executor:
        outcomes = executor.run(Ahead([world.shell("sleep 0.3; exit 3"), again]))
        next(iter(outcomes))
        found = config_of(world, script).read_text()
        outcomes.close()  # type: ignore[attr-defined]
    assert found == "as it was"


def config_of(world: World, task: Task) -> Path:
    """The copy of a task's configuration."""
    return world.folder(task.run) / ".hydra" / "config.yaml"


def wait_for(path: Path) -> str:
    """A line of a shell's that waits for a file."""
    return f"until test -e {path}; do sleep 0.01; done"


def test_whoever_takes_no_more_outcomes_stops_what_is_at_work(world: World) -> None:
    slow = world.shell("sleep 60")
    with world.executor(n_jobs=2) as executor:
        outcomes = executor.run(iter([world.shell("true"), slow, world.shell("sleep 60")]))
        next(iter(outcomes))
        outcomes.close()  # type: ignore[attr-defined]
    assert world.store.read(slow.run.id).state.status is Status.TERMINATED


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_store_that_fails_ends_the_execution(
    world: World, monkeypatch: pytest.MonkeyPatch, n_jobs: int
) -> None:
    tasks = [world.shell("true"), world.shell("true")]
    write = world.store.write

    def fail(run: object, *, durable: bool = True) -> None:
        if durable:
            raise StoreFailed("no space")
        write(run, durable=False)  # type: ignore[arg-type]

    monkeypatch.setattr(world.store, "write", fail)
    with world.executor(n_jobs=n_jobs) as executor, pytest.raises(StoreFailed):
        list(executor.run(iter(tasks)))


def test_a_folder_that_is_gone_is_the_stores_failure(world: World) -> None:
    task = world.shell("true")
    world.store.delete([task.run.id])
    with world.executor() as executor, pytest.raises(StoreFailed):
        list(executor.run(iter([task])))


def test_a_run_that_was_completed_is_durably_begun_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = world.shell("true")
    completed = world.end(task)
    written: list[tuple[Status, bool]] = []
    write = world.store.write

    def note(run: object, *, durable: bool = True) -> None:
        written.append((run.state.status, durable))  # type: ignore[attr-defined]
        write(run, durable=durable)  # type: ignore[arg-type]

    monkeypatch.setattr(world.store, "write", note)
    world.execute(replace(task, run=completed))
    world.execute(world.shell("true"))
    assert written == [
        (Status.RUNNING, True),
        (Status.COMPLETED, True),
        (Status.RUNNING, False),
        (Status.COMPLETED, True),
    ]


def test_no_process_is_left_after_the_executor(world: World) -> None:
    world.write("lib.py", "import os\ndef f(): return [os.getpid(), os.getppid()]\n")
    run = world.end(world.function("lib.f"))
    assert run.result is not None
    assert not any(Path(f"/proc/{pid}").exists() for pid in run.result.value)


def test_one_job_needs_no_joblib(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "joblib", None)
    assert world.end(world.shell("true")).state.status is Status.COMPLETED
    assert "joblib" not in vars(executor)
