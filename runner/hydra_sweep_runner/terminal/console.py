"""The terminal: the runner's lines go to standard error, results and operations' output to their
streams.

On a terminal there is a progress bar below the lines; elsewhere all output is plain.
"""

from __future__ import annotations

import errno
import os
import select
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, TextIO, TypeGuard

from hydra_sweep_runner.errors import OutputFailed, RunnerError
from hydra_sweep_runner.exit_status import BUG, CLOSED_PIPE, INTERRUPTED
from hydra_sweep_runner.record.redaction import redact_all
from hydra_sweep_runner.terminal.background import Background
from hydra_sweep_runner.terminal.render import escape
from hydra_sweep_runner.terminal.reporter import Stream
from hydra_sweep_runner.terminal.streams import given_up_line, lead_nowhere

if TYPE_CHECKING:
    from hydra_sweep_runner.terminal.progress import ProgressLine

#: The size that a queued block of output counts as. Each has an open file, so few may be queued.
_BLOCK_BYTES = 1 << 17


class Console:
    """A Reporter on this process's standard streams. Safe to call from threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._bar: ProgressLine | None = None
        self._background: Background | None = None
        self._is_stuck = False  # the reader does not read, and a thread hangs in a write
        self._partial: dict[Stream, bytes] = {"stdout": b"", "stderr": b""}
        #: The first line of the last message; empty if an operation's output followed it.
        self.last_said = ""
        # Recorded now, because isatty() fails once the terminal is gone.
        self._terminals = [s.fileno() for s in (sys.stdout, sys.stderr) if s.isatty()]

    @property
    def is_one_place(self) -> bool:
        """Whether standard output and standard error go to the same place, so that lines need not
        be printed on both."""
        try:
            return os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
        except (OSError, ValueError):
            return False

    @property
    def is_watched(self) -> bool:
        """Whether lines go to a terminal, where a person may read them."""
        return sys.stderr.isatty()

    def say(self, *lines: str) -> None:
        """Print lines of the runner itself to standard error, with nothing between them."""
        self._do(partial(self._say, lines))

    def _say(self, lines: Sequence[str]) -> None:
        text = "\n".join(map(escape, lines))
        self.last_said = lines[0] if lines else ""
        with self._lock, self._surviving():
            if self._bar is not None:
                self._bar.print(text)
            else:
                self._write("stderr", _encoded(f"{text}\n", sys.stderr))  # in one write

    def result(self, line: str) -> None:
        """Print a line of the command's result to standard output."""
        self._do(partial(self._result, escape(line)))

    def _result(self, line: str) -> None:
        with self._lock:
            try:
                _write(sys.stdout, _encoded(f"{line}\n", sys.stdout))
            except BrokenPipeError:
                raise
            except OSError as error:
                raise OutputFailed.of(error) from error

    def output(self, stream: Stream, data: bytes) -> None:
        """Pass a piece of an operation's output on, unchanged."""
        self._do(partial(self._output, stream, data), len(data))

    def _output(self, stream: Stream, data: bytes) -> None:
        self.last_said = ""
        with self._lock, self._surviving():
            if self._bar is None or not _file(stream).isatty():
                self._write(stream, data)
                return
            lines = (self._partial[stream] + data).split(b"\n")
            self._partial[stream] = lines.pop()
            for line in lines:
                self._bar.print(line.decode("utf-8", "replace"))

    def block(self, pieces: Iterable[tuple[Stream, bytes]], head: str = "") -> None:
        """Pass the whole output of one trial on, with nothing between its pieces, preceded by the
        line `head` if there is any output."""
        self._do(partial(self._block, pieces, head), _BLOCK_BYTES)

    def _block(self, pieces: Iterable[tuple[Stream, bytes]], head: str) -> None:
        with self._lock:
            for number, (stream, data) in enumerate(pieces):
                if head and not number:
                    self._say([head])
                self._output(stream, data)
            self._end_partial_lines()

    @contextmanager
    def in_background(self, on_room: Callable[[], object]) -> Iterator[None]:
        """Inside the context, a thread writes everything, in order, so that callers do not wait for
        a reader. Leaving the context waits until all is written. The thread calls `on_room` when
        `is_behind` becomes false. Raises the errors of writing."""
        background = self._background = Background(on_room)
        try:
            yield
        finally:
            try:
                self._is_stuck = not background.close()
            finally:
                self._background = None

    @property
    def is_behind(self) -> bool:
        """Whether so much output is queued that producers should pause."""
        return self._background is not None and self._background.is_behind

    def hurry(self) -> None:
        """Stop waiting for readers; for a signal handler."""
        if self._background is not None:
            self._background.hurry()

    def _do(self, job: Callable[[], object], size_bytes: int = 0) -> None:
        background = self._background
        if background is not None:
            if size_bytes:
                background.check()
            background.put(job, size_bytes)
        elif not self._is_stuck:
            job()

    def begin(self, total: int, at_once: int | None) -> None:
        """Show on a terminal that `total` trials are to be executed, `at_once` side by side."""
        if sys.stderr.isatty():
            from hydra_sweep_runner.terminal.progress import ProgressLine

            self._bar = ProgressLine(total, at_once, self._surviving)

    def started(self) -> None:
        """Count a trial as running."""
        if self._bar is not None:
            self._bar.count(running=1)

    def ended(self, *, failed: bool) -> None:
        """Count a running trial as done."""
        if self._bar is not None:
            self._bar.count(running=-1, done=1, failed=int(failed))

    def best(self, text: str) -> None:
        """Show the values of the best trial so far."""
        if self._bar is not None:
            self._bar.best(text)

    def steps(self, text: str) -> None:
        """Show the progress of each step of a pipeline."""
        if self._bar is not None:
            self._bar.steps(text)

    def leave_terminal(self) -> None:
        """Redirect the streams that go to a terminal to /dev/null, because the terminal is gone."""
        lead_nowhere(*self._terminals)

    def _write(self, stream: Stream, data: bytes) -> None:
        """Write to a stream. If it cannot be written to, go on without it: the output is in the
        logs, and trials are not affected."""
        file = _file(stream)
        try:
            _write(file, data)
        except OSError as error:
            if error.errno == errno.EIO and self._terminals:
                raise  # the terminal is gone
            lead_nowhere(file.fileno())
            if stream == "stdout":
                self._say([given_up_line(error)])

    @contextmanager
    def _surviving(self) -> Iterator[None]:
        """Go on without the terminal if it turns out to be gone."""
        try:
            yield
        except OSError as error:
            if error.errno != errno.EIO or not self._terminals:
                raise
            self.leave_terminal()

    def finish(self) -> None:
        """Remove the progress bar."""
        if self._is_stuck:
            return
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


def _file(stream: Stream) -> TextIO:
    return sys.stdout if stream == "stdout" else sys.stderr


def _encoded(text: str, file: TextIO) -> bytes:
    return text.encode(file.encoding or "utf-8", file.errors or "backslashreplace")


def _write(file: TextIO, data: bytes) -> None:
    """Write to a standard stream.

    A stream that is a file is written to directly: a thread that hangs in the stream's own buffer
    would keep the interpreter from exiting.
    """
    file.flush()
    try:
        fd = file.fileno()
    except OSError:  # a replaced stream without a descriptor, as in a test or a notebook
        file.buffer.write(data)
        file.flush()
        return
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:  # another process made the shared pipe non-blocking
            select.select([], [fd], [])


def report_error(error: RunnerError) -> int:
    """Print an error's line to standard error, if possible, and return its exit status."""
    with suppress(OSError):
        print(f"runner: {escape(' '.join(str(error).split()))}", file=sys.stderr, flush=True)
    return error.exit_status


def report_end(error: BaseException) -> int:
    """Print what has ended a command as one line, if it needs one, and return the exit status.
    Called in the `except` that has caught the error."""
    if isinstance(error, RunnerError):
        return report_error(error)
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        lead_nowhere(sys.stdout.fileno())
        return CLOSED_PIPE
    if _is_of_output(error):
        lead_nowhere(sys.stdout.fileno())
        return report_error(OutputFailed.of(error))
    return report_bug()


def _is_of_output(error: BaseException) -> TypeGuard[OSError]:
    """Whether a command could not print: errors of the store are StoreFailed, and an error about a
    file has its name."""
    refusals = (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EIO,
        errno.EBADF,
        errno.ECONNRESET,
        errno.ESTALE,
    )
    return isinstance(error, OSError) and error.errno in refusals and error.filename is None


def flush_output() -> None:
    """Write what is buffered. A stream whose reader has gone leads nowhere from then on, so that it
    does not change the exit status."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            lead_nowhere(stream.fileno())


def report_bug() -> int:
    """Save the traceback of the current exception in a file, print the file's path, and return 70.

    Only this user can read the file. It shows lines of code and no variables, and neither the file
    nor the line contains values of the environment that may be secret.
    """
    import tempfile  # these imports take ten milliseconds, and only bugs need them
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
    return BUG
