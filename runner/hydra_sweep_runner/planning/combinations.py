"""The combinations of a sweep, computed from their index: product, pairs, rows, draws.

A combination is a tuple of overrides of one value each. A product goes through its dimensions
in their order; the last dimension changes fastest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.planning.random_search import place_in_list, share
from hydra_sweep_runner.planning.space import Interval


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One flag (or config group) of a sweep and its possible overrides.

    `name` is the flag's dotted name or the group, without any of Hydra's prefixes. `overrides` are
    complete override strings, one for each value; they may be computed on access. With an
    `interval` the values are drawn from it and written as overrides of `key`; `overrides` then
    lists the values of a whole-numbered interval in ascending order and is empty for any other.
    `swept` is False for a flag that was given a plain value, and True for a sweep, even one over a
    single value.
    """

    name: str
    overrides: Sequence[str]
    interval: Interval | None = None
    key: str = ""
    swept: bool = True

    @property
    def is_finite(self) -> bool:
        """Whether the number of its values is finite."""
        return self.interval is None or self.interval.count is not None

    @property
    def count(self) -> int:
        """How many values a finite dimension has."""
        # len() raises OverflowError above sys.maxsize; long ranges have an attribute instead.
        length = getattr(self.overrides, "length", None)
        return length if isinstance(length, int) else len(self.overrides)

    def drawn(self, seed: int, number: int) -> str:
        """The override that draw `number` of a random search takes."""
        taken = share(seed, self.name, number)
        if self.interval is not None:
            return self.override(self.interval.at(taken))
        return self.overrides[place_in_list(taken, self.count)]

    def override(self, value: float) -> str:
        """The override that sets the flag to a value of the interval."""
        return f"{self.key}={value!r}"


class Combinations(Protocol):
    """A finite number of combinations."""

    @property
    def size(self) -> int:
        """The number of combinations."""
        ...

    def at(self, index: int) -> tuple[str, ...]:
        """The overrides of the combination with this index, from 0."""
        ...


@dataclass(frozen=True)
class Grid:
    """The product of finite dimensions; the last dimension changes fastest."""

    dimensions: tuple[Dimension, ...]

    @property
    def size(self) -> int:
        """The number of combinations; 1 without dimensions, 0 if one of them is empty."""
        return math.prod(dimension.count for dimension in self.dimensions)

    def at(self, index: int) -> tuple[str, ...]:
        """The overrides of combination `index`, in the dimensions' order."""
        picked: list[str] = []
        for dimension in reversed(self.dimensions):
            index, place = divmod(index, dimension.count)
            picked.append(dimension.overrides[place])
        return tuple(reversed(picked))


@dataclass(frozen=True)
class Draws:
    """The endless draws of a random search; see `planning.random_search`."""

    dimensions: tuple[Dimension, ...]
    seed: int

    def at(self, number: int) -> tuple[str, ...]:
        """The overrides of draw `number`, in the dimensions' order."""
        return tuple(dimension.drawn(self.seed, number) for dimension in self.dimensions)


@dataclass(frozen=True)
class Zip:
    """Dimensions of equal length, paired: combination n takes the n-th value of each.

    A dimension that is not swept has the same value in all of them; an interval is drawn for
    each combination.
    """

    dimensions: tuple[Dimension, ...]
    seed: int

    @property
    def size(self) -> int:
        """The length that the swept dimensions share."""
        return next(iter(_lengths(self.dimensions).values()), 1)

    def at(self, index: int) -> tuple[str, ...]:
        """The overrides of combination `index`, in the dimensions' order."""
        return tuple(self._pick(dimension, index) for dimension in self.dimensions)

    def _pick(self, dimension: Dimension, index: int) -> str:
        if dimension.interval is not None:
            return dimension.drawn(self.seed, index)
        return dimension.overrides[index if dimension.swept else 0]


def zipped(dimensions: Sequence[Dimension], seed: int) -> Zip:
    """Pair the dimensions. Raises Mistake if their lengths differ or no flag has a list."""
    lengths = _lengths(dimensions)
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} has {count}" for name, count in lengths.items())
        raise Mistake(f"+shape=zip pairs lists of equal length, but {counts} values")
    if not lengths:
        raise Mistake("+shape=zip pairs lists, and no flag has a list of values")
    return Zip(tuple(dimensions), seed)


def _lengths(dimensions: Sequence[Dimension]) -> dict[str, int]:
    return {one.name: one.count for one in dimensions if one.swept and one.interval is None}


@dataclass(frozen=True)
class Rows:
    """Rows of a file, each combined with all combinations of `beside`, which change fastest.

    A row is a tuple of overrides; those of `beside` and then those of `drawn` follow it. The
    intervals in `drawn` are drawn for each combination. `repeats` holds each row's number among
    its repeats, and `places` the file and line of each row, for error messages; either may be
    empty.
    """

    rows: Sequence[tuple[str, ...]]
    beside: Combinations
    drawn: tuple[Dimension, ...] = ()
    seed: int = 0
    repeats: Sequence[int] = ()
    places: Sequence[str] = ()

    @property
    def size(self) -> int:
        """The number of rows times the number of combinations beside each row."""
        return len(self.rows) * self.beside.size

    def at(self, index: int) -> tuple[str, ...]:
        """The overrides of combination `index`: those of its row come first."""
        row, place = divmod(index, self.beside.size)
        drawn = tuple(dimension.drawn(self.seed, index) for dimension in self.drawn)
        return (*self.rows[row], *self.beside.at(place), *drawn)

    def repeat(self, index: int) -> int:
        """The number of the combination's row among its repeats."""
        return self.repeats[index // self.beside.size] if self.repeats else 0

    def where(self, index: int) -> str:
        """The file and line of the combination's row; empty if they are unknown."""
        return self.places[index // self.beside.size] if self.places else ""


#: The number of trials of a random search without `max_trials`.
RANDOM_TRIALS = 20


def combinations_of(dimensions: Sequence[Dimension], seed: int) -> Combinations | Draws:
    """`Grid` if every dimension is finite, otherwise `Draws`."""
    if all(dimension.is_finite for dimension in dimensions):
        return Grid(tuple(dimensions))
    return Draws(tuple(dimensions), seed)


def most_trials(dimensions: Sequence[Dimension], max_trials: int | None) -> int | None:
    """`max_trials`, or RANDOM_TRIALS if it is not given and an interval is swept."""
    if max_trials is None and any(dimension.interval is not None for dimension in dimensions):
        return RANDOM_TRIALS
    return max_trials
