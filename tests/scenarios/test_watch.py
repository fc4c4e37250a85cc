"""`runner watch`: contract section 9."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project, wait_until, without_ids

FILES = {
    "conf/config.yaml": "operation: {function: lib.work}\nx: 1\nwait: false\n",
    "lib.py": """
        import os, sys, time
        from pathlib import Path

        def work(x, wait):
            go = Path(os.environ["RUNNER_PROJECT_DIR"], "go")
            while wait and x > 1 and not go.exists():
                time.sleep(0.02)
            if x == 3:
                sys.exit(3)
            return x / 2
        """,
}


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project(FILES)


def followed(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line.rstrip("\n")


def test_it_tells_what_changes_until_the_batch_ends_however_it_ends(project: Project) -> None:
    words = ("-m", "x=1,2,3", "wait=true", "+objective=result", "hydra.launcher.n_jobs=1")
    with project.at_work(*words) as batch:
        wait_until(lambda: project.store.exists() and project.runs("--status", "completed"))
        with project.at_work("watch") as watching:
            printed = followed(watching)
            first = next(printed)
            (project.folder / "go").touch()
            lines = [first, *printed]
            assert watching.wait() == 0
        batch.communicate()
        assert batch.returncode == 1
    *said, how = without_ids(lines)
    assert how.startswith("To go on: runner +restart=")
    assert said[0] == "Trial (x=1) completed: result=0.5"
    assert said[-3:-1] == [
        "Trial (x=2) completed: result=1.0",
        "Trial (x=3) error: exit status 3",
    ]
    told = "3 trials, 1 failed, 2 completed; best result 0.5: (x=1)"
    assert said[-1].endswith(told)


def test_an_ended_batch_is_shown_once(project: Project) -> None:
    project.run("-m", "x=1,2")
    batch = project.newest("batch")["id"]
    project.run("-m", "x=5,6", "+init_trials=true")
    lines = without_ids(project.run("watch", batch[:8]).lines)
    assert lines[:2] == ["Trial (x=1) completed: result=0.5", "Trial (x=2) completed: result=1.0"]
    assert without_ids(project.run("watch").lines) == ["Batch: 2 trials, 2 pending"]


def test_ctrl_c_ends_the_watching_and_not_the_batch(project: Project) -> None:
    with project.at_work("-m", "x=1,2", "wait=true", "hydra.launcher.n_jobs=1") as batch:
        wait_until(lambda: project.store.exists() and project.runs("--status", "completed"))
        project.run("-m", "x=5,6", "+init_trials=true")  # a newer one that is not at work
        with project.at_work("watch") as watching:
            assert without_ids([next(followed(watching))])[0].startswith("Trial (x=1) completed")
            os.killpg(watching.pid, signal.SIGINT)
            assert watching.wait() == 130
        assert batch.poll() is None
        (project.folder / "go").touch()
        batch.communicate()
        assert batch.returncode == 0


def test_on_a_terminal_it_is_a_table(project: Project) -> None:
    project.run("-m", "x=1,2", "+objective=-result")
    status, screen = project.answer("watch", typed="")
    assert status == 0
    assert "2 trials, 2 completed; best result 1" in screen and "duration" in screen


def test_nothing_is_called_best_where_nobody_has_said_what_is_better(project: Project) -> None:
    project.run("-m", "x=1,2")
    assert without_ids(project.run("watch").lines)[-1] == "Batch: 2 trials, 2 completed"
    batch = project.newest("batch")["id"]
    project.run(f"+restart={batch}", 'hydra.sweeper.stop=[{result: "< 0.1"}]', "+needed=true")
    assert "best result 0.5" in project.run("watch").lines[-1]


def test_how_a_batch_goes_on_is_told_when_its_own_command_could_not(
    make_project: MakeProject,
) -> None:
    project = make_project(FILES)
    words = ("-m", "x=1,2,4", "wait=true", "hydra.launcher.n_jobs=1")
    with project.at_work(*words) as batch:
        wait_until(lambda: project.store.exists() and project.runs("--status", "completed"))
        os.killpg(batch.pid, signal.SIGKILL)
        batch.wait()
    short = project.newest("batch")["id"][:8]
    watched = project.run("watch")
    assert watched.lines[-1].startswith(f"Batch {short}: 3 trials, ")
    assert watched.said == [f"To go on: runner +restart={short} +needed=true"]
    (project.folder / "below").mkdir()
    words = [sys.executable, "-m", "hydra_sweep_runner", "watch"]
    below = subprocess.run(
        words, cwd=project.folder / "below", capture_output=True, text=True, check=True
    )
    assert below.stderr == f"{watched.said[0]} (in {project.folder})\n"
    shutil.copytree(project.store, project.folder / "other store", symlinks=True)
    named = project.run("watch", "--store", "other store").said
    assert named == [f"{watched.said[0]} 'hydra.sweeper.store=\"other store\"'"]
    (project.folder / "go").touch()
    project.run(*watched.said[0].split()[4:])
    assert project.run("watch").said == []
    assert project.newest("batch")["status"] == "completed"


@pytest.mark.parametrize("word", ["run", "0000", None])
def test_what_is_no_batch_is_a_mistake(project: Project, word: str | None) -> None:
    said = f"there is no batch in {project.store}"
    if word is not None:
        project.run("x=1")
        run = project.runs()[0]["id"]
        said = "no batch" if word == "run" else "no run begins with"
        word = run if word == "run" else word
    result = project.run("watch", *([] if word is None else [word]), status=2)
    assert said in result.err and len(result.err.splitlines()) <= 2
