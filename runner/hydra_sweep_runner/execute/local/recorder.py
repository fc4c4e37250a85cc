"""Recording ends beside the trials that go on.

Until the end of a run is on the disk takes longer than many a trial. Those who execute trials
need not wait for it, and a few ends that are recorded at a time share what the file system
does for each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

_THREADS = 4
#: So many ends may be waiting to be recorded; then whoever brings another one waits.
_MOST = 16


class Recorder:
    """Threads that record ends. A few are recorded at once, in any order."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="recorder")
        self._room = threading.Semaphore(_MOST)

    def submit(self, record: Callable[[], None]) -> Future[None]:
        """Have an end recorded; the future has what `record` raises."""
        self._room.acquire()
        future = self._threads.submit(record)
        future.add_done_callback(lambda _: self._room.release())
        return future

    def close(self) -> None:
        """Wait until all ends that were brought are recorded."""
        self._threads.shutdown()
