"""How many trials run at once on this machine, and how quickly one after another."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

from hydra_sweep_runner.errors import Mistake

#: Each trial at work takes processes and half a dozen descriptors: more is a slip of the hand.
MOST_JOBS = 10_000


def resolve_n_jobs(value: int | None, devices: Sequence[str] = ()) -> int:
    """How many trials run at once, at least one.

    None is as many as there are devices, or where none are given as the processors that this
    process may use; -1 is as many as those, -2 one less, and so on, as in joblib. Raises
    Mistake for 0, for more than MOST_JOBS or than there are devices, and for what is no
    integer.
    """
    n_jobs = len(devices) if value is None and devices else _n_jobs(value)
    if devices and n_jobs > len(devices):
        raise Mistake(
            f"hydra.launcher.n_jobs={value}: there are {len(devices)} devices in "
            "hydra.launcher.devices, and each trial at work has one of its own"
        )
    return n_jobs


def _n_jobs(value: int | None) -> int:
    whole = value is None or (isinstance(value, int) and not isinstance(value, bool))
    if value == 0 or not whole:
        raise Mistake(
            f"hydra.launcher.n_jobs={value}: give how many trials run at once, or -1 for as "
            "many as there are processors"
        )
    if value is not None and value > MOST_JOBS:
        raise Mistake(f"hydra.launcher.n_jobs={value}: at most {MOST_JOBS} trials can run at once")
    if value is not None and value > 0:
        return value
    return max(1, processors() + 1 + (-1 if value is None else value))


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_stagger(value: object) -> float:
    """The least time between two starts, in seconds; 0 for None. Raises Mistake for what is
    no such time."""
    if value is None:
        return 0.0
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not known or not 0 <= float(str(value)) < math.inf:
        raise Mistake(
            f"hydra.launcher.stagger_s={value}: give the least time between two starts, in seconds"
        )
    return float(str(value))
