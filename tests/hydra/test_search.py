"""A Hydra program's search: random, learning, killed and resumed, under several launchers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.hydra.program import SWEEPER, Program, make_program
from tests.installed import needs
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


def test_a_programs_trials_come_from_files_shapes_and_repeats(tmp_path: Path) -> None:
    program = program_in(tmp_path)
    program.write({"rows.csv": "x,n\n1,2\n2,\n", "pairs.yaml": "- {x: 5}\n"})
    words = ("train.py", "-m", SWEEPER)
    shape = ("+trials=rows.csv", "+repeat=2", "wait=0,0.001", "+exclude='x == 1 and wait > 0'")
    program.python(*words, *shape, "+save_trials=saved.json")
    trials = program.trials()
    assert [(one["flags"]["x"], one["flags"]["wait"], one["repeat"]) for one in trials] == [
        *((1, 0, 0), (1, 0, 1), (2, 0, 0), (2, 0, 1), (2, 0.001, 0), (2, 0.001, 1))
    ]
    assert [one["result"] for one in trials] == [2, 2, 2, 2, 2, 2]
    saved = program.python(*words, "+trials=saved.json", "+print_trials=true").lines
    table = program.python(*words, *shape, "+print_trials=true").lines
    assert sorted(saved[0].split()) == sorted(table[0].split())
    assert len(saved) == len(table) == 7
    paired = ("+shape=zip", "x=1,2", "n=3,4", "+include={x:9}", "+print_trials=true")
    assert [line.split() for line in program.python(*words, *paired).lines] == [
        *(["#", "x", "n"], ["1", "1", "3"], ["2", "2", "4"], ["3", "9", "1"])
    ]


def test_a_programs_own_class_and_rules_and_warm_start(tmp_path: Path) -> None:
    program = program_in(tmp_path)
    program.write(
        {
            "mine.py": """
                class Told:
                    def __init__(self, space, *, seed):
                        self.told = []

                    def tell(self, number, flags, values):
                        self.told.append(values[0])

                    def ask(self, number, running):
                        return {"x": len(self.told) / 8}
            """
        }
    )
    words = ("train.py", "-m", SWEEPER)
    program.python(*words, "x=0.25,0.75")
    search = ("x=interval(0,1)", "+optimizer=mine.Told", "+warm_start=all", "+max_trials=9")
    rule = "hydra.sweeper.stop=[{objective: '< 1.3'}]"
    said = program.python(*words, *search, rule).said
    assert "No more trials are started: result < 1.3" in said
    assert [one["flags"]["x"] for one in program.trials()] == [0.25, 0.375, 0.5]


def test_a_config_group_of_an_options_name_is_hydras(tmp_path: Path) -> None:
    program = program_in(tmp_path)
    program.write({f"conf/optimizer/{name}.yaml": f"name: {name}\n" for name in ("sgd", "adam")})
    words = ("+optimizer=sgd,adam", "n=range(0,50)", "hydra.sweeper.optimizer=random")
    lines = program.python("train.py", "-m", SWEEPER, *words, "+print_trials=true").lines
    assert len(lines) == 1 + 20
    assert {line.split()[1] for line in lines[1:]} == {"sgd", "adam"}


@pytest.mark.long
@needs("optuna")
def test_a_programs_search_is_the_same_under_each_launcher(tmp_path: Path) -> None:
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


@needs("optuna")
def test_a_programs_search_that_is_killed_goes_on(tmp_path: Path) -> None:
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
