"""`runner runs stop` for a program's sweeps and trials, under every launcher."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.hydra.program import SWEEPER, Program, make_program
from tests.scenarios.project import wait_until

PROGRAM = """
    import os
    import subprocess
    import time
    from pathlib import Path

    import hydra

    @hydra.main(version_base="1.3", config_path=None, config_name=None)
    def main(cfg):
        if cfg.x in ("wait", "other"):
            child = subprocess.Popen(["sleep", "60"])
            Path(f"{cfg.x}.pids").write_text(f"{os.getpid()} {child.pid}")
        while cfg.x in ("wait", "other") and not Path("go").exists():
            time.sleep(0.02)
        if cfg.x in ("wait", "other"):
            child.kill()

    if __name__ == "__main__":
        main()
"""

LAUNCHERS = [
    "basic",
    "joblib",
    pytest.param("runner", marks=pytest.mark.long),
    pytest.param("submitit_local", marks=pytest.mark.long),
]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return make_program(tmp_path / "program", {"train.py": PROGRAM})


def sweep(launcher: str, *words: str) -> list[str]:
    more = {"joblib": ["hydra.launcher.n_jobs=2"], "runner": ["hydra.launcher.n_jobs=2"]}
    return [
        *("train.py", "-m", SWEEPER, f"hydra/launcher={launcher}"),
        *more.get(launcher, []),
        *words,
    ]


def trial_of(program: Program, x: str) -> str:
    (found,) = [trial["id"] for trial in program.trials() if trial["flags"]["x"] == x]
    return str(found)


def pids(program: Program, x: str) -> list[int]:
    wait_until(lambda: len(program.text(f"{x}.pids").split()) == 2)
    return [int(pid) for pid in program.text(f"{x}.pids").split()]


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_one_trial_is_stopped_and_the_others_go_on(program: Program, launcher: str) -> None:
    with program.python_at_work(*sweep(launcher, "+x=wait,a,b", "+retries=1")) as process:
        _, child = pids(program, "wait")
        said = program.run("runs", "stop", trial_of(program, "wait")).said
        assert said[-1] == f"Stopped {trial_of(program, 'wait')[:8]}"
        assert process.wait(30) == 1
    assert program.statuses("x") == {"wait": "terminated", "a": "completed", "b": "completed"}
    shown = program.run("runs", "show", trial_of(program, "wait")).lines
    assert "reason: stopped by `runner runs stop`" in shown
    assert not psutil.pid_exists(child)


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_sweep_is_stopped_and_goes_on_later(program: Program, launcher: str) -> None:
    with program.python_at_work(*sweep(launcher, "+x=wait,other,a")) as process:
        job, _ = pids(program, "wait")
        batch = program.newest("batch")["id"]
        assert program.run("runs", "stop", batch).said[-1] == f"Stopped {batch[:8]}"
        assert process.wait(10) == 143
        if launcher not in ("basic", "joblib"):  # the process of theirs is the sweep's, or reused
            wait_until(lambda: not psutil.pid_exists(job))
    assert program.newest("batch")["status"] == "terminated"
    assert program.statuses("x")["wait"] == "terminated"
    program.folder.joinpath("go").touch()
    program.python("train.py", "-m", SWEEPER, f"+restart={batch}", "+needed=true")
    assert set(program.statuses("x").values()) == {"completed"}
