"""Says whether a claim's holder is alive if only the store is shared with it.

A holder touches its lock every few seconds. The age of the last touch is measured by the file
system's clock, which is the same for all processes that share the store.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hydra_sweep_runner.store import disk
from hydra_sweep_runner.system.periodic import every

#: How often a holder touches its lock, in seconds.
BEAT_S = 5.0
#: How long after its last beat a holder counts as alive, in seconds.
FRESH_S = 30.0


@contextmanager
def beating(lock: str) -> Iterator[None]:
    """Touch the lock at this path now, and regularly inside the context."""

    def beat() -> None:
        # A touch that fails is repeated at the next beat; the lock is held in any case.
        with suppress(OSError):
            os.utime(lock, follow_symlinks=False)

    beat()
    with every(BEAT_S, beat):
        yield


def is_fresh(lock: str, staging: Path) -> bool:
    """Whether the lock was touched recently; False if it does not exist."""
    try:
        # Opening the file makes a network file system read its times again.
        descriptor = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        touched_s = os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)
    return _now_s(staging) - touched_s < FRESH_S


def _now_s(staging: Path) -> float:
    """The time by the clock of the store's file system; by this machine's if nothing can be
    written."""
    path = Path(staging, f"clock.{disk.token()}")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except OSError:
        return time.time()
    try:
        os.utime(descriptor)
        return os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)
