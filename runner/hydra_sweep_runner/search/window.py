"""The results that a proposal knows: those up to a fixed distance in the plan, regardless of
timing.

With a window of W, trial number i knows the results of the trials up to i − W, and counts the W − 1
trials between them and itself as running. So the proposal depends on results, but not on when they
came.
"""

from __future__ import annotations


def count_known(place: int, window: int) -> int:
    """The number of trials, from the beginning of the plan, that the trial at `place` (from 0)
    knows."""
    return max(0, place - window + 1)
