"""Every change that a process and its forks make below a folder, counted; and a fault at one.

A change is a call that opens a file for writing, writes, renames, makes, links, removes,
syncs, or changes a mode. What Python announces to audit hooks is seen wherever it comes
from; bytes are seen because files that Python opens for writing are those of `_pyio`, whose
writes are calls of `os.write`. Programs that are executed are not followed.

Each change is a point at which a fault can come; the middle of a write of bytes is one more.
"""

from __future__ import annotations

import _pyio
import builtins
import errno
import io
import json
import mmap
import multiprocessing
import os
import pathlib
import signal
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

_CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
#: Names of audit events, the places of the paths among their arguments, and of the folder
#: descriptors that the paths are relative to.
_EVENTS = {
    "os.rename": ((0, 2), (1, 3)),
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.symlink": ((1, 2),),
    "os.link": ((0, 2), (1, 3)),
    "os.chmod": ((0, 2),),
    "os.truncate": ((0, None),),
}
#: What fails, for as long as it lasts, where there is no room.
_NEEDS_ROOM = frozenset(("create", "write", "mkdir", "symlink", "link", "rename", "fsync"))
_MOST_PROCESSES = 500
#: Nobody who lives holds the lock for so long, in seconds.
_HELD_S = 30
_HEAD = struct.Struct("=QQ")  # points so far, processes so far
_PID = struct.Struct("=Q")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens at the point of the number `at`, from 0; nothing if that is None.

    Without an `error` all the processes are killed. With one, the call fails with it; where
    it is `lasting`, so does all that comes later and needs what is missing then.
    """

    at: int | None = None
    error: int | None = None
    lasting: bool = False


class Instrument:
    """Watches a folder. Make it before the fork of the process that is to be watched, and
    `install` it there. With `log`, each change is written down there, a JSON list a line:
    the process, what it did, the path and, of a rename, the new one, of a write, the size
    and the text."""

    def __init__(self, folder: Path, fault: Fault, log: Path | None = None) -> None:
        self._folder = os.path.realpath(folder)
        self._fault = fault
        self._log = log
        self._shared = mmap.mmap(-1, _HEAD.size + _MOST_PROCESSES * _PID.size)
        self._lock = multiprocessing.get_context("fork").RLock()
        self._local = threading.local()

    @property
    def points(self) -> int:
        """How many points have been passed."""
        return int(_HEAD.unpack_from(self._shared)[0])

    @property
    def pids(self) -> list[int]:
        """The watched process and its forks, dead ones too."""
        count = _HEAD.unpack_from(self._shared)[1]
        return [_PID.unpack_from(self._shared, _HEAD.size + 8 * i)[0] for i in range(count)]

    def install(self) -> None:
        """Watch this process from now on, and what it forks."""
        self._note_process()
        os.register_at_fork(after_in_child=self._note_process)
        write = os.write

        def counted_write(fd: int, data: Any) -> int:
            path = None if self._is_busy() else self._path_of(fd)
            return write(fd, data) if path is None else self._write(write, fd, path, data)

        os.write = counted_write
        for name in ("fsync", "fdatasync", "pwrite", "writev", "pwritev", "posix_fallocate"):
            if hasattr(os, name):
                setattr(os, name, self._counted(name, getattr(os, name)))
        for name, place in (("sendfile", 0), ("copy_file_range", 1), ("splice", 1)):
            if hasattr(os, name):
                setattr(os, name, self._counted("write", getattr(os, name), place))
        self._open = io.open
        builtins.open = io.open = self._open_slowly  # type: ignore[assignment]
        if hasattr(pathlib, "_NormalAccessor"):  # Python 3.10 keeps a copy of its own
            pathlib._NormalAccessor.open = staticmethod(self._open_slowly)
        sys.addaudithook(self._hear)

    def count(self, owner: Any, name: str, op: str) -> None:
        """Count the calls of a function whose first argument is a path, too."""
        call = getattr(owner, name)

        def counted(path: Any, *arguments: Any, **named: Any) -> Any:
            self._see(op, [(path, -1)])
            return call(path, *arguments, **named)

        setattr(owner, name, counted)

    # What is seen

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._is_busy():
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _CHANGES and not isinstance(path, int):
                op = "create" if flags & os.O_CREAT else "open"
                self._see(op, [(path, -1)])
        elif event in _EVENTS:
            paths = [
                (arguments[at], -1 if folder is None else arguments[folder])
                for at, folder in _EVENTS[event]
            ]
            op = "unlink" if event == "os.remove" else event.removeprefix("os.")
            self._see(op, paths)

    def _see(self, op: str, paths: list[tuple[Any, int]]) -> None:
        found = [self._absolute(*path) for path in paths]
        if any(path is not None and self._is_below(path) for path in found):
            self._point(op, *found)

    def _counted(self, op: str, call: Callable[..., Any], place: int = 0) -> Callable[..., Any]:
        op = "write" if "write" in op else "fsync" if "sync" in op else op

        def counted(*arguments: Any, **named: Any) -> Any:
            target = arguments[place] if len(arguments) > place else None
            path = None
            if not self._is_busy() and target is not None:
                path = self._path_of(target if isinstance(target, int) else target.fileno())
            if path is not None:
                self._point(op, path)
            return call(*arguments, **named)

        return counted

    def _open_slowly(self, file: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        if self._is_busy() or not set(mode) & set("wax+"):
            return self._open(file, mode, *arguments, **named)
        return _pyio.open(file, mode, *arguments, **named)

    def _write(self, write: Callable[[int, Any], int], fd: int, path: str, data: Any) -> int:
        # A copy: what a traceback keeps a view of cannot be resized by its owner any more.
        data = bytes(data)
        self._point("write", path, len(data), data.decode(errors="replace"))
        half = data[: len(data) // 2]
        if half and self._passed_half():
            written = write(fd, half)
            if self._fault.error is None:
                self._kill_all()
            return written
        return write(fd, data)

    # What happens

    def _point(self, op: str, *details: Any) -> None:
        with self._alone():
            number = self._pass()
            if self._log is not None:
                self._write_down([os.getpid(), op, *details])
            fault = self._fault
            if fault.at is None:
                return
            if fault.error is None:
                if number == fault.at:
                    self._kill_all()
                return
        lasts = fault.lasting and number > fault.at
        if number == fault.at or (lasts and self._is_hit(op)):
            raise OSError(fault.error, os.strerror(fault.error), details[0])

    def _passed_half(self) -> bool:
        with self._alone():
            return self._pass() == self._fault.at

    def _is_hit(self, op: str) -> bool:
        return self._fault.error not in (errno.ENOSPC, errno.EDQUOT) or op in _NEEDS_ROOM

    def _pass(self) -> int:
        points, processes = _HEAD.unpack_from(self._shared)
        _HEAD.pack_into(self._shared, 0, points + 1, processes)
        return int(points)

    def _kill_all(self) -> NoReturn:
        for pid in self.pids:
            if pid != os.getpid():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue  # it has ended by itself
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("alive after SIGKILL")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock of all processes. Whoever was forked while they were killed ends here, too:
        the one that held the lock is dead."""
        if not self._lock.acquire(timeout=_HELD_S):
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            yield
        finally:
            self._lock.release()

    def _note_process(self) -> None:
        with self._alone():
            points, processes = _HEAD.unpack_from(self._shared)
            _PID.pack_into(self._shared, _HEAD.size + 8 * processes, os.getpid())
            _HEAD.pack_into(self._shared, 0, points, processes + 1)

    def _write_down(self, entry: list[Any]) -> None:
        self._local.busy = True
        try:
            assert self._log is not None
            with self._open(self._log, "a", encoding="utf-8") as log:
                log.write(json.dumps(entry) + "\n")
        finally:
            self._local.busy = False

    # Where it is

    def _is_busy(self) -> bool:
        return getattr(self._local, "busy", False)

    def _absolute(self, path: Any, folder: Any) -> str | None:
        if isinstance(path, int):
            return self._path_of(path)
        text = os.fsdecode(path)
        if isinstance(folder, int) and folder >= 0 and not text.startswith("/"):
            base = _fd_path(folder)
            return None if base is None else f"{base}/{text}"
        return os.path.abspath(text)  # noqa: PTH100 - links are to stay

    def _path_of(self, fd: int) -> str | None:
        path = _fd_path(fd)
        return path if path is not None and self._is_below(path) else None

    def _is_below(self, path: str) -> bool:
        return path == self._folder or path.startswith(f"{self._folder}/")


def _fd_path(fd: int) -> str | None:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")  # noqa: PTH115 - for each write
    except OSError:
        return None
