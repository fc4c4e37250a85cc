"""Many trials at once: in order, each output in one block, as few processes as jobs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hydra_sweep_runner.errors import StoreFailed
from hydra_sweep_runner.execute.local import executor
from hydra_sweep_runner.execute.source import NO_MORE
from hydra_sweep_runner.model import Result, Status
from hydra_sweep_runner.store.runs import RunStore
from tests.execute.world import Made, World, outcomes_of


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


@pytest.mark.parametrize("command", ["echo $RUNNER_RUN_ID", "echo $RUNNER_RUN_ID; exit 3"])
def test_a_block_is_shown_when_the_end_is_on_the_disk(world: World, command: str) -> None:
    def note(output: bytes) -> None:
        run = RunStore.open(world.store.root, create=False).read(output.decode().strip())
        shown[run.id] = run.state.status

    world.reporter.on_block = note
    shown: dict[str, Status] = {}
    runs = world.ends(*(world.shell(command) for _ in range(6)), n_jobs=2)
    assert shown == {run.id: run.state.status for run in runs}


def test_a_block_is_shown_before_the_source_learns_that_the_end_is_recorded(world: World) -> None:
    source = Made(lambda number: world.shell("echo a") if number < 6 else NO_MORE)
    source.on_recorded = lambda: printed.append(len(world.reporter.blocks))
    printed: list[int] = []
    with world.executor(n_jobs=2) as executor:
        executor.run(source)
    assert printed == [1, 2, 3, 4, 5, 6]


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
        outcomes_of(executor, *tasks)


def test_a_folder_that_is_gone_is_the_stores_failure(world: World) -> None:
    task = world.shell("true")
    world.store.delete([task.run.id])
    with world.executor() as executor, pytest.raises(StoreFailed):
        outcomes_of(executor, task)


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
