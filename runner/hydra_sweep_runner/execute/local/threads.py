"""Limits the threads of numerical libraries, so that trials at once share the processors.

Each of these libraries starts as many threads as there are processors. With as many trials at once,
the machine would run the square of that number. joblib limits its own workers in the same way
(joblib's user guide, "Avoiding over-subscription of CPU resources").
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

#: The variables from which the libraries read their number of threads when they are loaded.
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
    """The variables to add to the environment of each of `n_jobs` trials at once.

    Empty for one job, which may use the whole machine; variables that the user has set are left
    alone. If OMP_NUM_THREADS is set, none is added, because most of the libraries follow it.
    """
    if n_jobs == 1 or "OMP_NUM_THREADS" in environment:
        return {}
    share = str(max(1, processors // n_jobs))
    return {name: share for name in VARIABLES if name not in environment}


def limit_loaded(environment: Mapping[str, str]) -> None:
    """Limit the libraries that this process has loaded already, if threadpoolctl is installed."""
    share = environment.get("OMP_NUM_THREADS", "")
    if "numpy" not in sys.modules or not share.isdecimal():
        return
    try:
        import threadpoolctl  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        return
    threadpoolctl.threadpool_limits(int(share))
