"""The terminal: lines to standard error, results and operations' output where they belong.

On a terminal there is a progress bar below the lines; elsewhere everything is plain.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from hydra_sweep_runner.errors import RunnerError
from hydra_sweep_runner.record.redaction import redact_all
from hydra_sweep_runner.terminal.render import escape
from hydra_sweep_runner.terminal.reporter import Stream

if TYPE_CHECKING:
    from hydra_sweep_runner.terminal.progress import ProgressLine

#: What the process ends with after a failure that is the runner's own fault.
EXIT_BUG = 70


class Console:
    """A Reporter on this process's standard streams. Safe to call from threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._bar: ProgressLine | None = None
        self._partial: dict[Stream, bytes] = {"stdout": b"", "stderr": b""}
        #: The first line of what was said last; nothing if an operation's output came since.
        self.last_said = ""
        # Of a terminal that is gone it cannot be told any more that it was one.
        self._terminals = [s.fileno() for s in (sys.stdout, sys.stderr) if s.isatty()]

    @property
    def is_one_place(self) -> bool:
        """Whether both streams lead to the same place, so that nothing need be said twice."""
        try:
            return os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
        except (OSError, ValueError):
            return False

    def say(self, *lines: str) -> None:
        """Print lines of the runner's own, to standard error, nothing else in between."""
        text = "\n".join(map(escape, lines))
        self.last_said = lines[0] if lines else ""
        with self._lock, self._surviving():
            if self._bar is not None:
                self._bar.print(text)
            else:
                print(f"{text}\n", end="", file=sys.stderr, flush=True)  # in one piece

    def result(self, line: str) -> None:
        """Print a line of what was asked for, to standard output."""
        with self._lock:
            print(escape(line), file=sys.stdout, flush=True)

    def output(self, stream: Stream, data: bytes) -> None:
        """Pass on a piece of an operation's output, unchanged."""
        self.last_said = ""
        with self._lock, self._surviving():
            if self._bar is None or not _stream(stream).isatty():
                _write(stream, data)
                return
            lines = (self._partial[stream] + data).split(b"\n")
            self._partial[stream] = lines.pop()
            for line in lines:
                self._bar.print(line.decode("utf-8", "replace"))

    def block(self, pieces: Iterable[tuple[Stream, bytes]]) -> None:
        """Pass on the whole output of one trial with nothing else in between."""
        with self._lock:
            for stream, data in pieces:
                self.output(stream, data)
            self._end_partial_lines()

    def begin(self, total: int) -> None:
        """Show that `total` trials are to be executed, where somebody looks."""
        if sys.stderr.isatty():
            from hydra_sweep_runner.terminal.progress import ProgressLine

            self._bar = ProgressLine(total, self._surviving)

    def started(self) -> None:
        """Count a trial as running."""
        if self._bar is not None:
            self._bar.count(running=1)

    def ended(self, *, failed: bool) -> None:
        """Count a trial that was running as done."""
        if self._bar is not None:
            self._bar.count(running=-1, done=1, failed=int(failed))

    def leave_terminal(self) -> None:
        """Have whatever stream leads to a terminal lead nowhere, as it is gone."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for fd in self._terminals:
            os.dup2(nowhere, fd)
        os.close(nowhere)

    @contextmanager
    def _surviving(self) -> Iterator[None]:
        """Go on without a terminal that turns out to be gone."""
        try:
            yield
        except OSError as error:
            if error.errno != errno.EIO or not self._terminals:
                raise
            self.leave_terminal()

    def finish(self) -> None:
        """Take the progress bar away."""
        with self._lock:
            self._end_partial_lines()
            if self._bar is not None:
                self._bar.close()
                self._bar = None

    def _end_partial_lines(self) -> None:
        for stream, rest in self._partial.items():
            if rest and self._bar is not None:
                self._bar.print(rest.decode("utf-8", "replace"))
            self._partial[stream] = b""


def _stream(stream: Stream) -> BinaryIO:
    return sys.stdout.buffer if stream == "stdout" else sys.stderr.buffer


def _write(stream: Stream, data: bytes) -> None:
    target = _stream(stream)
    target.write(data)
    target.flush()


def tell_error(error: RunnerError) -> int:
    """Print an error's line to standard error and return its exit status."""
    print(f"runner: {escape(' '.join(str(error).split()))}", file=sys.stderr)
    return error.exit_status


def tell_bug() -> int:
    """Keep the traceback of the exception at hand in a file, say where, and return 70.

    Only this user can read the file. It shows the lines of code and no variables, and neither
    file nor line shows what may be a secret of the environment.
    """
    import tempfile  # these take ten milliseconds, and no list is a bug
    import traceback

    handle, path = tempfile.mkstemp(prefix="runner-bug-", suffix=".txt", text=True)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(redact_all(traceback.format_exc(), os.environ))
    kind, value, _ = sys.exc_info()
    name = "error" if kind is None else kind.__name__
    said = escape(" ".join(redact_all(str(value), os.environ).split()))
    print(
        f"runner: this is a bug of the runner, not of yours ({name}: {said}); please report "
        f"it with {path}",
        file=sys.stderr,
    )
    return EXIT_BUG
