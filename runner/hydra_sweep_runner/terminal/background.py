"""Writes in a thread of its own, so that callers do not wait for the reader of a pipe or
terminal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

#: When this many bytes are queued, producers should pause.
_MOST_BYTES = 1 << 20
#: How long `close` waits for a reader after `hurry`, in seconds.
_HURRY_S = 1.0


class Background:
    """A thread that runs jobs in the order of `put`, which takes no lock and may be called from any
    thread and from a signal handler.

    `on_room` is called, in that thread, when `is_behind` changes from true to false.
    """

    def __init__(self, on_room: Callable[[], object]) -> None:
        self._on_room = on_room
        self._jobs: SimpleQueue[tuple[Callable[[], object], int] | None] = SimpleQueue()
        self._ends: SimpleQueue[bool] = SimpleQueue()  # True: all jobs are done; False: hurry
        self._put_bytes = 0
        self._done_bytes = 0
        self._is_room_wanted = False
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="output", daemon=True).start()

    def put(self, job: Callable[[], object], size_bytes: int = 0) -> None:
        """Queue a job. Only one thread may pass sizes."""
        self._put_bytes += size_bytes
        self._jobs.put((job, size_bytes))

    @property
    def is_behind(self) -> bool:
        """Whether the queue is full."""
        self._is_room_wanted = True  # set before the size is read, so that no change is missed
        return self._put_bytes - self._done_bytes >= _MOST_BYTES

    def check(self) -> None:
        """Raise the error of a job that failed, once; later jobs were skipped."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def hurry(self) -> None:
        """Make `close` wait no longer than a second; for a signal handler."""
        self._ends.put(False)

    def close(self) -> bool:
        """Wait until all jobs are done. False if they are abandoned because the reader does not
        read, and the thread hangs. Raises the error of a job that failed."""
        self._jobs.put(None)
        is_done = self._ends.get()
        while not is_done:
            try:
                is_done = self._ends.get(timeout=_HURRY_S)
            except Empty:
                return False
        self.check()
        return True

    def _run(self) -> None:
        failed = False
        while (item := self._jobs.get()) is not None:
            job, size_bytes = item
            try:
                if not failed:
                    job()
            except BaseException as error:
                self._error, failed = error, True
            self._done_bytes += size_bytes
            if self._is_room_wanted and self._put_bytes - self._done_bytes < _MOST_BYTES:
                self._is_room_wanted = False
                self._on_room()
        self._ends.put(True)
