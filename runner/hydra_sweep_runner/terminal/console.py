"""The terminal: lines to standard error, results and operations' output where they belong.

On a terminal there is a progress bar below the lines; elsewhere everything is plain.
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
from typing import TYPE_CHECKING, TextIO

from hydra_sweep_runner.errors import OutputFailed, RunnerError
from hydra_sweep_runner.record.redaction import redact_all
from hydra_sweep_runner.terminal.background import Background
from hydra_sweep_runner.terminal.render import escape
from hydra_sweep_runner.terminal.reporter import Stream
from hydra_sweep_runner.terminal.streams import lead_nowhere

if TYPE_CHECKING:
    from hydra_sweep_runner.terminal.progress import ProgressLine

#: What a block of output counts for: a few may wait to be written, each has a file open.
_BLOCK_BYTES = 1 << 17

#: What the process ends with after a failure that is the runner's own fault.
EXIT_BUG = 70

#: What a shell gives for a command that SIGPIPE has ended: nobody reads its output any more.
EXIT_CLOSED_PIPE = 141


class Console:
    """A Reporter on this process's standard streams. Safe to call from threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._bar: ProgressLine | None = None
        self._background: Background | None = None
        self._is_stuck = False  # nobody reads, and a thread hangs in writing
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

    @property
    def is_watched(self) -> bool:
        """Whether lines go to a terminal, so that somebody may look on."""
        return sys.stderr.isatty()

    def say(self, *lines: str) -> None:
        """Print lines of the runner's own, to standard error, nothing else in between."""
        self._do(partial(self._say, lines))

    def _say(self, lines: Sequence[str]) -> None:
        text = "\n".join(map(escape, lines))
        self.last_said = lines[0] if lines else ""
        with self._lock, self._surviving():
            if self._bar is not None:
                self._bar.print(text)
            else:
                self._write("stderr", _encoded(f"{text}\n", sys.stderr))  # in one piece

    def result(self, line: str) -> None:
        """Print a line of what was asked for, to standard output."""
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
        """Pass on a piece of an operation's output, unchanged."""
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
        """Pass on the whole output of one trial with nothing else in between, the line `head`
        before it if there is any output."""
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
        """While the context lasts, have everything written by a thread, in order, so that
        nobody waits for a reader; leaving waits until all is written. `on_room` is called by
        the thread when `is_behind` has come to an end. Raises what writing raises."""
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
        """Whether so much is still to be written that no more should be made."""
        return self._background is not None and self._background.is_behind

    def hurry(self) -> None:
        """Have nobody wait for a reader any longer; for a signal handler."""
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

    def best(self, text: str) -> None:
        """Show what the best trial so far has given."""
        if self._bar is not None:
            self._bar.best(text)

    def leave_terminal(self) -> None:
        """Have whatever stream leads to a terminal lead nowhere, as it is gone."""
        lead_nowhere(*self._terminals)

    def _write(self, stream: Stream, data: bytes) -> None:
        """Write, and go on without a stream that cannot be written to: what it would have shown
        is in the logs, and no trial is worth less for it."""
        file = _file(stream)
        try:
            _write(file, data)
        except OSError as error:
            if error.errno == errno.EIO and self._terminals:
                raise  # the terminal is gone
            lead_nowhere(file.fileno())
            if stream == "stdout":
                why = "nobody reads it any more" if error.errno == errno.EPIPE else error.strerror
                self._say([f"standard output is given up ({why}); the trials' logs have it all"])

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

    Where it is a file it is written to directly: a thread that hangs in the stream's own buffer
    would keep the interpreter from ending.
    """
    file.flush()
    try:
        fd = file.fileno()
    except OSError:  # a test's, or a notebook's
        file.buffer.write(data)
        file.flush()
        return
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:  # somebody else who has the pipe does not want to wait
            select.select([], [fd], [])


def tell_error(error: RunnerError) -> int:
    """Print an error's line to standard error, if it can be, and return its exit status."""
    with suppress(OSError):
        print(f"runner: {escape(' '.join(str(error).split()))}", file=sys.stderr, flush=True)
    return error.exit_status


def give_up_output() -> int:
    """Have nothing written any more where nobody reads, also not at the process's exit, and
    return the exit status for that."""
    lead_nowhere(sys.stdout.fileno())
    return EXIT_CLOSED_PIPE


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
