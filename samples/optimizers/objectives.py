"""Functions to be minimised, cheap enough to try a sweep on.

Each takes its flags as keyword arguments and returns a float, which is kept as the run's
result. All are meant to be minimised.
"""

from __future__ import annotations

import os
import random
import time
from math import cos, pi


def quadratic(x: float, y: float, noise: float) -> float:
    """A bowl whose lowest point is 0 at (1, -2), measured with an error.

    `noise` is the standard deviation of the Gaussian error that is added. The error is
    drawn by the run's own seed, so that the same trial measures the same value again.
    """
    error = random.Random(int(os.environ["RUNNER_RANDOM_SEED"])).gauss(0.0, 1.0)
    return (x - 1) ** 2 + (y + 2) ** 2 + noise * error


def branin(x1: float, x2: float) -> float:
    """Branin's function, for x1 in [-5, 10] and x2 in [0, 15].

    Its lowest value, 0.397887, is reached at three points: (-pi, 12.275), (pi, 2.275) and
    (9.42478, 2.475). Source: L. C. W. Dixon and G. P. Szego, "The global optimisation
    problem: an introduction", in Towards Global Optimisation 2, North-Holland 1978,
    pages 1-15.
    """
    valley = x2 - 5.1 / (4 * pi**2) * x1**2 + 5 / pi * x1 - 6
    return valley**2 + 10 * (1 - 1 / (8 * pi)) * cos(x1) + 10


def slow_branin(x1: float, x2: float, seconds: float) -> float:
    """Branin's function after a while: long enough to be interrupted."""
    time.sleep(seconds)
    return branin(x1, x2)
