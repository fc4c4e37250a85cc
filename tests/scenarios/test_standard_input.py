"""What an operation reads: one run on its own has the terminal, a trial of a batch nothing."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project

BREAKS = {
    "conf/config.yaml": """
        operation: {script: a.py}
        x: 1
        hydra: {launcher: {n_jobs: 1}}
    """,
    "conf/function.yaml": "operation: {function: parts.ask}\nx: 1",
    "conf/command.yaml": 'operation: {command: [sh, -c, "read name; echo hello $name"]}',
    "conf/preload.yaml": "operation: {script: a.py, preload: [json]}\nx: 1",
    "a.py": """
        x = 1
        breakpoint()
        print("x is", x)
    """,
    "parts.py": """
        def ask(x):
            print("hello", input("who? "))
    """,
}


def typed_at(project: Project, typed: str, *words: str, status: int = 0) -> str:
    """Run a command in the foreground of a terminal where somebody types: its screen."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "hydra_sweep_runner", *words],
        cwd=project.folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        screen = b"".join(_pieces(ours)).decode(errors="replace")
        os.close(ours)
    assert process.returncode == status, screen
    return screen


def _pieces(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            yield os.read(terminal, 65536)
        except OSError:  # how Linux tells that the other side of a terminal is closed
            return


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    return make_project(BREAKS)


@pytest.mark.parametrize("config", ["config", "preload"])
def test_breakpoint_works_in_one_run_of_a_script(project: Project, config: str) -> None:
    screen = typed_at(project, "x = 40 + 2\nc\n", f"--config-name={config}")
    assert "(Pdb)" in screen
    assert "x is 42" in screen


@pytest.mark.parametrize("config", ["function", "command"])
def test_one_run_of_a_function_or_command_reads_from_the_terminal(
    project: Project, config: str
) -> None:
    assert "hello Ada" in typed_at(project, "Ada\n", f"--config-name={config}")


def test_a_restart_of_one_trial_reads_from_the_terminal(make_project: MakeProject) -> None:
    project = make_project(BREAKS)
    project.run("-m", "x=1", "+init_trials=true")
    trial = project.newest("trial")["id"]
    assert "x is 7" in typed_at(project, "x = 7\nc\n", f"+restart={trial}")


def test_a_trial_of_a_batch_has_nothing_to_read_and_a_line_says_so(project: Project) -> None:
    screen = typed_at(project, "x = 40 + 2\nc\n", "-m", "x=1,2", status=1)
    assert "x is 42" not in screen
    assert "a trial of a batch has nothing to read" in screen


def test_off_a_terminal_there_is_nothing_to_read(project: Project) -> None:
    with (project.folder / "given.txt").open("w+") as given:
        given.write("Ada\n")
        given.seek(0)
        ended = subprocess.run(
            [sys.executable, "-m", "hydra_sweep_runner", "--config-name=command"],
            cwd=project.folder,
            stdin=given,
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.stdout == "hello\n"


# ---- a command that is a file of the project


def test_a_command_that_is_not_there_is_answered_with_requires(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {command: [./run.sh]}\nx: 1",
            "conf/bare.yaml": "operation: {command: [run.sh]}\nx: 1",
            "run.sh": "#!/bin/sh\necho done\n",
        }
    )
    Path(project.folder, "run.sh").chmod(0o755)
    assert (
        project.run(status=127)
        .said[-1]
        .endswith("operation.requires: [run.sh] (a restart takes it by +refresh=true)")
    )
    assert project.run("--config-name=bare", status=2).said == [
        "runner: operation.command: the program 'run.sh' is not in PATH; a file of the project is "
        "written ./run.sh, and named in operation.requires: [run.sh]"
    ]
