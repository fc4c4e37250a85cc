"""The present time."""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime, timedelta, timezone
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Clock(Protocol):
    """Gives the present time, aware and in UTC, never twice the same within a process."""

    def __call__(self) -> datetime: ...


class _Ticker:
    """Microseconds since the epoch, strictly increasing; safe in threads and after a fork."""

    def __init__(self) -> None:
        self.last_us = 0
        self.renew()

    def renew(self) -> None:
        """Forget a lock that a thread of the parent may have held when it forked."""
        self.lock = threading.Lock()

    def tick(self) -> int:
        """The present microsecond, or the one after the last if that has not passed yet."""
        with self.lock:
            self.last_us = max(self.last_us + 1, time.time_ns() // 1000)
            return self.last_us


_ticker = _Ticker()
os.register_at_fork(after_in_child=_ticker.renew)


def now() -> datetime:
    """The present time, aware, in UTC, later than any that was given in this process before.

    Where the system's clock stands still or is set back, the times go on by a microsecond.
    """
    return _EPOCH + timedelta(microseconds=_ticker.tick())
