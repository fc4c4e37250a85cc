"""joblib's own backends, by the same switch, and mistakes with it."""

from __future__ import annotations

import itertools
import signal

import psutil
import pytest

from hydra_sweep_runner.execute.cluster.calls import CallQueue, OneByOne
from tests.cluster.dask import end_of
from tests.cluster.test_dask import starts
from tests.hydra.program import Program
from tests.scenarios.project import wait_until

LONG = pytest.mark.long


@pytest.mark.parametrize(
    "backend",
    [
        "threading",
        *(pytest.param(name, marks=LONG) for name in ("sequential", "loky", "multiprocessing")),
    ],
)
def test_trials_of_every_kind_run_on_a_backend_of_joblibs_own(
    project: Program, backend: str
) -> None:
    words = (f"hydra.launcher.backend={backend}", "hydra.launcher.n_jobs=2")
    sweep = ("operation=script,function,command", "then=exit 0,exit 3")
    result = project.run("-m", *words, *sweep, status=1)
    assert [trial["exit_status"] for trial in project.trials()] == [0, 3] * 3
    assert result.lines == ["at work on 0"] * 6
    assert len(starts(project)) == 6


@pytest.mark.parametrize(
    "backend",
    ["threading", pytest.param("sequential", marks=LONG), pytest.param("loky", marks=LONG)],
)
def test_an_interrupt_from_the_terminal_stops_the_trials_of_a_backend(
    project: Program, backend: str
) -> None:
    words = (f"hydra.launcher.backend={backend}", "hydra.launcher.n_jobs=2")
    with project.at_work("-m", *words, "x=1,2,3,4", "wait=true") as process:
        at_once = 1 if backend == "sequential" else 2
        wait_until(lambda: len(starts(project)) == at_once)
        # As a terminal does: everybody in the process group gets it.
        for member in (process.pid, *(each.pid for each in _group(process.pid))):
            psutil.Process(member).send_signal(signal.SIGINT)
        status, printed = end_of(process)
    assert status == 130, printed
    found = sorted(project.statuses("x").values())
    assert found == ["pending"] * (4 - at_once) + ["terminated"] * at_once
    assert not any(psutil.pid_exists(int(pid)) for _, pid, _ in starts(project))


def _group(pid: int) -> list[psutil.Process]:
    import os

    children = psutil.Process(pid).children(recursive=True)
    return [child for child in children if os.getpgid(child.pid) == pid]


@pytest.mark.long
def test_a_worker_of_loky_that_dies_ends_the_batch_which_goes_on_later(project: Program) -> None:
    words = ("hydra.launcher.backend=loky", "hydra.launcher.n_jobs=2")
    result = project.run("-m", *words, "then=kill 1,exit 0", status=1)
    assert "the workers are lost: TerminatedWorkerError" in result.err
    assert "running" not in project.statuses("then").values()
    batch = project.newest("batch")["id"]
    project.run(f"+restart={batch}", "+needed=true", "then=exit 0,exit 0", status=0)
    assert project.trials()[-1]["status"] == "completed"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("hydra.launcher.backend=nope",),
            "hydra.launcher.backend=nope: no such joblib backend; there are dask, loky, "
            "multiprocessing, sequential, threading",
        ),
        (
            ("hydra.launcher.backend=dask",),
            "hydra.launcher.backend=dask needs hydra.launcher.address: the scheduler's, such as "
            "tcp://host:8786, or the path of its scheduler file",
        ),
        (
            ("hydra.launcher.backend=dask", "hydra.launcher.address=gone.json"),
            "hydra.launcher.address=gone.json: there is no such scheduler file",
        ),
        (
            ("hydra.launcher.backend=loky", "hydra.launcher.address=tcp://127.0.0.1:8786"),
            "hydra.launcher.address=tcp://127.0.0.1:8786 is for hydra.launcher.backend=dask; "
            "loky takes none",
        ),
        (
            ("hydra.launcher.address=tcp://127.0.0.1:8786",),
            "hydra.launcher.address=tcp://127.0.0.1:8786 needs hydra.launcher.backend=dask",
        ),
        (
            ("hydra.launcher.backend=threading", "hydra.launcher.n_jobs=0"),
            "hydra.launcher.n_jobs=0: give how many trials run at once, or -1 for as many as "
            "there are processors",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line_and_nothing_is_created(
    project: Program, words: tuple[str, ...], line: str
) -> None:
    before = project.tree()
    assert project.run("-m", *words, "x=1,2", status=2).said == [f"runner: {line}"]
    assert project.tree() == before


@pytest.mark.long
def test_a_scheduler_that_does_not_answer_is_a_mistake(project: Program) -> None:
    words = ("hydra.launcher.backend=dask", "hydra.launcher.address=tcp://127.0.0.1:1")
    (line,) = project.run("-m", *words, "x=1,2", status=2).said
    assert line.startswith("runner: hydra.launcher.address=tcp://127.0.0.1:1: no Dask scheduler")
    assert not project.store.exists()


def test_joblib_takes_no_more_calls_than_there_is_room_for() -> None:
    queue = CallQueue(iter(range(7)), lambda number: number, lambda: False, set(), lambda: None)  # type: ignore[arg-type]
    calls = OneByOne(queue, at_once=3)
    assert list(itertools.islice(calls, 3)) == [0, 1, 2]
    assert [list(itertools.islice(calls, 3)) for _ in range(5)] == [[3], [4], [5], [6], []]
    assert queue.is_empty


def test_a_failure_that_nobody_has_heard_of_holds_the_tasks_back() -> None:
    unheard = {"a run"}
    queue = CallQueue(iter([1]), lambda number: number, lambda: False, unheard, lambda: None)  # type: ignore[arg-type]
    nothing, arguments, _ = queue.take()
    assert (nothing(), arguments) == (None, ())
    unheard.clear()
    assert queue.take() == 1
