"""Restarts that were asked for on the page: the commands themselves, in processes of their own.

They go on when the page ends: each is a session of its own, as if it had been typed elsewhere.
Several commands of one action are run by a shell, one after the other.
"""

from __future__ import annotations

import os
import shlex
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
from hydra_sweep_runner.exit_status import HUNG_UP, INTERRUPTED, TERMINATED
from hydra_sweep_runner.terminal.output_tail import last_lines

_TAIL_BYTES = 8192
_MOST_KEPT = 20
_LOOK_S = 0.05
_STOPPED = (HUNG_UP, INTERRUPTED, TERMINATED)


@dataclass(frozen=True, kw_only=True)
class StartedCommands:
    """Commands that were started, one after the other: `lines` are what they stand for. `process`
    runs them; `count_begun` says how many of the runs that they restart have begun by now."""

    number: int
    lines: Sequence[str]
    process: subprocess.Popen[bytes]
    said: IO[bytes]
    count_begun: Callable[[], int]

    def said_lines(self) -> list[str]:
        """The last lines of what was said."""
        size = os.fstat(self.said.fileno()).st_size
        tail = os.pread(self.said.fileno(), _TAIL_BYTES, max(0, size - _TAIL_BYTES))
        return last_lines(tail)


class Starts:
    """The commands that this page has started. Threads may share it."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._lock = threading.Lock()
        self._starts: list[StartedCommands] = []
        self._count = 0
        self._not_begun: dict[int, int] = {}

    def start(
        self,
        commands: Sequence[Sequence[str]],
        lines: Sequence[str],
        count_begun: Callable[[], int],
    ) -> StartedCommands:
        """Start `runner …` or `python …`, by this Python, in the project's folder; several one
        after the other. `lines` are to be shown, one for each. Raises StoreFailed if that cannot
        be done."""
        by_python = list(map(_by_python, commands))
        words = by_python[0] if len(commands) == 1 else ["/bin/sh", "-c", _script(by_python, lines)]
        said = tempfile.TemporaryFile(prefix="runner-page-")  # noqa: SIM115 - the process has it
        try:
            process = subprocess.Popen(
                words,
                cwd=self._project,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )
        except OSError as error:
            said.close()
            raise StoreFailed(f"cannot start {lines[0]}: {error.strerror}") from error
        # The thread has the process until it ends, also when the page forgets it: a process that
        # nobody waits for would stay in the process table.
        threading.Thread(target=process.wait, name=f"wait for {process.pid}", daemon=True).start()
        with self._lock:
            self._count += 1
            started = StartedCommands(
                number=self._count,
                lines=lines,
                process=process,
                said=said,
                count_begun=count_begun,
            )
            self._starts.append(started)
            while len(self._starts) > _MOST_KEPT and self._starts[0].process.poll() is not None:
                forgotten = self._starts.pop(0)
                forgotten.said.close()
                self._not_begun.pop(forgotten.number, None)
        return started

    def wait(self, started: StartedCommands, most_s: float) -> bool:
        """Wait until a run has begun or the commands have ended, so that a mistake in them is told,
        but not longer than so many seconds; whether a run has begun."""
        last_s = time.monotonic() + most_s
        while started.process.poll() is None and time.monotonic() < last_s:
            if started.count_begun():
                return True
            time.sleep(_LOOK_S)
        return started.count_begun() > 0

    def close(self) -> None:
        """Forget all of them; they go on."""
        with self._lock:
            for started in self._starts:
                started.said.close()
            self._starts.clear()

    def json(self) -> list[dict[str, Any]]:
        """All of them as JSON, the last first: `status` is null while one is at work; `said` are
        its last lines; `not_begun` counts the runs of one that has ended which were not started,
        because the command was refused or the one before was stopped."""
        with self._lock:
            return [self._json(started) for started in reversed(self._starts)]

    def _json(self, started: StartedCommands) -> dict[str, Any]:
        status = started.process.poll()
        if status is not None and started.number not in self._not_begun:
            # with 0 there may have been nothing to do, which is no refusal
            missing = len(started.lines) - started.count_begun() if status else 0
            self._not_begun[started.number] = missing
        return {
            "number": started.number,
            "command": "\n".join(started.lines),
            "pid": started.process.pid,
            "status": status,
            "said": started.said_lines(),
            "not_begun": self._not_begun.get(started.number, 0),
        }


def _by_python(words: Sequence[str]) -> list[str]:
    program, *others = words
    module = ["-m", "hydra_sweep_runner"] if program == "runner" else []
    return [sys.executable, *module, *others]


def _script(commands: Sequence[Sequence[str]], lines: Sequence[str]) -> str:
    """A shell script that runs the commands in turn, each under its line. It ends with the greatest
    exit status, and at once where a command was stopped."""
    parts = ["worst=0"]
    for words, line in zip(commands, lines, strict=True):
        parts += [
            f"printf '%s\\n' {shlex.quote(f'$ {line}')} >&2",
            shlex.join(words),
            "status=$?",
            "[ $status -gt $worst ] && worst=$status",
            f"case $status in {'|'.join(map(str, _STOPPED))}) exit $status;; esac",
        ]
    return "\n".join([*parts, "exit $worst"])
