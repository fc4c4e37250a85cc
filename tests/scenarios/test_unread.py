"""A runner whose standard output nobody reads: it goes on supervising, and can be stopped."""

from __future__ import annotations

import signal

import psutil
import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import TIMEOUT_S, Project, wait_until

# More than the runner keeps for its reader and the pipes hold, then a mark, then the rest.
FILES = {
    "conf/config.yaml": """
        operation: {command: [sh, -c, "echo $$ > pid; yes | head -c ${size}; sleep ${after}"]}
        size: 8000000
        after: 60
        x: 0
    """
}


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project(FILES)


def pids(project: Project) -> list[int]:
    return [int(path.read_text()) for path in project.store.glob("*/pid") if path.read_text()]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_two_interrupts_end_it(project: Project, n_jobs: int) -> None:
    words = ("-m", f"hydra.launcher.n_jobs={n_jobs}", "x=1,2,3", "after=0,60")
    with project.at_work(*words) as process:
        wait_until(lambda: len(pids(project)) >= n_jobs)
        if n_jobs == 1:
            wait_until(lambda: psutil.Process(pids(project)[0]).status() == psutil.STATUS_SLEEPING)
        process.send_signal(signal.SIGINT)
        wait_until(lambda: not any(map(psutil.pid_exists, pids(project))))
        assert process.poll() is None  # it waits for its reader
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT_S) == 130
    statuses = {run["status"] for run in project.runs()}
    assert "running" not in statuses
    assert "terminated" in statuses
    assert project.newest("batch")["status"] == "terminated"


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_trials_time_limit_holds(project: Project, n_jobs: int) -> None:
    words = ("-m", f"hydra.launcher.n_jobs={n_jobs}", "x=1,2", "+timeout=1", "+retries=0")
    with project.at_work(*words) as process:
        wait_until(lambda: "error" in {run["status"] for run in project.runs()})
        printed, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 1
    assert printed.splitlines()[-1].split(": ", 1)[1].startswith("2 trials, 2 failed")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_reader_that_comes_late_gets_everything(project: Project, n_jobs: int) -> None:
    words = ("-m", f"hydra.launcher.n_jobs={n_jobs}", "x=1,2,3", "after=0", "size=3000000")
    with project.at_work(*words) as process:
        wait_until(lambda: pids(project))
        printed, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0
    assert printed.count("y\n") >= 3 * 1_500_000
