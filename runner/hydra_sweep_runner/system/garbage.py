"""Runs Python's garbage collector less often while many objects are made that stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# The collector's threshold in objects: those of ten thousand trials of a pipeline, or of
# some forty compositions.
_SELDOM = 300_000


@contextmanager
def seldom_garbage() -> Iterator[None]:
    """Collect garbage seldom, in code whose objects mostly stay.

    What is there at the end is not looked through again. Reference cycles among it that are
    dropped stay in memory, at most as many objects as the collector's threshold."""
    threshold = gc.get_threshold()
    gc.set_threshold(max(threshold[0], _SELDOM) if threshold[0] else 0, *threshold[1:])
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*threshold)


@contextmanager
def no_garbage() -> Iterator[None]:
    """Collect no garbage inside the context.

    Among a hundred thousand objects that all stay, collecting takes a third of the time.
    Reference cycles that are dropped inside the context stay in memory until it ends, so do
    not compose configurations in it.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
