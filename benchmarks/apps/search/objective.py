"""The function that the search restarts of the benchmarks run."""

from math import cos, pi


def branin(x1: float, x2: float) -> float:
    """Branin's function (Dixon and Szego, 1978)."""
    valley = x2 - 5.1 / (4 * pi**2) * x1**2 + 5 / pi * x1 - 6
    return valley**2 + 10 * (1 - 1 / (8 * pi)) * cos(x1) + 10
