"""Few open files, as `ulimit -n` has it: enough is asked for, or it is said what is lacking."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wild.cases import Folder

FILES = {
    "conf/config.yaml": """
        operation: {command: [sleep, "0.2"]}
        x: 1
    """
}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path, FILES)


def test_the_limit_is_raised_as_far_as_the_system_allows(folder: Folder) -> None:
    ended = folder.bash("ulimit -Sn 64; runner -m 'x=range(0,40)' hydra.launcher.n_jobs=40")
    assert ended.said[-1].endswith("40 trials, 40 completed")


def test_more_jobs_than_files_is_a_mistake_before_anything_is_made(folder: Folder) -> None:
    line = "ulimit -n 64; runner -m 'x=range(0,40)' hydra.launcher.n_jobs=16"
    assert folder.bash(line, status=2).said == [
        "runner: hydra.launcher.n_jobs=16 needs up to 160 open files, and the system allows 64 "
        "(ulimit -n): at most 4 trials can run at once"
    ]
    assert not (folder.path / "runs").exists()


def test_as_many_as_it_names_do_run(folder: Folder) -> None:
    ended = folder.bash("ulimit -n 64; runner -m 'x=range(0,12)' hydra.launcher.n_jobs=4")
    assert ended.said[-1].endswith("12 trials, 12 completed")


def test_many_runs_are_deleted_with_few_files(folder: Folder) -> None:
    folder.bash("runner -m 'x=range(0,80)' +init_trials=true")
    folder.bash("ulimit -n 64; runner runs delete $(ls runs) --yes")
    assert not [path for path in (folder.path / "runs").iterdir() if len(path.name) == 32]


def test_many_trials_that_are_planned_no_more_are_deleted_with_few_files(folder: Folder) -> None:
    folder.bash("runner -m 'x=range(0,80)' +init_trials=true")
    batch = folder.bash("runner runs list --json | grep -B2 -A9 batch | grep -o '[0-9a-f]\\{32\\}'")
    restart = f"ulimit -n 64; runner +restart={batch.lines[0]} x=1,2 hydra.launcher.n_jobs=2"
    assert folder.bash(restart).said[-1].endswith("2 trials, 2 completed")
    assert len([path for path in (folder.path / "runs").iterdir() if len(path.name) == 32]) == 3
