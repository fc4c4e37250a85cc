"""How trials of a program end, and what is known of it, under every launcher."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.hydra.program import SWEEPER, Program, make_program
from tests.scenarios.project import wait_until

LAUNCHERS = ("basic", "joblib", "runner", "submitit_local")

PROGRAM = """
    import os
    import sys
    import time
    from pathlib import Path

    import hydra

    @hydra.main(version_base="1.3", config_path=None, config_name=None)
    def main(cfg):
        with open("ran.log", "a") as log:
            log.write(f"{cfg.x} ")
        print("working on", cfg.x)
        if cfg.x == "fail":
            raise ValueError("no good")
        if cfg.x == "exit":
            sys.exit(3)
        if cfg.x == "well":
            sys.exit(0)
        if cfg.x == "die":
            os._exit(9)
        if cfg.x == "flaky" and Path("ran.log").read_text().count("flaky") < 3:
            raise ValueError("not yet")
        if cfg.x == "wait":
            time.sleep(0 if Path("go").exists() else 60)
        return {"x": cfg.x}

    if __name__ == "__main__":
        main()
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return make_program(tmp_path / "program", {"train.py": PROGRAM})


def sweep(program: Program, launcher: str, *words: str, status: int | None = 0) -> list[str]:
    """Run a sweep, and return what the runner itself said."""
    more = [] if launcher in ("basic", "submitit_local") else ["hydra.launcher.n_jobs=2"]
    said = program.python(
        *("train.py", "-m", SWEEPER, f"hydra/launcher={launcher}", *more, *words), status=status
    )
    return said.said


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_failures_and_exits_of_some_do_not_lose_the_others(program: Program, launcher: str) -> None:
    said = sweep(program, launcher, "+x=a,fail,exit,well,b", status=1)
    assert program.statuses("x") == {
        "a": "completed",
        "fail": "error",
        "exit": "error",
        "well": "completed",
        "b": "completed",
    }
    by_x = {trial["flags"]["x"]: trial for trial in program.trials()}
    assert [by_x[x]["exit_status"] for x in ("a", "fail", "exit", "well")] == [0, 1, 3, 0]
    assert by_x["a"]["result"] == {"x": "a"}
    assert any("failed: ValueError: no good (log: runs/" in line for line in said)
    assert any("failed: exit status 3 (log: runs/" in line for line in said)
    # Under the basic launcher output is live; under ours standard error has its own part of it.
    assert ("  ValueError: no good" in said) == (launcher not in ("basic", "runner"))
    batch = program.newest("batch")["id"][:8]
    assert said[-1] == (
        f"Batch {batch}: 5 trials, 3 completed, 2 failed; to go on: "
        f"python train.py -m hydra/sweeper=runner +restart={batch} +needed=true"
    )
    log = Path(by_x["fail"]["dir"], ".runner/output.log").read_text()
    assert "in main" in log and "ValueError: no good" in log and "run_job" not in log


def test_a_job_that_dies_without_a_word_has_failed(program: Program) -> None:
    sweep(program, "runner", "+x=a,die,b,c,d", status=1)
    statuses = program.statuses("x")
    assert statuses.pop("die") == "error"
    assert set(statuses.values()) == {"completed"}


def test_a_broken_pool_loses_what_ran_in_it_and_nothing_else(program: Program) -> None:
    sweep(program, "joblib", "+x=a,die,b,c,d", status=1)
    statuses = program.statuses("x")
    assert statuses["die"] == "error"
    assert sorted(statuses.values()).count("completed") >= 3
    assert set(statuses.values()) == {"completed", "error"}
    ran = program.text("ran.log").split()
    assert len(ran) == len(set(ran))  # nothing twice; what the pool took along may not have run
    assert {x for x, status in statuses.items() if status == "completed"} <= set(ran)
    died = [trial["id"] for trial in program.trials() if trial["status"] == "error"]
    shown = program.run("runs", "show", died[0]).out
    assert "died without a word" in shown


def test_a_job_that_dies_in_the_sweeps_own_process_is_terminated(program: Program) -> None:
    sweep(program, "basic", "+x=a,die,b", status=9)
    assert program.statuses("x") == {"a": "completed", "die": "terminated", "b": "pending"}


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_failed_trial_is_tried_again(program: Program, launcher: str) -> None:
    sweep(program, launcher, "+x=a,flaky", "+retries=3")
    assert program.statuses("x") == {"a": "completed", "flaky": "completed"}
    assert program.text("ran.log").split().count("flaky") == 3
    assert program.text("ran.log").split().count("a") == 1


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_trial_that_takes_too_long_has_failed(program: Program, launcher: str) -> None:
    said = sweep(program, launcher, "+x=a,wait", "+timeout=1.5", status=1)
    assert program.statuses("x") == {"a": "completed", "wait": "error"}
    assert any("failed: timeout after 1.5 s" in line for line in said)


@pytest.mark.parametrize("launcher", ["basic", "runner"])
def test_fail_fast_starts_nothing_more(program: Program, launcher: str) -> None:
    words = ["hydra.launcher.n_jobs=1"] if launcher == "runner" else []
    sweep(program, launcher, "+x=fail,a,b", "+fail_fast=true", *words, status=1)
    assert program.statuses("x") == {"fail": "error", "a": "pending", "b": "pending"}


@pytest.mark.parametrize("launcher", ["basic", "joblib", "runner"])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_sweep_says_how_to_go_on(
    program: Program, launcher: str, number: signal.Signals, status: int
) -> None:
    words = {"basic": [], "joblib": ["hydra.launcher.n_jobs=2"]}
    more = words.get(launcher, ["hydra.launcher.n_jobs=1"])
    command = ["train.py", "-m", SWEEPER, f"hydra/launcher={launcher}", *more, "+x=a,wait,b"]
    with program.python_at_work(*command) as process:
        wait_until(lambda: "wait" in program.text("ran.log"))
        wait_until(lambda: program.statuses("x")["a"] == "completed")
        if launcher == "joblib":
            wait_until(lambda: program.statuses("x")["b"] == "completed")
        process.send_signal(number)
        assert process.wait(30) == status
    ended = "completed" if launcher == "joblib" else "pending"
    assert program.statuses("x") == {"a": "completed", "wait": "terminated", "b": ended}
    program.folder.joinpath("go").touch()
    batch = program.newest("batch")["id"]
    program.python("train.py", "-m", SWEEPER, f"+restart={batch}", "+needed=true")
    assert set(program.statuses("x").values()) == {"completed"}
    assert program.text("ran.log").split().count("a") == 1


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_killed_sweep_goes_on_with_what_was_not_completed(
    program: Program, launcher: str
) -> None:
    jobs = {"joblib": "2", "runner": "1"}.get(launcher)
    words = [] if jobs is None else [f"hydra.launcher.n_jobs={jobs}"]
    completed = 3 if launcher in ("joblib", "submitit_local") else 2
    command = ["train.py", "-m", SWEEPER, f"hydra/launcher={launcher}", *words, "+x=a,b,wait,c"]
    with program.python_at_work(*command):
        wait_until(lambda: "wait" in program.text("ran.log"))
        wait_until(lambda: list(program.statuses("x").values()).count("completed") == completed)
    statuses = program.statuses("x")
    assert statuses["a"] == statuses["b"] == "completed"
    wait_until(lambda: program.statuses("x")["wait"] == "terminated")
    before = {trial["flags"]["x"]: trial["id"] for trial in program.trials()}
    program.folder.joinpath("go").touch()
    batch = program.newest("batch")["id"]
    program.python("train.py", "-m", SWEEPER, f"+restart={batch[:8]}", "+needed=true")
    assert set(program.statuses("x").values()) == {"completed"}
    assert {trial["flags"]["x"]: trial["id"] for trial in program.trials()} == before
    ran = program.text("ran.log").split()
    assert [ran.count(x) for x in ("a", "b", "wait", "c")] == [1, 1, 2, 1]
    folders = sorted(path.name for path in program.folder.glob("multirun/*/*/[0-9]*"))
    assert folders == ["0", "1", "2", "3"]


LOSES_A_VARIABLE = """
    import os

    import hydra

    @hydra.main(version_base="1.3", config_path=None, config_name=None)
    def main(cfg):
        os.environ.pop("PLACE")

    if __name__ == "__main__":
        main()
"""


def test_trials_that_a_launcher_has_not_started_are_counted_in_one_line(tmp_path: Path) -> None:
    program = make_program(tmp_path / "program", {"train.py": LOSES_A_VARIABLE})
    subdir = "hydra.sweep.subdir=${oc.env:PLACE}/${hydra.job.num}"
    ended = program.python("train.py", "-m", SWEEPER, "+x=1,2,3", subdir, status=1, PLACE="here")
    (told,) = (line for line in ended.said if line.startswith("The launcher has not started"))
    assert told.startswith("The launcher has not started 2 trials: Interpolation")
    assert "Environment variable 'PLACE' not found" in told
    assert ended.err.count(", in _launch\n") == 1  # the traceback stands there once
    assert ended.said[-1].split("; ")[0].endswith("3 trials, 1 completed, 2 pending")


WATCHING = """
    from pathlib import Path

    from hydra.experimental.callback import Callback

    class Watching(Callback):
        def on_multirun_start(self, config, **kwargs):
            Path("calls.log").open("a").write("begun\\n")

        def on_multirun_end(self, config, config_name=None, **kwargs):
            done = " ".join(sorted(Path("ran.log").read_text().split()))
            Path("calls.log").open("a").write(f"{config_name} after {done}\\n")
"""


@pytest.mark.parametrize("launcher", ["basic", "runner"])
def test_the_programs_callbacks_hear_of_the_end_of_a_sweep_with_failures(
    program: Program, launcher: str
) -> None:
    program.write({"watching.py": WATCHING})
    words = ("+hydra.callbacks.w._target_=watching.Watching", "+x=fail,well,exit")
    sweep(program, launcher, *words, status=1)
    assert program.text("calls.log") == "begun\nNone after exit fail well\n"


def test_the_programs_callbacks_hear_of_the_end_of_a_sweep_that_was_a_mistake(
    program: Program,
) -> None:
    program.write({"watching.py": WATCHING, "ran.log": ""})
    chosen = "+hydra.callbacks.w._target_=watching.Watching"
    sweep(program, "basic", chosen, "+x=1", "+max_trials=0", status=2)
    assert program.text("calls.log") == "begun\nNone after \n"
