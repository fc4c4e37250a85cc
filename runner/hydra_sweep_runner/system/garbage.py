"""Runs Python's garbage collector less often while many objects are made that stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# The collector's threshold in objects: those of ten thousand trials of a pipeline, or of
# some forty compositions.
_SELDOM = 300_000


@contextmanager
def seldom_garbage(*, freezes: bool) -> Iterator[None]:
    """Collect garbage seldom, in code whose objects mostly stay.

    With `freezes`, nothing that is there at the end is looked through again. Reference cycles that
    are garbage by then stay in memory, so this is for a process that runs none of a user's code.
    """
    threshold = gc.get_threshold()
    gc.set_threshold(max(threshold[0], _SELDOM) if threshold[0] else 0, *threshold[1:])
    try:
        yield
    finally:
        if freezes:
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
