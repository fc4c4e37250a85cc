"""What a start imports: each in a process of its own, which tells its modules at its end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.scenarios.project import Project

_TELL = "import json, sys\nprint('\\n' + json.dumps(sorted(sys.modules)))\n"

#: What takes long to import, or belongs to what is done later only.
HEAVY = {"cloudpickle", "joblib", "numpy", "rich", "scipy", "sklearn", "submitit"}

HYDRA = {"hydra", "omegaconf", "antlr4"}


def packages(code: str, folder: Path) -> set[str]:
    """The top-level packages that a process has imported after some lines of Python."""
    command = [sys.executable, "-c", f"{code}\n{_TELL}"]
    told = subprocess.check_output(command, cwd=folder, text=True, stderr=subprocess.STDOUT)
    return {name.partition(".")[0] for name in json.loads(told.splitlines()[-1])}


def runner(words: Iterable[str]) -> str:
    return f"from hydra_sweep_runner.cli.main import run\nassert run({list(words)!r}) == 0"


@pytest.mark.parametrize(
    "words",
    [["runs", "list"], ["runs", "list", "--json"], ["runs", "--help"], ["runs", "list", "-n", "3"]],
    ids=" ".join,
)
def test_lists_are_made_without_hydra(echo: Project, words: list[str]) -> None:
    echo.run()
    found = packages(runner(words), echo.folder)
    assert found & (HYDRA | HEAVY | {"psutil", "yaml", "tempfile", "traceback"}) == set()


def test_a_run_is_shown_and_deleted_without_hydra(echo: Project) -> None:
    echo.run()
    run_id = echo.newest("run")["id"]
    for words in (["runs", "show", run_id], ["runs", "delete", run_id, "--yes"]):
        assert packages(runner(words), echo.folder) & (HYDRA | HEAVY) == set()


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["--cfg", "job"]], ids=" ".join)
def test_what_hydra_answers_needs_hydra_and_little_else(echo: Project, words: list[str]) -> None:
    assert packages(runner(words), echo.folder) & (HEAVY | {"click"}) == set()


def test_a_preview_imports_nothing_that_it_does_not_use(echo: Project) -> None:
    words = ["-m", "x=1,2", "+print_trials=true"]
    assert packages(runner(words), echo.folder) & (HEAVY | {"click"}) == set()


_DISCOVERED = """
import hydra, hydra.plugins.launcher, hydra.plugins.sweeper
import json, sys
before = set(sys.modules)
import hydra_plugins.runner.launcher, hydra_plugins.runner.sweeper
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_hydra_discovers_our_plugins_without_importing_us(tmp_path: Path) -> None:
    """Every Hydra program on the machine pays for what they import."""
    told = subprocess.check_output([sys.executable, "-c", _DISCOVERED], cwd=tmp_path, text=True)
    assert json.loads(told) == [
        "hydra_plugins",
        "hydra_plugins.runner",
        "hydra_plugins.runner.launcher",
        "hydra_plugins.runner.sweeper",
    ]
