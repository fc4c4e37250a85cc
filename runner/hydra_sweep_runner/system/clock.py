"""The present time, strictly increasing within a process."""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime, timedelta, timezone
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Clock(Protocol):
    """Returns the present time, aware and in UTC, never the same twice within a process."""

    def __call__(self) -> datetime: ...


class _Ticker:
    """Microseconds since the epoch, strictly increasing; safe in threads and after a fork."""

    def __init__(self) -> None:
        self.last_us = 0
        self.renew()

    def renew(self) -> None:
        """Replace the lock, which a thread of the parent may have held when it forked."""
        self.lock = threading.Lock()

    def tick(self) -> int:
        """The present microsecond, or the one after the last returned, whichever is later."""
        with self.lock:
            self.last_us = max(self.last_us + 1, time.time_ns() // 1000)
            return self.last_us


_ticker = _Ticker()
os.register_at_fork(after_in_child=_ticker.renew)


def now() -> datetime:
    """The present time, aware, in UTC, later than every time returned in this process before.

    If the system's clock stands still or is set back, each time is a microsecond later.
    """
    return _EPOCH + timedelta(microseconds=_ticker.tick())
