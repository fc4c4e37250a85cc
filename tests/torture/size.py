"""How much of the torture is done: a sample by default, all of it by `make torture`."""

from __future__ import annotations

import os

#: Read once, before the tests hide the caller's environment from themselves.
FULL = os.environ.get("RUNNER_TORTURE", "small") == "full"


def sized(small: int, full: int) -> int:
    """The number for the present size."""
    return full if FULL else small
