"""Threads of numerical libraries: so few that trials side by side share the processors.

Each of these libraries starts as many threads as there are processors. With as many trials at
work, that is the square of what the machine has. joblib's own workers are limited in the same
way (joblib's user guide, "Avoiding over-subscription of CPU resources").
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

#: Where the libraries look for how many threads they may start, when they are loaded.
VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def limits(environment: Mapping[str, str], *, n_jobs: int, processors: int) -> dict[str, str]:
    """What to add to the environment of each of `n_jobs` trials at a time.

    Nothing for one job, which may have the whole machine, and nothing that the user has set.
    One who has set OMP_NUM_THREADS has set them all: most of the libraries go by it.
    """
    if n_jobs == 1 or "OMP_NUM_THREADS" in environment:
        return {}
    share = str(max(1, processors // n_jobs))
    return {name: share for name in VARIABLES if name not in environment}


def limit_loaded(environment: Mapping[str, str]) -> None:
    """Limit the libraries that this process has loaded before, as far as threadpoolctl is
    installed, which can do it."""
    share = environment.get("OMP_NUM_THREADS", "")
    if "numpy" not in sys.modules or not share.isdecimal():
        return
    try:
        import threadpoolctl  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        return
    threadpoolctl.threadpool_limits(int(share))
