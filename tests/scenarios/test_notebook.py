"""`from hydra_sweep_runner import Store`: contract section 9."""

from __future__ import annotations

import doctest
import importlib
import os
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hydra_sweep_runner import Store, notebook
from hydra_sweep_runner.errors import Mistake, UnknownRun
from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project

FILES = {
    "conf/config.yaml": "operation: {script: train.py}\nlr: 0.1\n",
    "train.py": """
        lr = 0.1
        print(f"step=0 loss={0.5 * lr / 0.1}")
        print(f"step=1 loss={0.25 * lr / 0.1}")
        """,
    "conf/other.yaml": "operation: {function: lib.make}\nx: 1\n",
    "lib.py": "def make(x):\n    return {1, x}\n",
}


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    project = make_project(FILES)
    project.run("-m", "--config-name", "other", "x=1,2", "+tags=[t]")
    project.run("-m", "lr=0.2,0.1,2")
    return project


@pytest.fixture
def store(project: Project) -> Store:
    return Store(project.store)


def test_the_examples_in_its_docstrings_are_true(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    failed, tried = doctest.testmod(notebook)
    assert tried > 5 and failed == 0


def test_the_store_is_that_which_the_command_finds(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("RUNNER_STORE", raising=False)
    monkeypatch.chdir(project.folder)
    assert Store().path == project.store and len(Store().runs()) == 7
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUNNER_STORE", str(project.store))
    assert Store().path == project.store
    with pytest.raises(Mistake, match="no store"):
        Store(tmp_path / "nothing")


def test_runs_are_an_immutable_sequence(store: Store) -> None:
    runs = store.runs(kind="trial")
    assert len(runs) == 5 and runs[0].id == next(iter(runs)).id and len(runs[1:3]) == 2
    with pytest.raises(TypeError):
        runs[0] = runs[1]  # type: ignore[index]
    with pytest.raises(TypeError):
        runs[0].flags["lr"] = 3  # type: ignore[index]
    with pytest.raises(AttributeError):
        runs[0].id = "x"  # type: ignore[misc]
    assert repr(runs).startswith("5 runs\n<Run ") and "train.py completed (lr=2)" in repr(runs)


def test_filters_are_those_of_the_command(store: Store) -> None:
    assert [run.flags["lr"] for run in store.runs("lr < 1")] == [0.1, 0.2]
    assert len(store.runs(status=["completed"], kind="batch")) == 2
    assert len(store.runs(operation="lib.make", tag="t", since="1h")) == 3
    assert len(store.runs(batch=store.runs(kind="batch")[0].id[:8])) == 3
    with pytest.raises(Mistake, match="does not parse"):
        store.runs("lr <")
    with pytest.raises(Mistake, match="give one of"):
        store.runs(status="done")


def test_a_run_says_what_is_known_of_it(store: Store, project: Project) -> None:
    run = store.run(store.runs("lr == 2")[0].id[:10])
    (listed,) = [each for each in project.runs() if each["id"] == run.id]
    assert (run.operation, run.kind, run.status, run.exit_status) == (
        "train.py",
        "trial",
        "completed",
        0,
    )
    assert run.duration is not None and run.duration > 0 and run.reason is None
    assert (
        run.started is not None
        and run.started.isoformat(timespec="microseconds") == listed["started"]
    )
    assert run.generated_by == run.batches[0] == store.runs(kind="batch")[0].id
    assert run.id in store.run(run.batches[0]).trials
    assert run.dir == project.store / run.id and run.path("x/y.pt") == run.dir / "x" / "y.pt"
    assert run.log() == "step=0 loss=10.0\nstep=1 loss=5.0\n"
    assert run.series("loss") == [(0, 10.0), (1, 5.0)] and run.scalars["loss"].min == 5
    assert run.result() is None and run.inputs == {} and run.step is None
    for name in ("../x", "/etc/passwd", "a/../../x"):
        with pytest.raises(Mistake, match="not in the folder"):
            run.path(name)
    with pytest.raises(Mistake, match="has no scalar acc; there are: loss"):
        run.series("acc")
    with pytest.raises(UnknownRun):
        store.run("0000")


def test_a_result_is_unpickled_where_it_is_asked_for_only(store: Store) -> None:
    assert [run.result() for run in store.runs("x == 2", kind="trial")] == [{1, 2}]


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.path,)


def test_nothing_else_unpickles(project: Project, tmp_path: Path) -> None:
    shutil.copytree(project.store, tmp_path / "copy", symlinks=True)
    trap = tmp_path / "sprung"
    for kept in (tmp_path / "copy").glob("*/.runner/result.joblib"):
        kept.write_bytes(pickle.dumps(Trap(str(trap))))
    runs = Store(tmp_path / "copy").runs("x == 2", kind="trial")
    told = [
        (name, value() if callable(value) else value)
        for name in dir(runs[0])
        if not name.startswith("_") and name not in ("path", "series", "result")
        for value in [getattr(runs[0], name)]
    ]
    assert len(told) > 20 and repr(runs[0]) and runs[0].path("x") and not trap.exists()
    assert "unpickles" in (notebook.Run.result.__doc__ or "")
    runs[0].result()
    assert trap.exists()


def test_the_best_has_the_least_or_the_greatest_last_value(store: Store) -> None:
    runs = store.runs(kind="trial")
    assert runs.best("loss").flags["lr"] == 0.1
    assert runs.best("-loss").flags["lr"] == 2
    with pytest.raises(Mistake, match="has a scalar acc; there are: loss"):
        runs.best("acc")


def test_the_best_is_a_completed_run(make_project: MakeProject) -> None:
    script = "x = 1\nprint(f'loss={x}', flush=True)\nraise SystemExit(x == 1)\n"
    project = make_project(
        {"conf/config.yaml": "operation: {script: main.py}\nx: 1\n", "main.py": script}
    )
    project.run("-m", "x=1,2,3", status=1)
    runs = Store(project.store).runs(kind="trial")
    assert runs.best("loss").flags["x"] == 2
    with pytest.raises(Mistake, match="none of the 0 completed runs has a scalar loss"):
        Store(project.store).runs(status="error").best("loss")


def test_a_data_frame_has_a_row_a_run(store: Store) -> None:
    pandas = pytest.importorskip("pandas")
    frame = store.runs(kind="trial").to_pandas()
    assert len(frame) == 5
    assert list(frame.columns[-3:]) == ["lr", "x", "loss"]
    assert frame["loss"].min() == 0.25 and str(frame["started"].dtype).startswith("datetime64")
    assert pandas.isna(frame["loss"].iloc[-1])
    polars = pytest.importorskip("polars")
    assert store.runs(kind="trial").to_polars()["loss"].min() == 0.25
    assert polars.DataFrame is type(store.runs().to_polars())


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_without_its_library_it_says_what_to_install(
    store: Store, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    make: Callable[[], object] = getattr(store.runs(), f"to_{library}")
    with pytest.raises(ImportError, match=f"pip install {library}"):
        make()


def test_reading_changes_nothing(store: Store, project: Project) -> None:
    before = project.tree()
    runs = store.runs()
    [(run.log(), run.result()) for run in runs if run.kind == "trial"]
    assert project.tree() == before
    assert importlib.import_module("hydra_sweep_runner").Store is Store
