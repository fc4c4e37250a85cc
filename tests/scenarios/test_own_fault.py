"""A failure that is the runner's own fault is told from the user's, and leaves the store fine."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.forked import Result
from tests.scenarios.project import Project

SECRET = "correct-horse-battery-staple"

FILES = {
    "conf/config.yaml": """
        operation: {command: [echo, "${token}"]}
        token: ${oc.env:THE_TOKEN}
        x: 1
        hydra: {launcher: {n_jobs: 1}}
    """
}

#: The command with a function in it that fails as no function should.
BROKEN = """
import os, sys
import {module} as module

def broken(*_, **__):
    private = os.environ["THE_TOKEN"]
    raise KeyError("no entry for " + private + "\\x1b[31m")

module.{function} = broken
from hydra_sweep_runner.cli.main import main
main()
"""


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project(FILES, THE_TOKEN=SECRET)


def _run(project: Project, folder: Path, where: str, *words: str) -> Result:
    module, _, function = where.rpartition(".")
    code = BROKEN.format(module=module, function=function)
    ended = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=project.folder,
        env={**os.environ, **project.environment, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return Result(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("hydra_sweep_runner.cli.world.find_project", []),
        ("hydra_sweep_runner.commands.start.plan_sweep.plan_trials", ["-m", "x=1,2"]),
        pytest.param(
            "hydra_sweep_runner.commands.start.batch.reconcile",
            ["+restart={batch}"],
            marks=pytest.mark.long,
        ),
        pytest.param(
            "hydra_sweep_runner.commands.start.single.make_task",
            ["+restart={run}"],
            marks=pytest.mark.long,
        ),
        pytest.param(
            "hydra_sweep_runner.commands.start.carry_out.initialized_line",
            ["-m", "x=5,6", "+init_trials=true"],
            marks=pytest.mark.long,
        ),
        pytest.param(
            "hydra_sweep_runner.commands.start.trial_source.initialized_line",
            ["-m", "x=7,8"],
            marks=pytest.mark.long,
        ),
        pytest.param(
            "hydra_sweep_runner.execute.attempt.supervise._run_attempts",
            ["x=9"],
            marks=pytest.mark.long,
        ),
        (
            "hydra_sweep_runner.execute.attempt.supervise._run_attempts",
            ["-m", "x=9,10", "hydra.launcher.n_jobs=2"],
        ),
        ("hydra_sweep_runner.commands.runs.listing.list_table", ["runs", "list"]),
        pytest.param(
            "hydra_sweep_runner.commands.runs.show.show_lines",
            ["runs", "show", "{run}"],
            marks=pytest.mark.long,
        ),
        pytest.param(
            "hydra_sweep_runner.commands.runs.delete.delete_runs",
            ["runs", "delete", "{run}", "--yes"],
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_bug_is_told_with_the_file_that_holds_its_traceback(
    project: Project, tmp_path: Path, where: str, words: list[str]
) -> None:
    project.run("x=3")
    project.run("-m", "x=1,2")
    ids = {kind: project.newest(kind)["id"] for kind in ("run", "batch")}
    before = project.runs()

    result = _run(project, tmp_path, where, *(word.format(**ids) for word in words))

    assert result.returncode == 70
    assert "Traceback" not in result.err
    line = result.said[-1]
    told = re.fullmatch(
        r"runner: this is a bug of the runner, not of yours \(KeyError: (.*)\); "
        r"please report it with (.*)",
        line,
    )
    assert told is not None, result.err
    assert line.isprintable()
    (file,) = tmp_path.iterdir()
    assert told[2] == str(file)
    trace = file.read_text()
    assert "Traceback (most recent call last):" in trace
    assert "in broken" in trace
    assert SECRET not in result.err + trace
    assert "${oc.env:THE_TOKEN}" in trace
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    known = {run["id"]: run for run in before}
    for run in project.runs():
        assert run["status"] in ("completed", "pending", "terminated")
        if run["id"] not in (ids["batch"], ids["run"]) and run["id"] in known:
            assert run == known[run["id"]]
    for name in ("run", "batch"):
        project.run(f"+restart={ids[name]}")
        assert project.show(ids[name])["status"] == "completed"
    assert list(tmp_path.iterdir()) == [file]


def test_a_trials_own_failure_is_no_bug_of_the_runner(project: Project, tmp_path: Path) -> None:
    project.write({"conf/config.yaml": "operation: {command: ['false']}\n"})
    assert project.run(status=1, TMPDIR=str(tmp_path)).said[0].endswith("output.log)")
    assert list(tmp_path.iterdir()) == []
