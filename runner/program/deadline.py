"""A time limit on what runs in this very process, where nobody outside can stop it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psutil import Process

#: How long processes that the job has started have to end after SIGTERM, in seconds.
_GRACE_S = 3.0


class TimedOut(BaseException):
    """The time is up. No Exception, so that a job's own handlers let it pass."""


@contextmanager
def deadline(timeout_s: float | None) -> Iterator[None]:
    """Raise TimedOut in the block when the time is up, and stop what it has started.

    Only in a process's main thread can that be done; elsewhere there is no limit.
    """
    if timeout_s is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    import psutil

    def ring(_: int, __: FrameType | None) -> None:
        raise TimedOut

    before = signal.signal(signal.SIGALRM, ring)
    known = set(psutil.Process().children())
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    try:
        yield
    except TimedOut:
        _stop_children(known)
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _stop_children(known: set[Process]) -> None:
    import psutil

    started = [child for child in psutil.Process().children() if child not in known]
    tree = [process for child in started for process in (child, *_descendants(child))]
    for process in tree:
        _send(process, signal.SIGTERM)
    for process in psutil.wait_procs(tree, timeout=_GRACE_S)[1]:
        _send(process, signal.SIGKILL)


def _descendants(process: Process) -> list[Process]:
    import psutil

    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _send(process: Process, number: signal.Signals) -> None:
    import psutil

    with suppress(psutil.Error):
        process.send_signal(number)
