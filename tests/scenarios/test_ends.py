"""How runs, batches and the runner itself end: statuses and exit statuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project, by_flag, wait_until

FILES = {
    "conf/config.yaml": """
        operation: {script: main.py}
        x: 0
        hydra: {launcher: {n_jobs: 1}}
    """,
    "main.py": """
        import os, pathlib, signal, sys, time

        x = 0
        if x == 9:
            pathlib.Path("at_work").touch()
            time.sleep(0 if os.environ.get("QUICK") else 60)
        if x < 0:
            os.kill(os.getpid(), -x)
        sys.exit(x)
    """,
}


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    """A project whose script ends with its flag as exit status, or works for a minute."""
    return make_project(FILES)


def interrupted(project: Project, sign: signal.Signals, *words: str) -> int:
    """Start a command, wait for the long trial, signal the process group: exit status."""
    with project.at_work(*words) as process:
        wait_until(lambda: list(project.store.glob("*/at_work")))
        os.killpg(process.pid, sign)
        process.communicate(timeout=30)
    return process.returncode


def test_one_run_ends_with_the_operations_own_status(project: Project) -> None:
    for status, told in ((0, "completed"), (3, "error"), (77, "error")):
        project.run(f"x={status}", status=status)
        run = project.newest("run")
        assert (run["status"], run["exit_status"]) == (told, status)


def test_a_restarted_run_ends_with_its_new_status(project: Project) -> None:
    project.run("x=3", status=3)
    run = project.newest("run")["id"]
    project.run(f"+restart={run}", status=3)
    project.run(f"+restart={run}", "x=0", status=0)
    assert project.show(run)["status"] == "completed"


def test_a_death_by_a_signal_is_an_error(project: Project) -> None:
    for number in (signal.SIGSEGV, signal.SIGTERM):
        project.run("-m", f"x={-number}", status=1)
        assert project.newest("trial")["status"] == "error"


def test_a_batch_ends_with_1_if_a_trial_failed_and_with_0_if_none_did(
    project: Project,
) -> None:
    project.run("-m", "x=0,5", status=1)
    batch = project.newest("batch")
    assert batch["status"] == "error"
    project.run(f"+restart={batch['id']}", "+needed=true", status=1)
    project.run(f"+restart={batch['id']}", "x=0", status=0)
    assert project.show(batch["id"])["status"] == "completed"


@pytest.mark.parametrize(
    ("sign", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["int", "term"]
)
def test_a_batch_that_is_stopped_can_be_gone_on_with(
    project: Project, sign: signal.Signals, status: int
) -> None:
    assert interrupted(project, sign, "-m", "x=0,9,0.0,1") == status
    batch = project.newest("batch")
    trials = by_flag(project.runs(), "x")
    assert batch["status"] == "terminated"
    assert trials[0]["status"] == "completed"
    assert trials[9]["status"] == "terminated"
    done = trials[0]
    project.run(f"+restart={batch['id']}", "+needed=true", status=1, QUICK="1")
    assert by_flag(project.runs(), "x")[0] == done
    assert by_flag(project.runs(), "x")[9]["id"] == trials[9]["id"]
    assert project.show(batch["id"])["status"] == "error"


@pytest.mark.parametrize(
    ("sign", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["int", "term"]
)
def test_a_single_run_that_is_stopped_is_terminated(
    project: Project, sign: signal.Signals, status: int
) -> None:
    assert interrupted(project, sign, "x=9") == status
    assert project.newest("run")["status"] == "terminated"


def test_what_a_killed_runner_left_behind_is_terminated(project: Project) -> None:
    assert interrupted(project, signal.SIGKILL, "-m", "x=0,9") == -9
    wait_until(lambda: project.newest("trial")["status"] != "running")
    statuses = {run["kind"]: run["status"] for run in reversed(project.runs())}
    assert statuses == {"batch": "terminated", "trial": "terminated"}


def test_what_is_at_work_is_running_and_is_neither_restarted_nor_deleted(
    project: Project,
) -> None:
    with project.at_work("-m", "x=9"):
        wait_until(lambda: list(project.store.glob("*/at_work")))
        runs = project.runs()
        assert {run["status"] for run in runs} == {"running"}
        for run in runs:
            refused = project.run(f"+restart={run['id']}", status=2)
            assert len(refused.said) == 1
            refused = project.run("runs", "delete", run["id"], "--yes", status=2)
            assert len(refused.said) == 1
        assert project.runs() == runs


def test_a_timeout_ends_the_whole_process_tree(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {command: [bash, -c, "sleep 60 & echo $! > child; wait"]}
                hydra: {launcher: {n_jobs: 1}}
            """
        }
    )
    project.run("+timeout=0.5", status=124)
    run = project.newest("run")
    assert (run["status"], run["exit_status"]) == ("error", 124)
    child = int(Path(run["dir"], "child").read_text())
    wait_until(lambda: not psutil.pid_exists(child))
    result = project.run("-m", "+timeout=0.5", status=1)
    assert "timeout" in result.err
    assert project.newest("trial")["status"] == "error"


def test_a_failed_trial_is_tried_again(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {command: [bash, -c, "echo again >> tries; test $(wc -l < tries) = 3"]}
                hydra: {launcher: {n_jobs: 1}}
            """
        }
    )
    project.run("-m", "+retries=1", status=1)
    project.run("-m", "+retries=2")
    later, earlier = [run for run in project.runs() if run["kind"] == "trial"]
    assert (earlier["status"], later["status"]) == ("error", "completed")
    tries = [Path(run["dir"], "tries").read_text().count("again") for run in (earlier, later)]
    assert tries == [2, 3]


def test_after_the_first_failure_no_trial_is_started_if_so_wished(project: Project) -> None:
    project.run("-m", "x=0,5,0.0,1,2", "+fail_fast=true", status=1)
    statuses = {x: run["status"] for x, run in by_flag(project.runs(), "x").items()}
    assert (statuses[0], statuses[5]) == ("completed", "error")
    assert not {"completed", "error", "running"} & {statuses.get(x) for x in (1, 2)}


def test_hydras_help_and_config_are_still_there(project: Project) -> None:
    assert "x: 3" in project.run("--cfg", "job", "x=3").out
    assert project.run("--help").out
    assert not project.store.exists()


def test_the_runner_is_a_command(project: Project) -> None:
    command = Path(sys.executable).with_name("runner")
    ended = subprocess.run([command, "x=4"], cwd=project.folder, check=False)
    assert ended.returncode == 4
