"""A trial's output: its pipes, its log, and which bytes of the log came from which stream."""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Protocol

from hydra_sweep_runner.store import layout
from hydra_sweep_runner.terminal.reporter import Stream

#: How much of the end of a log is read for the lines on a failure.
TAIL_BYTES = 8192
_CHUNK_BYTES = 1 << 16
# The largest capacity of a pipe for users without privileges. What comes after this many bytes
# was written after the trial's end.
_MOST_LEFT_BYTES = 1 << 20
_MOST_RUNS_IN_MEMORY = 1 << 16
_STREAMS: tuple[Stream, Stream] = ("stdout", "stderr")

Show = Callable[[Stream, bytes], None]
#: Receives the bytes that come on stdout (0) or stderr (1).
Listen = Callable[[int, bytes], None]


class Screen(Protocol):
    """Shows trials' output: the part of `terminal.reporter.Reporter` that execution needs."""

    def output(self, stream: Stream, data: bytes) -> None:
        """Pass a piece of an operation's output on, unchanged."""
        ...

    def block(self, pieces: Iterable[tuple[Stream, bytes]], head: str = "") -> None:
        """Pass the whole output of one trial on, with nothing between its pieces, preceded by
        `head` if there is any output."""
        ...

    def say(self, *lines: str) -> None:
        """Print lines of the runner itself."""
        ...

    @property
    def is_behind(self) -> bool:
        """Whether so much output waits to be shown that no more should be read."""
        ...


class BackgroundScreen(Screen, Protocol):
    """A Screen that shows output in a thread of its own."""

    def in_background(self, on_room: Callable[[], object]) -> AbstractContextManager[None]:
        """Inside the context, callers do not wait for a reader; leaving the context waits until all
        output is shown. `on_room` is called, in any thread, when `is_behind` becomes false."""
        ...

    def hurry(self) -> None:
        """Stop waiting for readers; callable from a signal handler."""
        ...


class Output:
    """The output of one attempt, read from two pipes into a new log.

    `show`, if given, gets every piece as it comes, and so does `listen`. `pieces` returns the whole
    output again. The log is written unbuffered as the pieces come. If that fails, `error` has the
    reason, and the output is read and shown nevertheless, so that the trial is not held up. Do not
    read while `is_behind` is true: the screen cannot take more.
    """

    def __init__(self, log: Path, show: Show | None, listen: Listen | None = None) -> None:
        self._log = os.open(log, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        self._show = show
        self._listen = listen
        self._runs = _Runs()
        self._writers: list[int] = []
        self._streams: dict[int, int] = {}
        self.error: OSError | None = None
        self.is_behind: Callable[[], bool] = lambda: False
        try:
            for number in range(len(_STREAMS)):
                reader, writer = os.pipe()
                self._streams[reader] = number
                self._writers.append(writer)
                os.set_blocking(reader, False)
        except OSError:
            self.close()
            raise

    @property
    def writers(self) -> tuple[int, int]:
        """The write ends for the trial's stdout and stderr, until `forget_writers`."""
        stdout, stderr = self._writers
        return stdout, stderr

    @property
    def readers(self) -> list[int]:
        """The descriptors that are still open for reading."""
        return list(self._streams)

    def forget_writers(self) -> None:
        """Close our copies of the write ends, once the trial has its own, so that the pipes can
        end."""
        while self._writers:
            os.close(self._writers.pop())

    def read(self, reader: int) -> int:
        """Read a chunk; returns its size in bytes. At the end of the pipe the reader is closed."""
        try:
            data = os.read(reader, _CHUNK_BYTES)
        except BlockingIOError:
            return 0
        if not data:
            del self._streams[reader]
            os.close(reader)
            return 0
        number = self._streams[reader]
        self._keep(number, data)
        if self._listen is not None:
            self._listen(number, data)
        if self._show is not None:
            self._show(_STREAMS[number], data)
        return len(data)

    def drain(self) -> None:
        """Read everything that is in the pipes now, even if other processes hold the write ends
        open."""
        for reader in self.readers:
            left_bytes = _MOST_LEFT_BYTES
            while left_bytes > 0 and (count := self.read(reader)):
                left_bytes -= count

    def pieces(self) -> Iterator[tuple[Stream, bytes]]:
        """The whole output, in the order in which it came, in pieces of bounded size. May be called
        once; the pieces may be read after this is closed."""
        runs, self._runs = self._runs, _Runs()
        return _pieces(os.dup(self._log), runs)

    def tail(self, size_bytes: int) -> bytes:
        """The log's last bytes."""
        end = os.fstat(self._log).st_size
        return os.pread(self._log, size_bytes, max(0, end - size_bytes))

    def tail_of(self, stream: Stream, size_bytes: int) -> bytes:
        """The part of the log's last bytes that came from one stream. To be called before
        `pieces`."""
        tail = self.tail(size_bytes)
        kept: list[bytes] = []
        end = len(tail)
        for number, size in self._runs.last():
            begin = max(0, end - size)
            if _STREAMS[number] == stream:
                kept.append(tail[begin:end])
            end = begin
            if not end:
                break
        return b"".join(reversed(kept))

    def close(self) -> None:
        """Close the log and the pipes that are open."""
        self.forget_writers()
        for fd in (*self._streams, self._log):
            os.close(fd)
        self._streams.clear()
        self._runs.close()

    def _keep(self, number: int, data: bytes) -> None:
        if self.error is not None:
            return
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._log, rest) :]
        except OSError as error:
            self.error = error
        self._runs.add(number, len(data) - len(rest))


def _pieces(log: int, runs: _Runs) -> Iterator[tuple[Stream, bytes]]:
    """The pieces of a log, which is closed after the last one."""
    offset = 0
    try:
        for number, size in runs:
            end = offset + size
            while offset < end:
                data = os.pread(log, min(_CHUNK_BYTES, end - offset), offset)
                if not data:
                    return
                yield _STREAMS[number], data
                offset += len(data)
    finally:
        os.close(log)
        runs.close()


class _Runs:
    """The lengths of the alternating sections of the two streams, stdout first, in bounded
    memory."""

    def __init__(self) -> None:
        self._sizes = array("Q", [0])
        self._number = 0  # the stream of the last section
        self._file: IO[bytes] | None = None

    def add(self, number: int, size: int) -> None:
        """Add so many bytes of that stream."""
        if number == self._number:
            self._sizes[-1] += size
            return
        if len(self._sizes) >= _MOST_RUNS_IN_MEMORY:
            self._spill()
        self._sizes.append(size)
        self._number = number

    def __iter__(self) -> Iterator[tuple[int, int]]:
        number = 0
        for size in self._all():
            yield number, size
            number = 1 - number

    def last(self) -> Iterator[tuple[int, int]]:
        """The sections that are in memory, the last one first."""
        number = self._number
        for size in reversed(self._sizes):
            yield number, size
            number = 1 - number

    def close(self) -> None:
        """Close the temporary file."""
        if self._file is not None:
            self._file.close()

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._sizes.tofile(self._file)
        self._sizes = array("Q")

    def _all(self) -> Iterator[int]:
        if self._file is not None:
            self._file.seek(0)
            while part := self._file.read(_CHUNK_BYTES):
                yield from array("Q", part)
        yield from self._sizes


def tail_of(run_dir: Path) -> bytes:
    """The last bytes of a run's log; empty if there is no readable log."""
    try:
        with (run_dir / layout.LOG).open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - TAIL_BYTES))
            return log.read(TAIL_BYTES)
    except OSError:
        return b""


def set_aside(run_dir: Path) -> str | None:
    """Move the log of an earlier start or attempt to `.runner/logs`; returns its name there, or
    None if there is no log. The names are numbers from 1, in the order of the starts."""
    log = run_dir / layout.LOG
    if not os.path.lexists(log):
        return None
    logs = run_dir / layout.LOGS
    logs.mkdir(parents=True, exist_ok=True)
    numbers = [int(path.stem) for path in logs.glob("*.log") if path.stem.isdecimal()]
    name = f"{max(numbers, default=0) + 1:04}.log"
    log.rename(logs / name)
    return name
