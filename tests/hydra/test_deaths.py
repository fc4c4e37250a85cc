"""A trial's death is its own, in a Hydra program as elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hydra_sweep_runner.store.runs import RunStore
from tests.hydra.program import SWEEPER, Program, make_program

PROGRAM = """
    import ctypes
    import os
    import sys
    import threading

    import hydra


    class Bad(Exception):
        def __reduce__(self):
            raise TypeError("not me")


    @hydra.main(version_base="1.3", config_path=None, config_name=None)
    def main(cfg):
        with open("ran.log", "a") as log:
            log.write(f"{cfg.x} ")
        if cfg.x == "exit":
            os._exit(7)
        if cfg.x == "exit_well":
            os._exit(0)
        if cfg.x == "crash":
            ctypes.string_at(0)
        if cfg.x == "kill":
            os.kill(os.getpid(), 9)
        if cfg.x == "bad":
            raise Bad("no good")
        if cfg.x == "lock":
            return threading.Lock()
        if cfg.x == "close":
            sys.stdout.close()
            sys.stderr.close()
        return 1

    if __name__ == "__main__":
        main()
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return make_program(tmp_path / "program", {"train.py": PROGRAM})


def test_each_death_is_told_and_the_others_go_on(program: Program) -> None:
    values = "a,exit,exit_well,crash,kill,bad,lock,close,b"
    said = program.python(
        *("train.py", "-m", SWEEPER, "hydra/launcher=runner", "hydra.launcher.n_jobs=2"),
        f"+x={values}",
        status=1,
    ).said
    assert program.statuses("x") == {
        **dict.fromkeys(("a", "lock", "close", "b"), "completed"),
        **dict.fromkeys(("exit", "exit_well", "crash", "kill", "bad"), "error"),
    }
    for why in (
        "exit status 7",
        "its process exited before it returned",
        "killed by signal 11 (SIGSEGV)",
        "killed by signal 9 (SIGKILL), perhaps out of memory",
        "Bad: no good",
    ):
        assert len([line for line in said if f"failed: {why} (log: " in line]) == 2  # and again


def test_under_joblib_an_exception_that_cannot_be_pickled_takes_nothing_along(
    program: Program,
) -> None:
    said = program.python(
        *("train.py", "-m", SWEEPER, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
        "+x=a,bad,lock,b,c",
        status=1,
    ).said
    assert program.statuses("x") == {
        **dict.fromkeys(("a", "lock", "b", "c"), "completed"),
        "bad": "error",
    }
    assert any("failed: Bad: no good (log: " in line for line in said)
    assert sorted(program.text("ran.log").split()) == sorted(["a", "bad", "lock", "b", "c"])


FAILING = """
    import json
    import os

    import hydra

    fsync = os.fsync

    def fail_once(descriptor):
        folder = os.readlink(f"/proc/self/fd/{descriptor}")
        if os.path.exists("fail") and folder.endswith("/.runner"):
            with open(f"{folder}/record.json") as file:
                record = json.load(file)
            if record["kind"] == "trial" and record["state"]["status"] == "running":
                os.unlink("fail")
                raise OSError(5, "Input/output error")
        fsync(descriptor)

    os.fsync = fail_once

    @hydra.main(version_base="1.3", config_path=None, config_name=None)
    def main(cfg):
        return {cfg.x}

    if __name__ == "__main__":
        main()
"""


NOT_STARTED = "The launcher has not started 1 trial"


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_a_job_whose_begin_cannot_be_recorded_has_not_begun_and_is_as_it_was(
    tmp_path: Path,
) -> None:
    program = make_program(tmp_path / "program", {"train.py": FAILING})
    program.python("train.py", "-m", SWEEPER, "+x=1,2")
    before = program.trials()
    program.write({"fail": ""})
    batch = program.newest("batch")["id"]
    said = program.python("train.py", "-m", SWEEPER, f"+restart={batch}", status=1).said
    told = [line for line in said if line.startswith(f"{NOT_STARTED}: cannot write ")]
    assert len(told) == 1 and told[0].endswith("Input/output error")
    assert program.newest("batch")["status"] == "error"
    assert program.trials()[0] == before[0]
    assert program.statuses("x") == {1: "completed", 2: "completed"}
    assert RunStore(program.store).read_result(before[0]["id"]) == {1}


READ_ONLY = """
    import os

    import hydra

    unlink = os.unlink

    def fail_once(path, *arguments, **named):
        if str(path).endswith("scalars.jsonl") and os.path.exists("fail"):
            unlink("fail")
            raise OSError(30, "Read-only file system", str(path))
        unlink(path, *arguments, **named)

    os.unlink = fail_once

    @hydra.main(version_base="1.3", config_path=None, config_name=None)
    def main(cfg):
        return cfg.x

    if __name__ == "__main__":
        main()
"""


def test_a_job_whose_scalars_cannot_be_kept_fails_and_says_why(tmp_path: Path) -> None:
    program = make_program(tmp_path / "program", {"train.py": READ_ONLY, "fail": ""})
    program.python("train.py", "-m", SWEEPER, "+x=1,2", status=1)
    assert program.statuses("x") == {1: "error", 2: "completed"}
    reason = program.trials()[0]["reason"]
    assert "cannot keep the scalars of " in reason and reason.endswith("Read-only file system")
    program.python("train.py", "-m", SWEEPER, "+restart=last:batch", "+only=failed")
    assert program.statuses("x") == {1: "completed", 2: "completed"}


def test_the_traceback_of_a_job_in_another_process_names_the_programs_file(tmp_path: Path) -> None:
    train = FAILING.replace("return {cfg.x}", "return 1 / cfg.x")
    program = make_program(tmp_path / "program", {"train.py": train})
    program.python("train.py", "-m", SWEEPER, "hydra/launcher=joblib", "+x=0", status=1)
    (trial,) = program.trials()
    assert 'train.py", line ' in Path(trial["log"]).read_text()
