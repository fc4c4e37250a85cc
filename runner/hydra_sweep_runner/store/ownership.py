"""Who may change a run: an flock that the kernel drops when its holder dies.

The lock says whether anybody holds a run; the run's record, and what its holder has written
into the lock, say who that is. Where a lock does not show, as between hosts, the holder's
heartbeat says whether it is alive.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from hydra_sweep_runner.model import Process, Run, Status
from hydra_sweep_runner.record.text import read_process, to_plain
from hydra_sweep_runner.record.times import time_text
from hydra_sweep_runner.store import disk
from hydra_sweep_runner.store.heartbeat import FRESH_S
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.system.processes import is_alive, is_here, is_this, this_process

#: Who holds a run whose record does not tell.
SOMEBODY = "another process holds it"

#: Descriptors of the locks that this process holds, or is about to, and of those signed.
_held: set[int] = set()
_signed: set[int] = set()


def make(path: str, *, unused: bool) -> None:
    """Make the lock of a new run; with `unused` it shows that nobody has held it yet: its
    time is 0."""
    lock = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        if unused:
            os.utime(lock, (0, 0))
    finally:
        os.close(lock)


def is_first(lock: int) -> bool:
    """Whether nobody has held a lock before this process, which has not signed it yet. One
    that was copied without its times does not tell."""
    about = os.fstat(lock)
    return about.st_mtime_ns == 0 and about.st_size == 0


@contextmanager
def hold(path: str) -> Iterator[int | None]:
    """Hold the lock at `path` while the context lasts; None if somebody else has it, else
    its descriptor.

    Somebody else can be this very process. A child that is forked meanwhile holds nothing,
    and leaving the context there gives nothing up. Raises OSError, FileNotFoundError among
    them where the lock's folder is gone.
    """
    _let_go_in_children()
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    _held.add(lock)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield lock
    finally:
        if lock in _held:  # it is not in a child that was forked meanwhile
            _held.discard(lock)
            if lock in _signed:
                _signed.discard(lock)
                with suppress(OSError):
                    os.ftruncate(lock, 0)  # whoever reads it later need not ask who that was
            os.close(lock)


def sign(lock: int) -> None:
    """Write into a lock that this process holds who holds it."""
    text = json.dumps({**_this_process(os.getpid()), "since": time_text(now())})
    with suppress(OSError):  # on a full disk, say: it is held nevertheless
        _signed.add(lock)
        os.write(lock, f"{text}\n".encode())


@cache
def _this_process(_: int) -> dict[str, Any]:
    return dict(to_plain(this_process(now)))


def signature(path: str) -> str | None:
    """Who has signed the lock at `path`, in words for a line; None if that process is gone,
    or nobody has."""
    try:
        line = disk.read(path).partition(b"\n")[0]
        process = read_process(json.loads(line), "lock.")
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None
    return None if is_alive(process) is False else _words(process)


def owner_of(run: Run, *, locked: bool, beats: Callable[[], bool]) -> str | None:
    """Who is at the run's work, in words for a line; None if nobody is.

    `locked` tells whether somebody else holds its lock. If nobody does, a process that
    the record names may still be at work where its lock does not show. It is not if it is
    gone, if it is this one, or if only a container hides it: its lock would show then. One
    of another host is if `beats` says so.
    """
    process = run.state.process
    if run.state.status is not Status.RUNNING or process is None:
        return SOMEBODY if locked else None
    alive = is_alive(process)
    if locked:
        return SOMEBODY if alive is False else _words(process)
    if alive is True and not is_this(process):
        return _words(process)
    if alive is None and not is_here(process) and beats():
        return f"{_words(process)}, seen at work less than {FRESH_S:g} s ago"
    return None


def is_at_work(run: Run, *, beats: Callable[[], bool]) -> bool:
    """Whether a run that is recorded as running is, told without trying its lock."""
    process = run.state.process
    alive = False if process is None else is_alive(process)
    return beats() if alive is None else alive


def _words(process: Process) -> str:
    since = f"{process.since:%Y-%m-%d %H:%M:%S} UTC"
    return f"host {process.host}, pid {process.pid}, since {since}"


@cache
def _let_go_in_children() -> None:
    os.register_at_fork(after_in_child=_let_go)


def _let_go() -> None:
    """Close what a fork inherited: closing a copy leaves the parent's lock as it is."""
    for lock in _held:
        with suppress(OSError):
            os.close(lock)
    _held.clear()
    _signed.clear()
