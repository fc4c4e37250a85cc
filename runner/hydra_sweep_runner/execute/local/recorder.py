"""Records the ends of runs in threads, while other trials go on.

Writing the end of a run to the disk takes longer than many trials. The executing thread need not
wait for it, and a few ends recorded at the same time share the file system's work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

_THREADS = 4
#: The most ends that may be queued; `submit` waits when the queue is full.
_MOST = 16


class Recorder:
    """Threads that record ends, a few at a time, in any order."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="recorder")
        self._room = threading.Semaphore(_MOST)

    def submit(self, record: Callable[[], None]) -> Future[None]:
        """Queue an end to be recorded; the future has the error that `record` raised, if any."""
        self._room.acquire()
        future = self._threads.submit(record)
        future.add_done_callback(lambda _: self._room.release())
        return future

    def close(self) -> None:
        """Wait until all queued ends are recorded."""
        self._threads.shutdown()
