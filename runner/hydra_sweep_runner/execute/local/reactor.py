"""Follows many trials in one thread.

A supervision is a generator that yields a Watch to wait for a trial's process, and is resumed when
that is over. Threads that each supervise one trial would hinder one another: they mostly make
system calls, and wait for Python's global lock after each.
"""

from __future__ import annotations

import math
import os
import selectors
import threading
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.execute.attempt.stop_signals import StopSwitch
from hydra_sweep_runner.execute.attempt.watch import Watch

T = TypeVar("T")

#: Yields the watches it waits for, and returns its result.
Supervision: TypeAlias = Generator[Watch, None, T]


@dataclass(frozen=True)
class Failed:
    """The error that a supervision raised."""

    error: BaseException


class Reactor(Generic[T]):
    """The running supervisions, all in the thread that calls `step`."""

    def __init__(self, stop: StopSwitch) -> None:
        self._stop = stop
        self._at_work: dict[Supervision[T], Watch] = {}
        self._ended: list[T | Failed] = []
        self._open = threading.Lock()
        self._is_closed = False
        self._wakes, self._wake = os.pipe()
        os.set_blocking(self._wakes, False)
        os.set_blocking(self._wake, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wakes, selectors.EVENT_READ)
        self._selector.register(stop, selectors.EVENT_READ)

    def __len__(self) -> int:
        """The number of running supervisions."""
        return len(self._at_work)

    @property
    def has_ended(self) -> bool:
        """Whether `step` would return a result at once."""
        return bool(self._ended)

    def start(self, supervision: Supervision[T]) -> None:
        """Run a supervision until it waits or ends."""
        self._advance(supervision, None)

    def step(self, most_s: float = math.inf) -> list[T | Failed]:
        """Wait until something happens, for at most `most_s` seconds, and handle it; returns the
        results of the supervisions that have ended since the last call."""
        if not self._ended:
            self._wait(most_s)
        now_s = time.monotonic()
        for supervision, watch in list(self._at_work.items()):
            self._guard(supervision, partial(watch.press, now_s))
            if watch.is_over and supervision in self._at_work:
                self._leave(supervision)
                self._advance(supervision, None)
        ended, self._ended = self._ended, []
        return ended

    def wake(self) -> None:
        """End the present or the next wait; callable from any thread."""
        with self._open, suppress(BlockingIOError):  # the pipe is full: a wake-up is pending
            if not self._is_closed:
                os.write(self._wake, b"!")

    def close(self) -> list[Failed]:
        """Abandon the running supervisions, which kills their processes; returns the errors they
        raised."""
        failed = []
        for supervision in list(self._at_work):
            self._leave(supervision)
            try:
                supervision.close()
            except BaseException as error:
                failed.append(Failed(error))
        self._selector.close()
        with self._open:
            self._is_closed = True
            os.close(self._wakes)
            os.close(self._wake)
        return failed

    def _wait(self, most_s: float) -> None:
        now_s = time.monotonic()
        wait_s = min([most_s, *(watch.wait_s(now_s) for watch in self._at_work.values())])
        for key, _ in self._selector.select(None if wait_s == math.inf else max(0.0, wait_s)):
            if key.fileobj is self._stop:
                self._selector.unregister(self._stop)  # stays readable; `press` checks it
            elif key.fileobj == self._wakes:
                _drain(self._wakes)
            else:
                self._take(key)

    def _take(self, key: selectors.SelectorKey) -> None:
        supervision, take = key.data
        self._guard(supervision, partial(take, self._selector, key.fileobj))

    def _guard(self, supervision: Supervision[T], act: Callable[[], object]) -> None:
        """Call `act`; an error is raised inside the supervision."""
        if supervision not in self._at_work:
            return
        try:
            act()
        except BaseException as error:
            self._leave(supervision)
            self._advance(supervision, error)

    def _leave(self, supervision: Supervision[T]) -> None:
        self._at_work.pop(supervision).detach(self._selector)

    def _advance(self, supervision: Supervision[T], error: BaseException | None) -> None:
        try:
            watch = next(supervision) if error is None else supervision.throw(error)
        except StopIteration as end:
            self._ended.append(end.value)
        except BaseException as raised:
            self._ended.append(Failed(raised))
        else:
            self._at_work[supervision] = watch
            watch.attach(self._selector, supervision)


def run_to_end(supervision: Supervision[T], stop: StopSwitch) -> T:
    """Run one supervision to its end in this thread; returns its result, or raises its error."""
    reactor: Reactor[T] = Reactor(stop)
    try:
        reactor.start(supervision)
        while not (ended := reactor.step()):
            pass
    finally:
        reactor.close()
    end: Any = ended[0]
    if isinstance(end, Failed):
        raise end.error
    result: T = end
    return result


def _drain(fd: int) -> None:
    with suppress(BlockingIOError):
        while os.read(fd, 4096):
            pass
