"""A folder with a `@hydra.main` program, and the command lines that a user would type."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from tests.scenarios.forked import Result, run_forked
from tests.scenarios.project import Listed, Project

SWEEPER = "hydra/sweeper=runner"


class Program(Project):
    """A folder with a program in it. Warnings of Hydra's own future are left out."""

    def python(self, *words: str, status: int | None = 0, **environment: str) -> Result:
        """Run a script, the first of these words, to its end; it has to end with `status`."""
        result = run_forked(words, self.folder, self._environment(environment), what="script")
        assert status is None or result.returncode == status, f"{words}\n{result.out}{result.err}"
        return result

    @contextmanager
    def python_at_work(self, *words: str, **environment: str) -> Iterator[psutil.Process]:
        """Start Python with these words, and kill it with all its processes afterwards."""
        with subprocess.Popen(
            [sys.executable, "-W", "ignore", *words],
            cwd=self.folder,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield psutil.Process(process.pid)
            finally:
                kill_tree(process.pid)

    def trials(self) -> list[Listed]:
        """The trials of the newest batch, in the order of its plan."""
        runs = {run["id"]: run for run in self.runs()}
        return [runs[run_id] for run_id in self.newest("batch")["trials"]]

    def statuses(self, flag: str) -> dict[Any, str]:
        """The status of each trial of the newest batch, by the value of a flag."""
        return {trial["flags"][flag]: trial["status"] for trial in self.trials()}

    def text(self, name: str) -> str:
        """A file of the folder; nothing if it is not there."""
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else ""


def kill_tree(pid: int) -> None:
    """Kill a process and everything that descends from it, at once."""
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in tree:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGSTOP)
    with suppress(psutil.NoSuchProcess):
        tree = list({*tree, *root.children(recursive=True)})
    for process in tree:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs([process for process in tree if process.pid != pid], timeout=10)


def make_program(folder: Path, files: dict[str, str]) -> Program:
    """A new program of these files, in a folder of its own."""
    program = Program(folder, {"HYDRA_FULL_ERROR": "0", "PYTHONPATH": os.pathsep.join(())})
    program.write(files)
    return program
