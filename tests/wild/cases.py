"""A folder as people have it, and the lines that they type there, carried out by bash.

`runner` and `python` are those of the interpreter that runs the tests, found by PATH as a user
finds them; every line of a `Folder` is a process of its own. In a `WarmFolder` a line that is
nothing but a command and its words is carried out in a fork of a process that has loaded
everything, which takes a tenth of the time: for tests that are not about how a process starts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

from tests.scenarios.forked import run_forked, run_typed

TIMEOUT_S = 120.0

#: Before a command: root, too, may then read and write only what the modes permit.
AS_NOBODY_SPECIAL = "setpriv --bounding-set=-dac_override,-dac_read_search -- " * (not os.geteuid())

# What would tell the processes something of the tests.
_NOT_PASSED = ("PYTHONPATH", "PYTEST_CURRENT_TEST", "PYTHONWARNINGS", "COLUMNS")


@dataclass(frozen=True)
class Typed:
    """How a line of bash ended, and what it wrote to each of its two streams."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines on standard output."""
        return self.out.splitlines()

    @property
    def said(self) -> list[str]:
        """The lines on standard error."""
        return self.err.splitlines()


class Folder:
    """A folder with files of a user's. `environment` is added to that of every line."""

    def __init__(self, path: Path, files: Mapping[str, str], **environment: str) -> None:
        self.path = path
        self.environment = environment
        self.write(files)

    def write(self, files: Mapping[str, str]) -> None:
        """Write text files, by their path in the folder; indented texts are dedented."""
        for name, text in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text).removeprefix("\n"), encoding="utf-8")

    def bash(self, line: str, status: int | None = 0, **environment: str) -> Typed:
        """Carry out a line to its end; it has to end with `status`, unless that is None."""
        return self.process(line, status, **environment)

    def process(self, line: str, status: int | None = 0, **environment: str) -> Typed:
        """`bash`, with processes of its own in any case."""
        ended = subprocess.run(
            ["bash", "-c", line],
            cwd=self.path,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
        typed = Typed(ended.returncode, ended.stdout, ended.stderr)
        told = f"$ {line}\nexit {typed.status}\n{typed.out}\n{typed.err}"
        assert status is None or typed.status == status, told
        return typed

    def mistake(self, line: str) -> str:
        """The one line that a mistake is told in; nothing is created by it."""
        before = self.runs()
        typed = self.bash(line, status=2)
        assert len(typed.said) == 1, typed.err
        assert self.runs() == before
        return typed.said[0]

    def runs(self) -> list[dict[str, Any]]:
        """What `runs list --json` gives, in the order of starting."""
        environment = self._environment({})
        listed = run_forked(("runs", "list", "--json"), self.path, environment)
        assert listed.returncode == 0, listed.err
        return list(reversed(json.loads(listed.out)))

    def trials(self) -> list[dict[str, Any]]:
        """All runs but the batches, in the order of starting."""
        return [run for run in self.runs() if run["kind"] != "batch"]

    def batches(self) -> list[dict[str, Any]]:
        """The batches, in the order of starting."""
        return [run for run in self.runs() if run["kind"] == "batch"]

    def results(self) -> list[Any]:
        """The results of all runs but the batches, in the order of starting."""
        return [run["result"] for run in self.trials()]

    def statuses(self) -> list[str]:
        """The statuses of all runs but the batches, in the order of starting."""
        return [run["status"] for run in self.trials()]

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        inherited = {name: text for name, text in os.environ.items() if name not in _NOT_PASSED}
        path = os.pathsep.join([str(Path(sys.executable).parent), inherited["PATH"]])
        return {**inherited, "PATH": path, **self.environment, **more}


class WarmFolder(Folder):
    """A folder in which commands are carried out in a process that is there already."""

    def bash(self, line: str, status: int | None = 0, **environment: str) -> Typed:
        """Carry out a line to its end; it has to end with `status`, unless that is None."""
        ended = run_typed(line, self.path, self._environment(environment))
        if ended is None:
            return super().bash(line, status, **environment)
        told = f"$ {line}\nexit {ended.returncode}\n{ended.out}\n{ended.err}"
        assert status is None or ended.returncode == status, told
        return Typed(ended.returncode, ended.out, ended.err)
