"""A configuration in a place of its own (`--config-path`, `--config-dir`): restarts remember it."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project

FILES = {
    "conf/config.yaml": "operation: {script: work.py}\nx: 1\nrate: 0.1\n",
    "other/config.yaml": "operation: {script: work.py}\nx: 1\nrate: 0.5\n",
    "more/size/big.yaml": "# @package _global_\nrate: 9\n",
    "work.py": """
        x = rate = 0
        print("rate", rate)
        raise SystemExit(x == 2)
        """,
}


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    project = make_project(FILES)
    project.run("--config-path=other", "-m", "x=1,2", status=1)
    return project


def test_a_restart_composes_from_the_folder_that_the_batch_was_started_with(
    project: Project,
) -> None:
    (project.folder / "other/config.yaml").write_text(
        "operation: {script: work.py}\nx: 1\nrate: 0.7\n"
    )
    kept = project.run("+restart=last:batch", status=1)
    assert kept.lines == ["rate 0.5", "rate 0.5"]
    assert "rate (0.5, now 0.7)" in kept.err

    fresh = project.run("+restart=last:batch", "+refresh=true", status=1)

    assert fresh.lines == ["rate 0.7", "rate 0.7"]
    assert fresh.said[0].endswith(": 2 trials: 2 new, 2 set aside")


def test_a_folder_that_is_not_the_batchs_is_not_compared_with_its_copy(project: Project) -> None:
    assert "  --config-path=other" in project.run("runs", "show", "last:batch").lines
    again = project.run("+restart=last:batch", "+needed=true", status=1)
    assert "has changed" not in again.err
    (project.folder / "conf/config.yaml").unlink()
    again = project.run("+restart=last:batch", "+needed=true", status=1)
    assert "has changed" not in again.err
    assert again.lines == ["rate 0.5"]


def test_another_folder_may_be_given_to_a_restart(project: Project) -> None:
    words = ("--config-path=conf", "+restart=last:batch", "+refresh=true")
    assert project.run(*words, status=1).lines == ["rate 0.1", "rate 0.1"]
    # The last one is remembered.
    assert project.run("+restart=last:batch", status=1).lines == ["rate 0.1", "rate 0.1"]


def test_a_folder_of_further_configs_is_remembered(project: Project) -> None:
    project.run("--config-dir=more", "+size=big", "x=3")
    run = project.newest("run")["id"]
    again = project.run(f"+restart={run}", "+refresh=true")
    assert "has changed" not in again.err
    assert project.newest("run")["flags"]["rate"] == 9
