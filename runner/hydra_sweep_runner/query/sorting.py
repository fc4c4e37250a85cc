"""Sorts runs by a value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from hydra_sweep_runner.model import Value
from hydra_sweep_runner.query.evaluate import Subject, value_of
from hydra_sweep_runner.query.tree import Expression

_S = TypeVar("_S", bound=Subject)


def sort_by(expression: Expression, subjects: Iterable[_S], *, descending: bool) -> list[_S]:
    """The subjects sorted by the expression's value; ties keep their order.

    Numbers come before booleans, texts and lists. Subjects without a value come last, descending or
    not; null, NaN and objects count as no value.
    """
    placed: list[tuple[tuple[int, Any], _S]] = []
    last: list[_S] = []
    for subject in subjects:
        place = _place(value_of(expression, subject))
        if place is None:
            last.append(subject)
        else:
            placed.append((place, subject))
    placed.sort(key=lambda pair: pair[0], reverse=descending)
    return [*(subject for _, subject in placed), *last]


def _place(value: Value) -> tuple[int, Any] | None:
    if isinstance(value, bool):
        return 1, value
    if isinstance(value, (int, float)):
        return None if value != value else (0, value)  # NaN alone differs from itself
    if isinstance(value, str):
        return 2, value
    if isinstance(value, (list, tuple)):
        return 3, [_place(item) or (4, 0) for item in value]
    return None
