"""A trial's output: its pipes, its log, and who wrote which part of that."""

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

#: How much of a log's end is looked at to tell of a failure.
TAIL_BYTES = 8192
_CHUNK_BYTES = 1 << 16
# A pipe holds no more than this unless somebody with privileges made it hold more: what
# comes after it was written after the end.
_MOST_LEFT_BYTES = 1 << 20
_MOST_RUNS_IN_MEMORY = 1 << 16
_STREAMS: tuple[Stream, Stream] = ("stdout", "stderr")

Show = Callable[[Stream, bytes], None]
#: Is given what comes on stdout (0) or stderr (1).
Listen = Callable[[int, bytes], None]


class Screen(Protocol):
    """Where trials' output goes: the part of `terminal.reporter.Reporter` that execution needs."""

    def output(self, stream: Stream, data: bytes) -> None:
        """Pass on a piece of an operation's output, unchanged."""
        ...

    def block(self, pieces: Iterable[tuple[Stream, bytes]], head: str = "") -> None:
        """Pass on the whole output of one trial with nothing else in between, `head` before
        it if there is any output."""
        ...

    def say(self, *lines: str) -> None:
        """Print lines of the runner's own."""
        ...

    @property
    def is_behind(self) -> bool:
        """Whether so much is still to be shown that no more should be read."""
        ...


class BackgroundScreen(Screen, Protocol):
    """A Screen that shows what it is given in a thread of its own."""

    def in_background(self, on_room: Callable[[], object]) -> AbstractContextManager[None]:
        """While the context lasts, nobody who shows something waits for a reader; leaving waits
        until all is shown. `on_room` is called when `is_behind` has come to an end, from any
        thread."""
        ...

    def hurry(self) -> None:
        """Wait for no reader any longer; callable from a signal handler."""
        ...


class Output:
    """The output of one attempt, from two pipes into a new log.

    With `show` every piece is passed on as it comes, and `listen` is given it in any case.
    `pieces` gives all of it again. The log is written as the pieces come, unbuffered; if that
    fails, `error` says why, and the output is read and shown nevertheless, so that the trial
    is not held up. While `is_behind`, what shows it cannot take more: do not read then.
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
        """The pipes' ends for the trial's stdout and stderr, until `forget_writers`."""
        stdout, stderr = self._writers
        return stdout, stderr

    @property
    def readers(self) -> list[int]:
        """The descriptors that are still open to read from."""
        return list(self._streams)

    def forget_writers(self) -> None:
        """The trial has its ends; close ours, so that the pipes can end."""
        while self._writers:
            os.close(self._writers.pop())

    def read(self, reader: int) -> int:
        """Take in a chunk; how many bytes there were. At its end the reader is closed."""
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
        """Take in what is in the pipes now, whoever still holds their other ends open."""
        for reader in self.readers:
            left_bytes = _MOST_LEFT_BYTES
            while left_bytes > 0 and (count := self.read(reader)):
                left_bytes -= count

    def pieces(self) -> Iterator[tuple[Stream, bytes]]:
        """All of the output, in the order in which it came, in pieces of a bounded size. It can
        be asked for once, and taken also when this is closed."""
        runs, self._runs = self._runs, _Runs()
        return _pieces(os.dup(self._log), runs)

    def tail(self, size_bytes: int) -> bytes:
        """The log's last bytes."""
        end = os.fstat(self._log).st_size
        return os.pread(self._log, size_bytes, max(0, end - size_bytes))

    def close(self) -> None:
        """Close the log and whatever pipes are open."""
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
    """Pieces of a log, which is closed at their end."""
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
    """Lengths of what came from the two streams in turn, stdout first, in bounded memory."""

    def __init__(self) -> None:
        self._sizes = array("Q", [0])
        self._number = 0  # whose the last size is
        self._file: IO[bytes] | None = None

    def add(self, number: int, size: int) -> None:
        """So many bytes more came from that stream."""
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

    def close(self) -> None:
        """Give up what is on the disk."""
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
    """The last bytes of a run's log; none if it has no log that can be read."""
    try:
        with (run_dir / layout.LOG).open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - TAIL_BYTES))
            return log.read(TAIL_BYTES)
    except OSError:
        return b""


def set_aside(run_dir: Path) -> str | None:
    """Move the log of an earlier start or attempt to `.runner/logs`; its name there, or
    None if there is no log. They are numbered from 1 in the order of the starts."""
    log = run_dir / layout.LOG
    if not os.path.lexists(log):
        return None
    logs = run_dir / layout.LOGS
    logs.mkdir(parents=True, exist_ok=True)
    numbers = [int(path.stem) for path in logs.glob("*.log") if path.stem.isdecimal()]
    name = f"{max(numbers, default=0) + 1:04}.log"
    log.rename(logs / name)
    return name
