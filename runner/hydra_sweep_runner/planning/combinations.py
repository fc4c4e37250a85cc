"""The combinations of a sweep, addressed by index and never built: product, pairs, rows, draws.

A combination is a tuple of overrides of one value each. Those of a product stand in the order of
its dimensions, the last one fastest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.planning.draws import place_in_list, share
from hydra_sweep_runner.planning.space import Interval


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One flag (or config group) of a sweep and the overrides that it goes through.

    `name` is the flag's dotted name or the group, without any of Hydra's prefixes;
    `overrides` are complete override strings, one a value, and may be computed on access. With
    an `interval` the values are its own, written as overrides of `key`; where it is
    whole-numbered, `overrides` lists them in ascending order, else it is empty. `swept` says
    whether more than one value was meant.
    """

    name: str
    overrides: Sequence[str]
    interval: Interval | None = None
    key: str = ""
    swept: bool = True

    @property
    def is_finite(self) -> bool:
        """Whether its values can be counted."""
        return self.interval is None or self.interval.count is not None

    @property
    def count(self) -> int:
        """How many values a finite dimension has."""
        # len() cannot tell more than sys.maxsize; long ranges tell their length themselves.
        length = getattr(self.overrides, "length", None)
        return length if isinstance(length, int) else len(self.overrides)

    def drawn(self, seed: int, number: int) -> str:
        """The override that a random search's draw takes."""
        taken = share(seed, self.name, number)
        if self.interval is not None:
            return self.override(self.interval.at(taken))
        return self.overrides[place_in_list(taken, self.count)]

    def override(self, value: float) -> str:
        """The override that gives a value of the interval."""
        return f"{self.key}={value!r}"


class Combinations(Protocol):
    """Combinations that can be counted."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def at(self, index: int) -> tuple[str, ...]:
        """The overrides of the combination with this index, from 0."""
        ...


@dataclass(frozen=True)
class Grid:
    """The product of finite dimensions, in their order, the last one fastest."""

    dimensions: tuple[Dimension, ...]

    @property
    def size(self) -> int:
        """The number of combinations; 1 without dimensions, 0 if one of them is empty."""
        return math.prod(dimension.count for dimension in self.dimensions)

    def at(self, index: int) -> tuple[str, ...]:
        """The overrides of the combination with this index, in the dimensions' order."""
        picked: list[str] = []
        for dimension in reversed(self.dimensions):
            index, place = divmod(index, dimension.count)
            picked.append(dimension.overrides[place])
        return tuple(reversed(picked))


@dataclass(frozen=True)
class Draws:
    """The draws of a random search, without an end; see `planning.draws`."""

    dimensions: tuple[Dimension, ...]
    seed: int

    def at(self, number: int) -> tuple[str, ...]:
        """The overrides of a draw, in the dimensions' order."""
        return tuple(dimension.drawn(self.seed, number) for dimension in self.dimensions)


@dataclass(frozen=True)
class Zip:
    """Dimensions of equal length side by side: the n-th values together. What has one value
    and is not swept goes with each of them; an interval is drawn for each."""

    dimensions: tuple[Dimension, ...]
    seed: int

    @property
    def size(self) -> int:
        """The length that the swept dimensions share."""
        return next(iter(_lengths(self.dimensions).values()), 1)

    def at(self, index: int) -> tuple[str, ...]:
        """The overrides of one of the pairs, in the dimensions' order."""
        return tuple(self._pick(dimension, index) for dimension in self.dimensions)

    def _pick(self, dimension: Dimension, index: int) -> str:
        if dimension.interval is not None:
            return dimension.drawn(self.seed, index)
        return dimension.overrides[index if dimension.swept else 0]


def zipped(dimensions: Sequence[Dimension], seed: int) -> Zip:
    """Dimensions to be paired. Raises Mistake if their lengths differ."""
    lengths = _lengths(dimensions)
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {count}" for name, count in lengths.items())
        raise Mistake(f"+shape=zip pairs lists of equal length, but {told} values")
    if not lengths:
        raise Mistake("+shape=zip pairs lists, and no flag has a list of values")
    return Zip(tuple(dimensions), seed)


def _lengths(dimensions: Sequence[Dimension]) -> dict[str, int]:
    return {one.name: one.count for one in dimensions if one.swept and one.interval is None}


@dataclass(frozen=True)
class Rows:
    """Rows of a file, each with all combinations of what is swept beside them, which come
    fastest. Intervals among `drawn` are drawn for each; `fixed` goes with all.

    A row is a tuple of overrides. What the dimensions set comes after the row. `repeats` are
    the rows' numbers among repeats, where they have some; `names` say where a row stands.
    """

    rows: Sequence[tuple[str, ...]]
    beside: Combinations
    drawn: tuple[Dimension, ...] = ()
    seed: int = 0
    repeats: Sequence[int] = ()
    names: Sequence[str] = ()

    @property
    def size(self) -> int:
        """The number of rows times that of the combinations beside each."""
        return len(self.rows) * self.beside.size

    def at(self, index: int) -> tuple[str, ...]:
        """The overrides of a row with a combination beside it."""
        row, place = divmod(index, self.beside.size)
        drawn = tuple(dimension.drawn(self.seed, index) for dimension in self.drawn)
        return (*self.rows[row], *self.beside.at(place), *drawn)

    def repeat(self, index: int) -> int:
        """The number among repeats of the combination's row."""
        return self.repeats[index // self.beside.size] if self.repeats else 0

    def where(self, index: int) -> str:
        """Where the combination's row stands."""
        return self.names[index // self.beside.size] if self.names else ""


#: The trials of a random search where nobody says how many.
RANDOM_TRIALS = 20


def combinations_of(dimensions: Sequence[Dimension], seed: int) -> Combinations | Draws:
    """The product of what is swept, or draws from it where it has no end."""
    if all(dimension.is_finite for dimension in dimensions):
        return Grid(tuple(dimensions))
    return Draws(tuple(dimensions), seed)


def most_trials(dimensions: Sequence[Dimension], max_trials: int | None) -> int | None:
    """The largest number of trials: of a sweep with an interval in it there are some."""
    if max_trials is None and any(dimension.interval is not None for dimension in dimensions):
        return RANDOM_TRIALS
    return max_trials
