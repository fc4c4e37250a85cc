"""Where the store is: the command line, the environment, the YAML, the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    """A project whose YAML names a store."""
    return make_project(
        {
            "conf/config.yaml": """
                operation: {command: ["true"]}
                hydra: {sweeper: {store: by_yaml}, launcher: {n_jobs: 1}}
            """
        }
    )


def stores(project: Project) -> set[str]:
    """The folders of the project that hold runs."""
    return {
        path.name
        for path in project.folder.iterdir()
        if path.name != "conf" and any(path.iterdir())
    }


def test_the_yaml_names_the_store(project: Project) -> None:
    project.run("-m")
    assert stores(project) == {"by_yaml"}
    assert len(project.runs("--store", "by_yaml")) == 2


def test_the_environment_is_stronger_than_the_yaml(project: Project) -> None:
    project.run(RUNNER_STORE="by_environment")
    assert stores(project) == {"by_environment"}
    assert len(project.runs(RUNNER_STORE="by_environment")) == 1


def test_the_command_line_is_stronger_than_the_environment(project: Project) -> None:
    project.run("hydra.sweeper.store=by_line", RUNNER_STORE="by_environment")
    assert stores(project) == {"by_line"}
    assert len(project.runs("--store", "by_line", RUNNER_STORE="by_environment")) == 1


def test_a_restart_finds_its_run_in_the_named_store(project: Project) -> None:
    project.run("-m", "hydra.sweeper.store=by_line")
    (batch,) = [run for run in project.runs("--store", "by_line") if run["kind"] == "batch"]
    project.run(f"+restart={batch['id']}", "hydra.sweeper.store=by_line")
    project.run(f"+restart={batch['id']}", RUNNER_STORE="by_line")
    assert stores(project) == {"by_line"}
    assert len(project.runs("--store", "by_line")) == 2


def test_a_store_may_lie_anywhere(project: Project, tmp_path: Path) -> None:
    place = tmp_path / "far" / "away"
    project.run("-m", f"hydra.sweeper.store={place}")
    assert stores(project) == set()
    runs = project.runs("--store", str(place))
    assert {Path(run["dir"]).parent for run in runs} == {place.resolve()}


def test_without_a_word_it_is_runs_in_the_projects_folder(echo: Project) -> None:
    echo.run()
    assert [Path(run["dir"]).parent for run in echo.runs()] == [echo.store.resolve()]


def test_a_subfolder_of_a_project_finds_the_projects_store(echo: Project) -> None:
    echo.run()
    inner = Project(echo.folder / "src" / "deep")
    inner.folder.mkdir(parents=True)
    listed = inner.run("runs", "list")
    assert echo.newest("run")["id"][:8] in listed.out
    assert listed.err == f"The store is {echo.store.resolve()}\n"


def test_a_folder_without_a_store_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()  # of something else, and above
    here = Project(tmp_path / "sub")
    here.folder.mkdir()
    listed = here.run("runs", "list")
    assert listed.out == ""
    (line,) = listed.err.splitlines()
    assert line.startswith(f"There is no store here ({here.folder / 'runs'})")
