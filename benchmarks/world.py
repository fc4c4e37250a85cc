"""What is measured on: environments, scratch folders, and commands run to their end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from benchmarks.model import Size

_APPS = Path(__file__).parent / "apps"
_PEAK = Path(__file__).parent / "peak.py"
_VERSION = (
    "import sys, importlib.metadata as m\n"
    "print(m.version(sys.argv[1]), 'on Python', '.'.join(map(str, sys.version_info[:3])))"
)
_TOLD = 20  # lines of what a failed command wrote


class Failed(Exception):
    """A command that is measured did not work: its words, its status and what it wrote."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Environments, by the path of their Python, and a folder to work in.

    `ours` has the runner. `others` are those of the peers, by the name of their package.
    `disk` is another folder to work in, on a real disk where `folder` is in memory.
    """

    ours: Path
    others: Mapping[str, Path]
    folder: Path
    disk: Path
    size: Size
    environment: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def peers(self) -> Mapping[str, Path]:
        """Those of the others that are there and have the package."""
        return {name: python for name, python in self.others.items() if version(python, name)}

    @property
    def on_disk(self) -> World:
        """The same, working on the disk."""
        return replace(self, folder=self.disk)

    def new_folder(self) -> Path:
        """An empty folder."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def project(self, app: str) -> Path:
        """A new copy of one of the projects in `apps/`."""
        project = self.new_folder() / app
        shutil.copytree(_APPS / app, project, ignore=shutil.ignore_patterns("__pycache__", "runs"))
        return project

    def runner(self, *words: str) -> list[str]:
        """A command line of the runner."""
        return [str(self.ours.parent / "runner"), *words]

    def seconds(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> float:
        """How long a command takes, from its start to its end. Raises Failed."""
        begun = time.perf_counter()
        self._run(command, folder, environment or {})
        return time.perf_counter() - begun

    def peak_megabytes(self, command: Sequence[str], folder: Path) -> float:
        """The most memory that any one process of a command had at once (its largest resident
        set, as wait4 tells it). Raises Failed."""
        told = folder.parent / "peak"
        # By a small process in between: a child starts with its parent's peak for its own.
        helper = [sys.executable, "-ISs", str(_PEAK), str(told)]
        self._run([*helper, *command], folder, {})
        return int(told.read_text("ascii")) / 1e6

    def _run(self, command: Sequence[str], folder: Path, more: Mapping[str, str]) -> None:
        with tempfile.TemporaryFile(dir=self.folder) as output:
            ended = subprocess.run(
                command,
                cwd=folder,
                env={**_environment(), **self.environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
            if ended.returncode != 0:
                output.seek(0)
                wrote = output.read().decode(errors="replace").splitlines()[-_TOLD:]
                raise Failed("\n".join([f"{command}: exit {ended.returncode}", *wrote]))


def version(python: Path, package: str) -> str | None:
    """The version of a package and of Python in an environment, if it has the package."""
    if not python.exists():
        return None
    ended = subprocess.run(
        [python, "-c", _VERSION, package], capture_output=True, text=True, check=False
    )
    return ended.stdout.strip() if ended.returncode == 0 else None


def _environment() -> dict[str, str]:
    """That of this process without what would change how the measured ones behave."""
    strange = ("RUNNER_", "HYDRA_", "GUILD_", "PYTHON")
    return {name: value for name, value in os.environ.items() if not name.startswith(strange)}
