"""Writing in another thread, so that nobody waits for who reads what is written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

#: So much may wait to be written; then whoever makes more is to stop for a while.
_MOST_BYTES = 1 << 20
#: How long is waited for a reader once the user wants the end at once, in seconds.
_HURRY_S = 1.0


class Background:
    """A thread that carries jobs out one after another. `put` may be called from any thread
    and from a signal handler: it takes no lock.

    `on_room` is called, in that thread, when `is_behind` was true and is not any more.
    """

    def __init__(self, on_room: Callable[[], object]) -> None:
        self._on_room = on_room
        self._jobs: SimpleQueue[tuple[Callable[[], object], int] | None] = SimpleQueue()
        self._ends: SimpleQueue[bool] = SimpleQueue()  # True: all is done; False: hurry
        self._put_bytes = 0
        self._done_bytes = 0
        self._is_room_wanted = False
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="output", daemon=True).start()

    def put(self, job: Callable[[], object], size_bytes: int = 0) -> None:
        """Have a job done after those before it. Only one thread may give sizes."""
        self._put_bytes += size_bytes
        self._jobs.put((job, size_bytes))

    @property
    def is_behind(self) -> bool:
        """Whether as much waits as may."""
        self._is_room_wanted = True  # before it is looked at, so that no end is missed
        return self._put_bytes - self._done_bytes >= _MOST_BYTES

    def check(self) -> None:
        """Raise what a job has raised, once; those after it were not done."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def hurry(self) -> None:
        """Have `close` wait no longer than a second; for a signal handler."""
        self._ends.put(False)

    def close(self) -> bool:
        """Wait until all jobs are done; False if they are given up because nobody reads, and
        the thread hangs. Raises what a job has raised."""
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
