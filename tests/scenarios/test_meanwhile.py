"""What somebody else does to a batch's trials between the plan of a restart and its start."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Listed, Project, wait_until

FILES = {
    "conf/config.yaml": """
        operation: {function: lib.work}
        x: 0
        hydra: {launcher: {n_jobs: 1}}
    """,
    # Imported when the restart has planned, and before it starts anything.
    "lib.py": """
        import os, time
        from pathlib import Path
        if os.environ.get("SLOW"):
            Path(os.environ["SLOW"], "importing").touch()
            while not Path(os.environ["SLOW"], "go").exists():
                time.sleep(0.02)
        def work(x):
            with open("ran", "a") as ran:
                ran.write("x")
    """,
}


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project(FILES)


@contextmanager
def planned(project: Project, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A restart that has planned and has started nothing, while the context lasts; it ends
    then."""
    with project.at_work(*words, SLOW=str(project.folder)) as process:
        wait_until((project.folder / "importing").exists)
        yield process
        (project.folder / "go").touch()
        printed, _ = process.communicate(timeout=60)
        assert process.returncode == 0, printed


def trial(project: Project, x: int) -> Listed:
    """The one trial with this flag."""
    (found,) = (run for run in project.runs() if run["kind"] == "trial" and run["flags"]["x"] == x)
    return found


def test_a_pending_trial_that_was_started_meanwhile_is_not_deleted(project: Project) -> None:
    project.run("-m", "x=1,2", "+init_trials=true")
    batch = project.newest("batch")["id"]
    second = trial(project, 2)["id"]
    with planned(project, f"+restart={batch}", "x=1"):
        project.run(f"+restart={second}")
    kept = trial(project, 2)
    assert (kept["id"], kept["status"], kept["batches"]) == (second, "completed", [])
    assert kept["generated_by"] == batch
    assert (project.store / second / "ran").read_text() == "x"


def test_a_trial_that_was_completed_meanwhile_is_skipped_if_only_what_is_needed_runs(
    project: Project,
) -> None:
    project.run("-m", "x=1,2", "+init_trials=true")
    batch = project.newest("batch")["id"]
    first = trial(project, 1)["id"]
    with planned(project, f"+restart={batch}", "+needed=true"):
        project.run(f"+restart={first}")
    assert (project.store / first / "ran").read_text() == "x"
    assert {run["status"] for run in project.runs()} == {"completed"}
