"""Python's search for garbage, left out where many objects are made and none of them is that."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# So many objects are made before they are searched: those of some thousand configurations.
_SELDOM = 100_000


@contextmanager
def seldom_garbage() -> Iterator[None]:
    """Look for garbage seldom: where most of what is made stays, and some does not."""
    threshold = gc.get_threshold()
    gc.set_threshold(max(threshold[0], _SELDOM) if threshold[0] else 0, *threshold[1:])
    try:
        yield
    finally:
        gc.set_threshold(*threshold)


@contextmanager
def no_garbage() -> Iterator[None]:
    """Look for no garbage meanwhile: among a hundred thousand objects that all stay, that takes
    a third of the time. Circles that come about and are dropped meanwhile stay, too, so nothing
    may compose configurations in it."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
