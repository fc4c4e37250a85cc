"""From swept values to the ordered list of trials. Pure: composition is an argument.

A grid is the product of its dimensions, the last one fastest, addressed by index and never
built. With more combinations than `max_trials`, that many are drawn by the seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Flags, Operation
from hydra_sweep_runner.planning.identity import identity
from hydra_sweep_runner.planning.sampling import derive_seed, draw

#: A grid with more combinations than this is refused unless `max_trials` is given.
LARGEST_WHOLE_GRID = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One flag (or config group) of a sweep and the overrides that it goes through.

    `name` is the flag's dotted name or the group, without any of Hydra's prefixes;
    `overrides` are complete override strings, one a value, and may be computed on access.
    """

    name: str
    overrides: Sequence[str]


@dataclass(frozen=True)
class Grid:
    """The product of dimensions, in their order, the last one fastest."""

    dimensions: tuple[Dimension, ...]

    @property
    def size(self) -> int:
        """The number of combinations; 1 without dimensions, 0 if one of them is empty."""
        return math.prod(_length(dimension.overrides) for dimension in self.dimensions)

    def at(self, index: int) -> tuple[str, ...]:
        """The overrides of the combination with this index, in the dimensions' order."""
        picked: list[str] = []
        for dimension in reversed(self.dimensions):
            index, place = divmod(index, _length(dimension.overrides))
            picked.append(dimension.overrides[place])
        return tuple(reversed(picked))


def _length(values: Sequence[str]) -> int:
    # len() cannot tell more than sys.maxsize; long ranges tell their length themselves.
    length = getattr(values, "length", None)
    return length if isinstance(length, int) else len(values)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A planned trial: overrides as they were combined, flags as composition gives them."""

    overrides: tuple[str, ...]
    operation: Operation
    flags: Flags
    identity: str
    random_seed: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a batch's flags, options and seed generate.

    `repeated` counts the combinations that gave the same trial as one before and were
    dropped; `combinations` is the size of the whole grid.
    """

    trials: tuple[Trial, ...]
    repeated: int
    combinations: int


#: Composes one combination's overrides to its operation and flags.
Compose = Callable[[tuple[str, ...]], tuple[Operation, Flags]]


def plan_trials(grid: Grid, *, max_trials: int | None, seed: int, compose: Compose) -> Plan:
    """Generate the trials of a grid, in grid order, each once.

    The draw for a larger `max_trials` contains the draw for a smaller one. Raises Mistake
    for a grid too large to run whole where no `max_trials` is given.
    """
    size = grid.size
    if max_trials is None and size > LARGEST_WHOLE_GRID:
        raise Mistake(
            f"the grid has {size} combinations: give +max_trials=N to run a sample of them"
        )
    sampled = max_trials is not None and size > max_trials
    indices: Iterable[int] = draw(size, seed) if sampled else range(size)
    limit = max_trials if sampled else None
    found, repeated = _first_distinct(indices, limit, grid, seed, compose)
    return Plan(
        trials=tuple(trial for _, trial in sorted(found, key=lambda pair: pair[0])),
        repeated=repeated,
        combinations=size,
    )


def _first_distinct(
    indices: Iterable[int], limit: int | None, grid: Grid, seed: int, compose: Compose
) -> tuple[list[tuple[int, Trial]], int]:
    found: list[tuple[int, Trial]] = []
    seen: set[str] = set()
    repeated = 0
    for index in indices:
        if limit is not None and len(found) == limit:
            break
        trial = _trial(grid.at(index), seed, compose)
        if trial.identity in seen:
            repeated += 1
            continue
        seen.add(trial.identity)
        found.append((index, trial))
    return found, repeated


def _trial(overrides: tuple[str, ...], seed: int, compose: Compose) -> Trial:
    operation, flags = compose(overrides)
    digest = identity(operation, flags)
    return Trial(
        overrides=overrides,
        operation=operation,
        flags=flags,
        identity=digest,
        random_seed=derive_seed(seed, digest),
    )


def operation_names(trials: Sequence[Trial]) -> str:
    """The names of the operations of a plan, each once, in the order of the plan."""
    return ", ".join(dict.fromkeys(_names(trials)))


def _names(trials: Sequence[Trial]) -> Iterator[str]:
    for trial in trials:
        yield trial.operation.name
