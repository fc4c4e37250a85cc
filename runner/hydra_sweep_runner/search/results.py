"""The results that a search uses: the last values of a run's scalars."""

from __future__ import annotations

import math
from collections.abc import Mapping

from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.operation.flags import flatten
from hydra_sweep_runner.scalars.numbers import number_of
from hydra_sweep_runner.search.objective import DEFAULT, Last


def last_of(run: Run) -> Last | None:
    """The last finite values that a completed run reported, by name; None for any other run.

    A function's return value is used if the record has no scalar of that name.
    """
    if run.state.status is not Status.COMPLETED:
        return None
    last = {name: float(scalar.last) for name, scalar in run.scalars.items()}
    return {name: value for name, value in {**_returned(run), **last}.items() if _finite(value)}


def reported_names(run: Run) -> tuple[str, ...]:
    """The names of the scalars that a run has reported or returned, finite or not."""
    return tuple(dict.fromkeys((*run.scalars, *_returned(run))))


def _returned(run: Run) -> Mapping[str, float]:
    value = None if run.result is None else run.result.value
    found = flatten(value) if isinstance(value, dict) else {DEFAULT: value}
    numbers = {name: number_of(one) for name, one in found.items()}
    return {name: number for name, number in numbers.items() if number is not None}


def _finite(value: float) -> bool:
    return math.isfinite(value)
