"""Ends a job that runs in this very process: at its time limit, or at a request."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

from hydra_sweep_runner.execute.attempt.stop_signals import REQUESTS_S
from hydra_sweep_runner.system.periodic import every

if TYPE_CHECKING:
    from psutil import Process

#: How long processes that the job has started may take to end after SIGTERM, in seconds.
_GRACE_S = 3.0


class TimedOut(BaseException):
    """The time limit was reached. It is no Exception, so that a job's own handlers do not catch
    it."""


class AskedToStop(BaseException):
    """A user requested that the job stop. It is no Exception, for the same reason as TimedOut."""


@contextmanager
def deadline(timeout_s: float | None, is_asked: Callable[[], bool]) -> Iterator[None]:
    """Raise TimedOut inside the context when the time limit is reached, or AskedToStop when
    `is_asked` returns true, and stop the processes that the job has started.

    This works only in a process's main thread; in other threads there is no limit.
    """
    main = threading.main_thread()
    if threading.current_thread() is not main or main.ident is None:
        yield
        return
    thread = main.ident
    asked: list[bool] = []

    def look() -> None:
        if not asked and is_asked():
            asked.append(True)
            signal.pthread_kill(thread, signal.SIGALRM)

    def ring(_: int, __: FrameType | None) -> None:
        raise AskedToStop if asked else TimedOut

    began_s = time.time()
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, timeout_s or 0)
        with every(REQUESTS_S, look):
            yield
    except (TimedOut, AskedToStop):
        _stop_children(began_s)
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _stop_children(since_s: float) -> None:
    import psutil

    started = [each for each in _descendants(psutil.Process()) if _began_s(each) >= since_s - 1]
    for process in started:
        _send(process, signal.SIGTERM)
    for process in psutil.wait_procs(started, timeout=_GRACE_S)[1]:
        _send(process, signal.SIGKILL)


def _descendants(process: Process) -> list[Process]:
    import psutil

    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _began_s(process: Process) -> float:
    import psutil

    try:
        return float(process.create_time())
    except psutil.Error:
        return 0.0  # the process is gone


def _send(process: Process, number: signal.Signals) -> None:
    import psutil

    with suppress(psutil.Error):
        process.send_signal(number)
