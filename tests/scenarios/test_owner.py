"""One owner: a batch at work cannot be started twice, and a dead one's can at once."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project, by_flag, wait_until

FILES = {
    "conf/config.yaml": """
        operation:
          command: [sh, -c, "echo ran >> ran; until test -e ../../go; do sleep 0.02; done"]
        x: 0
        hydra: {launcher: {n_jobs: 2}}
    """,
}
WORDS = re.compile(
    r"runner: ([0-9a-f]{8}) is at work: host (\S+), pid (\d+), "
    r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
)
ROUNDS = int(os.environ.get("RUNNER_TEST_RACES", "3"))


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    project = make_project(FILES)
    (project.folder / "go").touch()
    return project


def restarting(project: Project, batch: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hydra_sweep_runner", f"+restart={batch}"],
        cwd=project.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def runs_of(project: Project) -> list[int]:
    return [len(path.read_text().split()) for path in project.store.glob("*/ran")]


def test_of_two_restarts_at_the_same_time_one_runs_and_the_other_says_who_does(
    project: Project,
) -> None:
    project.run("-m", "x=1,2")
    batch = project.newest("batch")["id"]
    for before in range(1, ROUNDS + 1):
        assert runs_of(project) == [before, before]
        (project.folder / "go").unlink()
        both = [restarting(project, batch) for _ in range(2)]
        wait_until(lambda both=both: any(process.poll() is not None for process in both))
        (project.folder / "go").touch()
        said = {process.pid: process.communicate(timeout=60)[1] for process in both}
        assert sorted(process.returncode for process in both) == [0, 2], said
        owner, other = sorted(both, key=lambda process: int(process.returncode))
        told = WORDS.match(said[other.pid])
        assert told is not None, said[other.pid]
        commands = f"runner watch {batch[:8]} follows it, runner runs stop {batch[:8]} stops it"
        assert said[other.pid][told.end() :] == f"; {commands}\n"
        assert (told[2], told[3]) == (os.uname().nodename, str(owner.pid))
    assert runs_of(project) == [ROUNDS + 1, ROUNDS + 1]


def test_the_claim_of_a_killed_owner_is_taken_over_at_once(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {command: [sh, -c, "echo ran >> ran; test -e ../../go || sleep 60"]}
                x: 0
                hydra: {launcher: {n_jobs: 1}}
            """
        }
    )
    with project.at_work("-m", "x=1,2") as process:
        wait_until(lambda: runs_of(project))
        batch = project.newest("batch")["id"]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        (project.folder / "go").touch()
        project.run(f"+restart={batch}", "+needed=true")
    assert sorted(runs_of(project)) == [1, 2]
    assert project.show(batch)["status"] == "completed"


def leave_running(project: Project, **process: Any) -> str:
    """Make the project's batch look like one at work, in the process that is described."""
    batch = str(project.newest("batch")["id"])
    path = project.store / batch / ".runner" / "record.json"
    record = json.loads(path.read_text())
    record["state"]["status"] = "running"
    record["state"]["stopped"] = None
    record["state"]["process"] |= process
    path.write_text(json.dumps(record))
    return batch


def beaten(project: Project, batch: str, ago_s: float) -> None:
    """Make the last heartbeat of the batch's owner lie so far back."""
    at_s = time.time() - ago_s
    os.utime(project.store / batch / ".runner" / "lock", (at_s, at_s))


def test_an_owner_before_the_boot_or_whose_pid_is_anothers_now_is_gone(project: Project) -> None:
    project.run("-m", "x=1")
    this = psutil.Process()
    for process in (
        {"boot": "before", "pid": this.pid, "created": this.create_time()},
        {"pid": this.pid, "created": this.create_time() - 3600},
        {"pid": 1, "created": 1.0},
    ):
        batch = leave_running(project, **process)
        assert project.show(batch)["status"] == "terminated"
        project.run(f"+restart={batch}")
        assert project.show(batch)["status"] == "completed"


def test_an_owner_on_another_host_is_known_by_its_heartbeat(project: Project) -> None:
    project.run("-m", "x=1")
    batch = leave_running(project, host="ada", boot="another", pid=7)
    beaten(project, batch, ago_s=10)
    assert project.show(batch)["status"] == "running"
    for words in ((f"+restart={batch}",), ("runs", "delete", batch, "--yes")):
        (said,) = project.run(*words, status=2).said
        told = WORDS.match(said)
        assert told is not None
        assert (told[2], told[3]) == ("ada", "7")
    beaten(project, batch, ago_s=40)
    assert project.show(batch)["status"] == "terminated"
    shown = project.run("runs", "show", batch).lines
    assert "reason: its runner is gone (pid 7 on ada)" in shown
    project.run(f"+restart={batch}")
    assert project.show(batch)["status"] == "completed"
    assert Path(project.newest("trial")["dir"], "ran").read_text() == "ran\nran\n"


def one_at_a_time(make_project: MakeProject, script: str) -> Project:
    """A project whose trials are a shell script with `$x`, one job at a time."""
    return make_project(
        {
            "conf/config.yaml": f"""
                operation: {{command: [env, "x=${{x}}", sh, -c, "{script}"]}}
                x: 0
                hydra: {{launcher: {{n_jobs: 1}}}}
            """
        }
    )


def test_a_trial_that_was_at_work_elsewhere_is_restarted_when_it_is_free(
    make_project: MakeProject,
) -> None:
    script = "echo ran >> ran; until test -e ../../go$x; do sleep 0.02; done"
    project = one_at_a_time(make_project, script)
    for x in (1, 2):
        (project.folder / f"go{x}").touch()
    project.run("-m", "x=1,2")
    batch, trials = project.newest("batch")["id"], by_flag(project.runs(), "x")
    for x in (1, 2):
        (project.folder / f"go{x}").unlink()
    ran = {x: Path(trials[x]["dir"], "ran") for x in (1, 2)}
    with restarting(project, trials[2]["id"]) as alone:
        wait_until(lambda: ran[2].read_text().count("ran") == 2)
        with restarting(project, batch) as whole:
            wait_until(lambda: ran[1].read_text().count("ran") == 2)
            (project.folder / "go2").touch()
            assert alone.wait(30) == 0
            (project.folder / "go1").touch()
            assert whole.wait(30) == 0
    assert ran[2].read_text().count("ran") == 3
    assert project.show(batch)["status"] == "completed"


def test_a_trial_of_a_batch_at_work_is_not_taken_out_of_its_plan(
    make_project: MakeProject,
) -> None:
    script = "test $x = 1 || until test -e ../../go; do sleep 0.02; done"
    project = one_at_a_time(make_project, script)
    with project.at_work("-m", "x=1,2") as batch:
        wait_until(lambda: by_flag(project.runs(), "x").get(1, {}).get("status") == "completed")
        done = by_flag(project.runs(), "x")[1]["id"]
        for words in (("runs", "delete", done, "--yes"), (f"+restart={done}", "x=7")):
            (said,) = project.run(*words, status=2).said
            assert "what is in the plan of a batch at work stays there" in said
            assert f"{project.newest('batch')['id'][:8]} is at work: host " in said
        (project.folder / "go").touch()
        assert batch.wait(30) == 0
    assert done in project.newest("batch")["trials"]
    assert project.newest("batch")["status"] == "completed"
    project.delete(done)
    assert done not in project.newest("batch")["trials"]


def test_the_next_trial_is_its_batchs_own_and_those_after_it_are_free(
    make_project: MakeProject,
) -> None:
    script = "test $x != 1 || until test -e ../../go; do sleep 0.02; done"
    project = one_at_a_time(make_project, script)
    with project.at_work("-m", "x=1,2,3") as batch:
        wait_until(lambda: by_flag(project.runs(), "x").get(1, {}).get("status") == "running")
        trials = by_flag(project.runs(), "x")
        project.run(f"+restart={trials[3]['id']}")
        wait_until(
            lambda: "is at work" in project.run(f"+restart={trials[2]['id']}", status=None).err
        )
        (project.folder / "go").touch()
        assert batch.wait(30) == 0
    project.run(f"+restart={trials[2]['id']}")
    assert {run["status"] for run in project.runs()} == {"completed"}
