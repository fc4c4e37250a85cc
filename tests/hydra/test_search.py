"""A Hydra program's search: random, learning, killed and resumed, under several launchers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.hydra.program import SWEEPER, Program, make_program
from tests.scenarios.project import wait_until

PROGRAM = {
    "conf/config.yaml": "defaults: [_self_]\nx: 0.5\nn: 1\nwait: 0\n",
    "train.py": """
        import random, time
        import hydra

        @hydra.main(version_base=None, config_path="conf", config_name="config")
        def main(cfg):
            time.sleep(random.Random().uniform(0, cfg.wait))
            return (cfg.x - 1) ** 2 + cfg.n

        if __name__ == "__main__":
            main()
    """,
}
SPACE = ("x=interval(-5,5)", "n=int(interval(1,3))", "+random_seed=3")


def program_in(folder: Path) -> Program:
    return make_program(folder, PROGRAM)


def plan_of(program: Program) -> list[tuple[Any, Any]]:
    return [(trial["flags"]["x"], trial["flags"]["n"]) for trial in program.trials()]


def test_a_random_search_of_a_program_is_extended(tmp_path: Path) -> None:
    program = program_in(tmp_path)
    program.python("train.py", "-m", SWEEPER, *SPACE, "+max_trials=3")
    first = plan_of(program)
    batch = program.newest("batch")["id"]
    program.python("train.py", "-m", SWEEPER, f"+restart={batch}", "+max_trials=5", "+needed=true")
    assert plan_of(program)[:3] == first
    assert len(plan_of(program)) == 5


def test_a_programs_search_is_the_same_under_each_launcher(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="optuna is not installed: pip install --group dev")
    plans = []
    for name, launcher in {
        "basic": ("hydra/launcher=basic",),
        "own": ("hydra/launcher=runner", "hydra.launcher.n_jobs=2", "wait=0.1"),
    }.items():
        (tmp_path / name).mkdir()
        program = program_in(tmp_path / name)
        words = ("+optimizer=tpe", "+max_trials=12", "+window=2")
        program.python("train.py", "-m", SWEEPER, *launcher, *SPACE, *words)
        plans.append(plan_of(program))
        batch = program.newest("batch")["id"]
        assert program.run("verify", batch).out.endswith("12 as proposed, 0 differ\n")
        jobs = [trial["dir"] for trial in program.trials() if trial["status"] == "completed"]
        assert len(jobs) == 12
    assert plans[0] == plans[1]


def test_a_programs_search_that_is_killed_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="optuna is not installed: pip install --group dev")
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    words = (SWEEPER, "hydra/launcher=runner", "hydra.launcher.n_jobs=2", *SPACE)
    search = ("+optimizer=tpe", "+max_trials=9", "+window=2", "wait=0.05")
    whole = program_in(tmp_path / "whole")
    whole.python("train.py", "-m", *words, *search)
    killed = program_in(tmp_path / "killed")
    with killed.python_at_work("train.py", "-m", *words, *search):
        wait_until(
            lambda: (
                killed.store.exists()
                and sum(run["status"] == "completed" for run in killed.runs()) >= 4
            )
        )
    batch = killed.newest("batch")["id"]
    killed.python(
        "train.py", "-m", SWEEPER, "hydra/launcher=runner", f"+restart={batch}", "+needed=true"
    )
    assert plan_of(killed) == plan_of(whole)
