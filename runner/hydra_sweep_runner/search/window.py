"""What a proposal knows: results up to a fixed distance in the plan, whatever has happened.

With a window of W, trial number i knows the results of the trials up to i − W, and takes the
W − 1 between them and itself for being at work. So what it is depends on results, and not on
when they came.
"""

from __future__ import annotations


def count_known(place: int, window: int) -> int:
    """How many trials of the plan, the first of them, the trial at a place (from 0) knows."""
    return max(0, place - window + 1)
