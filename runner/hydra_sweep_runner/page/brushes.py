"""Brushes: what was marked on the axes of the parallel coordinates, and which runs it means. Pure.

In the address a brush is a JSON list: `["lr", 0.01, 0.1]` means the numbers from one to the other,
`["opt", ["adam", "sgd"]]` the values that are shown so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Value
from hydra_sweep_runner.operation.values import is_number
from hydra_sweep_runner.query.columns import Column
from hydra_sweep_runner.query.evaluate import value_of
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.query.tree import Name, Scope
from hydra_sweep_runner.terminal.render import render_value


@dataclass(frozen=True)
class Brush:
    """A part of an axis: of numbers from `low` to `high`, both included, or of `texts`."""

    axis: str
    low: float | None = None
    high: float | None = None
    texts: tuple[str, ...] | None = None

    def holds(self, value: Value) -> bool:
        """Whether a value lies in it."""
        if self.texts is not None:
            return value is not None and render_value(value) in self.texts
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return self.low is not None and self.high is not None and self.low <= value <= self.high


def parse_brush(text: str) -> Brush:
    """A brush as it stands in the address. Raises Mistake."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, list) and found and isinstance(found[0], str):
        name, rest = found[0], found[1:]
        if len(rest) == 2 and all(is_number(one) for one in rest):
            return Brush(name, float(rest[0]), float(rest[1]))
        is_list = len(rest) == 1 and isinstance(rest[0], list)
        if is_list and all(isinstance(one, str) for one in rest[0]):
            return Brush(name, texts=tuple(rest[0]))
    raise Mistake(f'brush {text}: give ["FLAG", LOW, HIGH] or ["FLAG", ["VALUE", …]]')


def brushed(
    runs: Iterable[RunRow], brushes: Sequence[Brush], objective: Column | None
) -> list[RunRow]:
    """The runs whose values lie in a brush on each axis that has any; in their order.

    An axis is a flag, or the objective by its text. As in a filter, a run of the step `prepare`
    has its own flag `rows` for `prepare.rows`.
    """
    by_axis: dict[str, list[Brush]] = {}
    for brush in brushes:
        by_axis.setdefault(brush.axis, []).append(brush)

    def value(run: RunRow, axis: str) -> Value:
        if axis not in run.flags and objective is not None and axis == objective.title:
            return objective.value(run)
        return value_of(Name(Scope.ANY, axis), run)

    return [
        run
        for run in runs
        if all(
            any(brush.holds(value(run, axis)) for brush in marked)
            for axis, marked in by_axis.items()
        )
    ]
