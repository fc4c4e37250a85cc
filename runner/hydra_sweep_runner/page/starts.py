"""Restarts that were asked for on the page: the commands themselves, in processes of their own.

They go on when the page ends: each is a session of its own, as if it had been typed elsewhere.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import StoreFailed
from hydra_sweep_runner.terminal.render import last_lines

_TAIL_BYTES = 8192
_MOST_KEPT = 20
_LOOK_S = 0.05


@dataclass(frozen=True, kw_only=True)
class StartedCommand:
    """A command that was started: `command` is the line that it stands for."""

    number: int
    command: str
    process: subprocess.Popen[bytes]
    said: IO[bytes]

    def json(self) -> dict[str, Any]:
        """As JSON: `status` is null while it is at work; `said` are its last lines."""
        return {
            "number": self.number,
            "command": self.command,
            "pid": self.process.pid,
            "status": self.process.poll(),
            "said": last_lines(self._tail()),
        }

    def _tail(self) -> bytes:
        size = os.fstat(self.said.fileno()).st_size
        return os.pread(self.said.fileno(), _TAIL_BYTES, max(0, size - _TAIL_BYTES))


class Starts:
    """The commands that this page has started. Threads may share it."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._lock = threading.Lock()
        self._starts: list[StartedCommand] = []
        self._count = 0

    def start(self, words: Sequence[str], command: str) -> StartedCommand:
        """Start `runner …` or `python …`, by this Python, in the project's folder. `command` is
        the line to be shown. Raises StoreFailed if that cannot be done."""
        program, *others = words
        module = ["-m", "hydra_sweep_runner"] if program == "runner" else []
        said = tempfile.TemporaryFile(prefix="runner-page-")  # noqa: SIM115 - the process has it
        try:
            process = subprocess.Popen(
                [sys.executable, *module, *others],
                cwd=self._project,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )
        except OSError as error:
            said.close()
            raise StoreFailed(f"cannot start {command}: {error.strerror}") from error
        # The thread has the process until it ends, also when the page forgets it: a process that
        # nobody waits for would stay in the process table.
        threading.Thread(target=process.wait, name=f"wait for {process.pid}", daemon=True).start()
        with self._lock:
            self._count += 1
            started = StartedCommand(
                number=self._count, command=command, process=process, said=said
            )
            self._starts.append(started)
            while len(self._starts) > _MOST_KEPT and self._starts[0].process.poll() is not None:
                self._starts.pop(0).said.close()
        return started

    def wait(self, started: StartedCommand, is_at_work: Callable[[], bool], most_s: float) -> None:
        """Wait until the command has ended or is at work, so that a mistake in it is told; but
        not longer than so many seconds."""
        last_s = time.monotonic() + most_s
        while started.process.poll() is None and time.monotonic() < last_s:
            if is_at_work():
                return
            time.sleep(_LOOK_S)

    def close(self) -> None:
        """Forget all of them; they go on."""
        with self._lock:
            for started in self._starts:
                started.said.close()
            self._starts.clear()

    def json(self) -> list[dict[str, Any]]:
        """All of them, the last first."""
        with self._lock:
            return [started.json() for started in reversed(self._starts)]
