"""An operation that empties its folder loses nothing of its record or log."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.scenarios.project import Listed, Project, wait_until

EMPTY = """
import os, shutil
for name in os.listdir("."):
    if os.path.isdir(name) and not os.path.islink(name):
        shutil.rmtree(name)
    else:
        os.remove(name)
"""
FUNCTION = EMPTY.replace("\n", "\n    ").replace("\n    \n", "\n")

OPERATIONS: Mapping[str, Mapping[str, str]] = {
    "script": {
        "conf/config.yaml": "operation: {script: main.py}\nx: 1\n",
        "main.py": f'x = 1\nprint("before")\n{EMPTY}\nprint("trained", x)\n',
    },
    "function": {
        "conf/config.yaml": "operation: {function: work.main}\nx: 1\n",
        "work.py": f'def main(x):\n    print("before")\n{FUNCTION}\n'
        '    print("trained", x)\n    return {1, 2}\n',
    },
    "command": {
        "conf/config.yaml": (
            "operation: {command: [bash, main.sh, '${x}'], requires: [main.sh]}\nx: 1\n"
        ),
        "main.sh": 'echo before\nrm -rf ./* ./.[!.]*\necho trained "$1"\n',
    },
}


def log(run: Listed) -> str:
    return Path(run["log"]).read_text()


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("kind", OPERATIONS)
def test_it_loses_nothing_of_its_record_or_log(
    make_project: Callable[[Mapping[str, str]], Project], kind: str, jobs: int
) -> None:
    project = make_project(OPERATIONS[kind])
    project.run("-m", "x=1,2", f"hydra.launcher.n_jobs={jobs}")
    batch = project.newest("batch")
    trials = [run for run in project.runs() if run["kind"] == "trial"]
    assert [run["status"] for run in trials] == ["completed", "completed"]
    assert sorted(log(run) for run in trials) == [f"before\ntrained {x}\n" for x in (1, 2)]
    again = project.run(f"+restart={batch['id']}", "+needed=true")
    assert "Skipping 2 completed trials" in again.said
    project.run(f"+restart={batch['id']}")
    assert project.newest("batch")["trials"] == batch["trials"]
    assert list((project.store / ".running").iterdir()) == []


def test_attempts_that_failed_keep_their_logs(
    make_project: Callable[[Mapping[str, str]], Project],
) -> None:
    files = dict(OPERATIONS["script"])
    files["main.py"] += "raise SystemExit(3)\n"
    project = make_project(files)
    project.run("x=7", "+retries=1", status=3)
    (run,) = project.runs()
    assert (run["status"], run["exit_status"], len(run["attempts"])) == ("error", 3, 1)
    assert log(run) == "before\ntrained 7\n"
    first = Path(run["dir"], ".runner", "logs", run["attempts"][0]["log"])
    assert first.read_text() == "before\ntrained 7\n"


def test_a_runner_that_is_killed_after_that_loses_nothing_either(
    make_project: Callable[[Mapping[str, str]], Project],
) -> None:
    files = dict(OPERATIONS["command"])
    files["main.sh"] += 'touch empty\nexec sleep "$2"\n'
    files["conf/config.yaml"] = (
        "operation: {command: [bash, main.sh, '${x}', '${s}'], requires: [main.sh]}\nx: 1\ns: 60\n"
    )
    project = make_project(files)
    with project.at_work("x=7") as runner:
        wait_until(lambda: any(project.store.glob("*/empty")))
        (run,) = project.runs()
        assert run["status"] == "running"
        runner.send_signal(signal.SIGKILL)
        runner.wait()
    wait_until(lambda: project.runs()[0]["status"] == "terminated")
    (run,) = project.runs()
    assert run["flags"] == {"x": 7, "s": 60}
    project.run(f"+restart={run['id']}", "s=0")
    (again,) = project.runs()
    assert (again["id"], again["status"]) == (run["id"], "completed")
    assert Path(run["dir"], ".runner", "logs", "0001.log").read_text() == "before\ntrained 7\n"
