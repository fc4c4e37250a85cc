"""The space of a learning search: swept flags and groups, and points in it.

A point has a number for each swept name: the value in an interval, or the index in a list. So
optimizers do not need to know the values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Flags, Value
from hydra_sweep_runner.operation.values import canonical
from hydra_sweep_runner.planning.combinations import Dimension
from hydra_sweep_runner.planning.space import Interval, Space

#: Maps each name to a number in its interval, or to an index in its list.
Point: TypeAlias = Mapping[str, float]

#: The largest whole number up to which floats are exact; optimizers calculate in floats.
_EXACT = 2**53

#: The longest list. Its values are categories; from more of them an optimizer learns nothing.
_MOST_VALUES = 10_000


@dataclass(frozen=True)
class SearchSpace:
    """The dimensions of a sweep, with the values of its lists, by name.

    Dimensions that are not swept have the same override at every point.
    """

    dimensions: tuple[Dimension, ...]
    values: Mapping[str, Sequence[Value]]

    @property
    def swept(self) -> tuple[Dimension, ...]:
        """The dimensions in which points differ, in their order."""
        return tuple(dimension for dimension in self.dimensions if dimension.swept)

    @property
    def named(self) -> Space:
        """The space by name: intervals and lists of values."""
        return {
            one.name: list(self.values[one.name]) if one.interval is None else one.interval
            for one in self.swept
        }

    @property
    def size(self) -> int | None:
        """The number of points; None if it is infinite."""
        if not all(dimension.is_finite for dimension in self.swept):
            return None
        return math.prod(dimension.count for dimension in self.swept)

    def overrides(self, point: Point) -> tuple[str, ...]:
        """The overrides of a point, in the order of the dimensions."""
        return tuple(
            dimension.overrides[0]
            if not dimension.swept
            else dimension.override(point[dimension.name])
            if dimension.interval is not None
            else dimension.overrides[int(point[dimension.name])]
            for dimension in self.dimensions
        )

    def point_of(self, flags: Flags, overrides: Sequence[str]) -> Point | None:
        """The point of a run's flags, or of the overrides that it was made from; None if it is
        outside the space."""
        point: dict[str, float] = {}
        for dimension in self.swept:
            place = self._place(dimension, flags, overrides)
            if place is None:
                return None
            point[dimension.name] = place
        return point

    def _place(self, dimension: Dimension, flags: Flags, overrides: Sequence[str]) -> float | None:
        name = dimension.name
        if dimension.interval is not None:
            return number_in(dimension.interval, flags.get(name))
        if name in flags:
            place = index_of(self.values[name], flags[name])
            if place is not None:
                return place
        for place, text in enumerate(dimension.overrides):
            if text in overrides:
                return place
        return None


def number_in(interval: Interval, value: Value) -> float | None:
    """The value as a number of the interval; None if it is not in the interval."""
    if not interval.holds(value) or not isinstance(value, (int, float)):
        return None
    return int(value) if interval.int else float(value)


def index_of(values: Sequence[Value], value: Value) -> int | None:
    """The index of a flag's value in a list; None if it is not in the list."""
    wanted = canonical(value)
    return next((n for n, one in enumerate(values) if canonical(one) == wanted), None)


def check_learnable(space: SearchSpace, optimizer: str) -> None:
    """Raise Mistake for a space in which an optimizer cannot learn."""
    if not space.swept:
        raise Mistake(
            f"+optimizer={optimizer} has nothing to choose: sweep a flag, as in "
            "x=interval(0,1) or x=1,2,3"
        )
    for dimension in space.swept:
        if dimension.interval is None and dimension.count > _MOST_VALUES:
            raise Mistake(
                f"+optimizer={optimizer}: {dimension.name} has {dimension.count} values, each "
                "of which counts for a category; give an interval, as in int(interval(1,1000))"
            )
        interval = dimension.interval
        if interval is not None and interval.int and abs(interval.high) > _EXACT:
            raise Mistake(
                f"+optimizer={optimizer}: {dimension.name}: whole numbers beyond 2**53 are more "
                "than an optimizer can tell apart"
            )
        if dimension.is_finite and dimension.count == 0:
            raise Mistake(f"the sweep has no trials: {dimension.name} has no values")
