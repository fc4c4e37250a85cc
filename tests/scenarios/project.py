"""A project folder, and the commands that a user would type in it.

A command that is run to its end is carried out by a fork, see `forked`. One that is stopped,
killed or typed at is a process of its own, by the interpreter that runs the tests.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

from tests.scenarios.forked import TIMEOUT_S, Result, run_forked

#: What `runs list --json` says of one run.
Listed = dict[str, Any]


class Project:
    """A folder with `conf/` in it. `environment` is added to that of every command."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.environment = dict(environment or {})

    @property
    def store(self) -> Path:
        """The store as it is where nobody chose another."""
        return self.folder / "runs"

    def write(self, files: Mapping[str, str]) -> None:
        """Write text files, by their path in the project; indented texts are dedented."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text).removeprefix("\n"), encoding="utf-8")

    def run(self, *words: str, status: int | None = 0, **environment: str) -> Result:
        """Run a command to its end, its two streams apart.

        It has to end with `status`, unless that is None.
        """
        result = run_forked(words, self.folder, self._environment(environment))
        assert status is None or result.returncode == status, _told(words, result)
        return result

    def terminal(self, *words: str, status: int | None = 0, **environment: str) -> list[str]:
        """Run a command to its end: the lines of both streams, in the order of writing."""
        result = run_forked(words, self.folder, self._environment(environment), merged=True)
        assert status is None or result.returncode == status, _told(words, result)
        return result.lines

    def run_process(self, *words: str, status: int | None = 0, **environment: str) -> Result:
        """`run` in a process of its own, where it matters how Python starts."""
        ended = subprocess.run(
            _command(words),
            cwd=self.folder,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        result = Result(ended.returncode, ended.stdout, ended.stderr)
        assert status is None or result.returncode == status, _told(words, result)
        return result

    @contextmanager
    def at_work(self, *words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command in a process group of its own, and end the group afterwards."""
        with subprocess.Popen(
            _command(words),
            cwd=self.folder,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, 9)

    def answer(self, *words: str, typed: str, columns: int = 80) -> tuple[int, str]:
        """Run a command on a terminal where somebody types: exit status and screen."""
        return self.on_terminal(_command(words), typed, columns)

    def on_terminal(
        self, command: list[str], typed: str = "", columns: int = 80
    ) -> tuple[int, str]:
        """Run any program on a terminal where somebody types: exit status and screen."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._environment({}),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        ) as process:
            os.close(theirs)
            os.write(ours, typed.encode())
            screen = b"".join(_read_all(ours))
            os.close(ours)
        return process.returncode, screen.decode(errors="replace")

    def runs(self, *words: str, **environment: str) -> list[Listed]:
        """What `runs list --json` gives: all runs, the newest first."""
        listed = json.loads(self.run("runs", "list", "--json", *words, status=0, **environment).out)
        assert isinstance(listed, list)
        return listed

    def show(self, run_id: str, **environment: str) -> Listed:
        """What `runs show --json` gives of one run."""
        shown = json.loads(self.run("runs", "show", run_id, "--json", status=0, **environment).out)
        assert isinstance(shown, dict)
        return shown

    def newest(self, kind: str) -> Listed:
        """The newest run of a kind: `run`, `trial` or `batch`."""
        return next(run for run in self.runs() if run["kind"] == kind)

    def delete(self, *run_ids: str) -> list[str]:
        """Delete runs without being asked."""
        return self.terminal("runs", "delete", *run_ids, "--yes")

    def delete_all(self) -> list[str]:
        """Delete every run there is."""
        return self.delete(*(run["id"] for run in self.runs()))

    def table(self, *words: str, **environment: str) -> list[str]:
        """The plan that `print_trials` gives for these words."""
        return self.run(*words, "+print_trials=true", status=0, **environment).lines

    def tree(self) -> dict[str, tuple[str, bytes]]:
        """Every file, folder and link of the project, with what is in it."""
        return {
            str(path.relative_to(self.folder)): _content(path)
            for path in sorted(self.folder.rglob("*"))
        }

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        return {**os.environ, **self.environment, **more}


def _command(words: Iterable[str]) -> list[str]:
    return [sys.executable, "-m", "hydra_sweep_runner", *words]


def _told(words: Iterable[str], result: Result) -> str:
    return f"runner {' '.join(words)}: exit {result.returncode}\n{result.out}\n{result.err}"


def _read_all(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how Linux tells that the other side of a terminal is closed
            return
        if not piece:
            return
        yield piece


def _content(path: Path) -> tuple[str, bytes]:
    if path.is_symlink():
        return "link", os.fsencode(path.readlink())
    if path.is_dir():
        return "folder", b""
    return "file", path.read_bytes()


def lines(text: str) -> list[str]:
    """The lines of an indented text."""
    return dedent(text).strip("\n").splitlines()


def without_ids(printed: Iterable[str]) -> list[str]:
    """The lines as they would be if runs had no ids."""
    return [re.sub(r" [0-9a-f]{8}\b", "", line) for line in printed]


def listing(runs: Iterable[Listed], *, status: bool = False) -> list[str]:
    """A line for each run: operation (`+` for a batch), flags, and the status if wanted."""
    return [" ".join(_listed_words(run, status)) for run in runs]


def _listed_words(run: Listed, status: bool) -> Iterator[str]:
    batch = run["kind"] == "batch"
    yield f"{run['operation']}+" if batch else run["operation"]
    if not batch:
        yield from (f"{name}={value}" for name, value in run["flags"].items())
    if status:
        yield run["status"]


def ids(runs: Iterable[Listed]) -> list[str]:
    """The runs' ids, in their order."""
    return [run["id"] for run in runs]


def by_flag(runs: Iterable[Listed], name: str) -> dict[Any, Listed]:
    """The runs that are no batches, by the value of one flag."""
    return {run["flags"][name]: run for run in runs if run["kind"] != "batch"}


def wait_until(true: Callable[[], object]) -> None:
    """Wait until something holds, or fail."""
    last = time.monotonic() + TIMEOUT_S
    while not true():
        assert time.monotonic() < last, "waited in vain"
        time.sleep(0.02)
