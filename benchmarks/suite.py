"""All benchmarks, in the order of the table."""

from __future__ import annotations

from benchmarks import lists, packing, pages, plans, scalars, searches, trials

ALL = (
    *trials.BENCHMARKS,
    *scalars.BENCHMARKS,
    *plans.BENCHMARKS,
    *lists.BENCHMARKS,
    *packing.BENCHMARKS,
    *searches.BENCHMARKS,
    *pages.BENCHMARKS,
)
