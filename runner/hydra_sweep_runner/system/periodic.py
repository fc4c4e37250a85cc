"""Calls functions at regular intervals, all in one thread of their own.

The process never forks beside this thread: the thread ends before a fork and is started again
in the parent. A child inherits neither the thread nor its jobs.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count

from hydra_sweep_runner.dataclass import dataclass

_THREAD = "pulse"
_keys = count()  # a child goes on counting, so its keys differ from its parent's


@contextmanager
def every(interval_s: float, call: Callable[[], object]) -> Iterator[None]:
    """Call `call` every `interval_s` seconds inside the context, first after one interval.

    A thread calls it, never again after the context has ended. `call` must be quick; it must
    not raise, or enter or leave another such context.
    """
    _be_fork_safe()
    key = _pulse.add(_Job(interval_s, call, time.monotonic() + interval_s))
    try:
        yield
    finally:
        _pulse.remove(key)


def is_own_thread(thread: threading.Thread) -> bool:
    """Whether this module started the thread, which is paused during forks."""
    return thread.name == _THREAD


@dataclass
class _Job:
    interval_s: float
    call: Callable[[], object]
    due_s: float


class _Pulse:
    """The jobs of this process and the thread that calls them, started with the first job."""

    def __init__(self) -> None:
        self._jobs: dict[int, _Job] = {}
        self._changed = threading.Condition()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._paused = False
        self._wakes_s = math.inf

    def add(self, job: _Job) -> int:
        key = next(_keys)
        with self._changed:
            self._jobs[key] = job
            if job.due_s < self._wakes_s:
                self._changed.notify()
        with self._starting:
            self._start()
        return key

    def remove(self, key: int) -> None:
        with self._changed:  # the thread holds this while it calls a job
            self._jobs.pop(key, None)  # missing in a child that leaves the context

    def pause(self) -> None:
        """End the thread, and start none until `resume`."""
        self._starting.acquire()
        if self._thread is not None:
            with self._changed:
                self._paused = True
                self._changed.notify()
            self._thread.join()
            self._thread = None

    def resume(self) -> None:
        """Allow the thread again after `pause`, and start it if there are jobs."""
        self._paused = False
        if self._jobs:
            self._start()
        self._starting.release()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=_THREAD, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        with self._changed:
            while not self._paused:
                for job in list(self._jobs.values()):
                    if job.due_s <= time.monotonic():
                        job.call()
                        job.due_s = time.monotonic() + job.interval_s
                self._wakes_s = min((job.due_s for job in self._jobs.values()), default=math.inf)
                wait_s = self._wakes_s - time.monotonic()
                self._changed.wait(None if wait_s == math.inf else max(0.0, wait_s))


_pulse = _Pulse()


def _forget() -> None:
    global _pulse
    _pulse = _Pulse()


@cache
def _be_fork_safe() -> None:
    os.register_at_fork(
        before=lambda: _pulse.pause(),
        after_in_parent=lambda: _pulse.resume(),
        after_in_child=_forget,
    )
