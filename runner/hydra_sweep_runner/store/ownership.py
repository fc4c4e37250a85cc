"""The claim of a run (`store.runs.RunStore.claim`): one process at a time may change it.

A claim is an flock on the run's lock file, which ends when its holder dies. The
run's record and the text in the lock say which process that is. If locks are not visible, as
between hosts, the holder's heartbeat says whether it is alive.

Whether a recorded process still exists (host, boot, pid, start time) is decided by
`system.processes.is_alive`; `ObservedRuns.observe` (`store.observed`) turns that into a status.
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

#: The owner of a locked run whose record does not name a living process.
SOMEBODY = "another process holds it"

#: Descriptors of the locks that this process holds or is acquiring, and of those it signed.
_held: set[int] = set()
_signed: set[int] = set()


def make(path: str, *, unused: bool) -> None:
    """Make the lock file of a new run; with `unused`, set its mtime to 0, which `is_first`
    reads as never held."""
    lock = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        if unused:
            os.utime(lock, (0, 0))
    finally:
        os.close(lock)


def is_first(lock: int) -> bool:
    """Whether no process held a lock before this one, which has not signed it yet.

    A copy that did not keep the mtime counts as held before.
    """
    about = os.fstat(lock)
    return about.st_mtime_ns == 0 and about.st_size == 0


@contextmanager
def hold(path: str) -> Iterator[int | None]:
    """Hold the lock at `path` inside the context. Yields its descriptor, or None if it is held
    already.

    This also applies within one process: a second `hold` gets None. A child that is forked
    inside the context does not hold the lock, and leaving the context there does not free it.
    Raises OSError; FileNotFoundError if the lock's folder is gone.
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
        if lock in _held:  # False in a child that was forked inside the context
            _held.discard(lock)
            if lock in _signed:
                _signed.discard(lock)
                with suppress(OSError):
                    os.ftruncate(lock, 0)  # so later readers need not check that process
            os.close(lock)


def sign(lock: int) -> None:
    """Write this process's host, pid and start time into a lock that it holds."""
    text = json.dumps({**_this_process(os.getpid()), "since": time_text(now())})
    with suppress(OSError):  # a full disk, for instance: the lock is held nevertheless
        _signed.add(lock)
        os.write(lock, f"{text}\n".encode())  # only the first line counts


@cache
def _this_process(pid: int) -> dict[str, Any]:
    """This process, whose pid is the key: a fork has another."""
    return dict(to_plain(this_process(now)))


def signature(path: str) -> str | None:
    """The process that signed the lock at `path`, as text; None if the lock is not signed or
    that process is gone."""
    try:
        line = disk.read(path).partition(b"\n")[0]
        process = read_process(json.loads(line), "lock.")
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None
    return None if is_alive(process) is False else _words(process)


def owner_of(run: Run, *, locked: bool, beats: Callable[[], bool]) -> str | None:
    """The owner of the run as text, None if it has none.

    `locked` says whether another process holds the run's lock. If the lock is free, the
    recorded process still owns the run if it is alive on this host, or if it is on another
    host and `beats` says that its heartbeat is fresh. It does not if it is gone or is
    this process. A process in another container of this host is not visible, but its lock is: if
    that is free, the process is gone.
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
    """Whether a run recorded as running still is, decided without trying its lock."""
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
    """Close the inherited descriptors in a forked child; the parent's locks stay held."""
    for lock in _held:
        with suppress(OSError):
            os.close(lock)
    _held.clear()
    _signed.clear()
