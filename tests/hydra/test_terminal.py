"""What a Hydra program's batch shows on a terminal, under our launcher and under others."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.hydra.program import SWEEPER, Program, make_program

PROGRAM = """
    import time
    import hydra

    @hydra.main(version_base="1.3", config_path="conf", config_name="config")
    def main(cfg):
        for number in range(3):
            time.sleep(0.25)  # the progress line is drawn ten times a second
            print("line", number, flush=True)

    main()
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return make_program(tmp_path, {"train.py": PROGRAM, "conf/config.yaml": "x: 1\n"})


def _screen(program: Program, *words: str) -> str:
    command = [sys.executable, "-W", "ignore", "train.py", "-m", SWEEPER, "x=1,2", *words]
    status, screen = program.on_terminal(command)
    assert status == 0, screen
    return screen


def test_lines_of_jobs_that_a_hydra_launcher_runs_stand_alone(program: Program) -> None:
    lines = re.split(r"[\r\n]+", _screen(program))
    assert [line for line in lines if "line " in line] == [f"line {n}" for n in (0, 1, 2)] * 2
    assert any(line.endswith(": 2 trials, 2 completed") for line in lines)


def test_our_launcher_has_a_progress_line_and_never_hides_the_cursor(program: Program) -> None:
    screen = _screen(program, "hydra/launcher=runner", "hydra.launcher.n_jobs=1")
    assert "1 running" in screen
    assert "\x1b[?25l" not in screen
