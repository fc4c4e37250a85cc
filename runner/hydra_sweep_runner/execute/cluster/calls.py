"""The calls that joblib takes to hand tasks out, and how many of them it gets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from typing import Any

import joblib

from hydra_sweep_runner.execute.cluster import worker
from hydra_sweep_runner.execute.task import Task


class CallQueue:
    """The tasks that are to come, as calls, for whichever thread asks."""

    def __init__(
        self,
        tasks: Iterator[Task],
        hand_out: Callable[[Task], Any],
        is_over: Callable[[], bool],
        unheard: Collection[str],
        fail: Callable[[], object],
    ) -> None:
        """As long as there is anything `unheard`, calls that do nothing are given. `fail` is
        called when no task can be taken because of an `error`."""
        self._tasks = tasks
        self._hand_out = hand_out
        self._is_over = is_over
        self._unheard = unheard
        self._fail = fail
        self._lock = threading.Lock()
        self.is_empty = False
        self.error: BaseException | None = None

    def take(self) -> Any:
        """The next call; None if there are no more, or none is to be started."""
        with self._lock:
            if self.is_empty or self._is_over():
                self.is_empty = True
                return None
            if self._unheard:
                return joblib.delayed(worker.pause)()
            try:
                task = next(self._tasks, None)
                if task is not None:
                    return self._hand_out(task)
            except BaseException as error:
                self.error = error
                self._fail()
            self.is_empty = True
            return None


class OneByOne:
    """An iterator of calls from which joblib takes no more than it has room for.

    joblib takes as many as there are jobs whenever one has ended, and keeps the rest for
    later; but a task counts as started from when it was taken. So after the first `at_once`,
    this iterator ends after each call, to go on when it is asked the next time.
    """

    def __init__(self, queue: CallQueue, at_once: int) -> None:
        self._queue = queue
        self._left_at_once = at_once
        self._pauses = False

    def __iter__(self) -> OneByOne:
        return self

    def __next__(self) -> Any:
        if self._pauses:
            self._pauses = False
            raise StopIteration
        call = self._queue.take()
        if call is None:
            raise StopIteration
        self._left_at_once -= 1
        self._pauses = self._left_at_once < 0
        return call
