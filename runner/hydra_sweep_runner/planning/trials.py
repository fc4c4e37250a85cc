"""Makes the ordered list of trials from combinations. Pure: composition is an argument.

Each combination of a grid becomes a trial, in their order. If `max_trials` is smaller than the
grid, the seed draws that many. A random search draws until it has enough different trials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from itertools import count, islice
from typing import NamedTuple

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Flags, Operation
from hydra_sweep_runner.planning.combinations import Combinations, Draws, Rows
from hydra_sweep_runner.planning.identity import trial_identity
from hydra_sweep_runner.planning.seeded_shuffle import derive_seed, random_order

#: A grid with more combinations than this is refused unless `max_trials` is given.
LARGEST_WHOLE_GRID = 1_000_000

#: A random search ends after this many draws in a row without a new trial.
MAX_DRAWS_WITHOUT_NEW = 1_000


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A planned trial: the combination's overrides, and the flags composed from them.

    `repeat` numbers trials with the same flags, from 0. `batch_seed` is the seed of its batch.
    """

    overrides: tuple[str, ...]
    operation: Operation
    flags: Flags
    identity: str
    batch_seed: int
    repeat: int = 0

    @property
    def random_seed(self) -> int:
        """The trial's own seed, derived from the batch's and from what the trial is."""
        return derive_seed(self.batch_seed, self.identity)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The trials that a batch's flags, options and seed generate.

    `duplicates` counts the combinations that were dropped because an earlier combination has the
    same trial; `excluded` counts those that `exclude` rejected. `combinations` is the size of
    the whole grid, None for a random search.
    """

    trials: tuple[Trial, ...]
    duplicates: int
    combinations: int | None
    excluded: int = 0


#: Composes a combination's overrides into its operation and flags.
Compose = Callable[[tuple[str, ...]], tuple[Operation, Flags]]

#: Computes a combination's identity from its overrides and its number among repeats.
Identify = Callable[[tuple[str, ...], int], str]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How a sweep's combinations are changed: those in `include` are appended, those whose
    flags and overrides `excluded` rejects are skipped, and each is run `repeat` times."""

    include: Sequence[tuple[str, ...]] = ()
    excluded: Callable[[Flags, tuple[str, ...]], bool] = field(default=lambda flags, given: False)
    repeat: int = 1


def plan_trials(
    combinations: Combinations | Draws,
    *,
    max_trials: int | None,
    seed: int,
    compose: Compose,
    shape: Shape | None = None,
    identify: Identify | None = None,
) -> Plan:
    """Generate the trials of combinations, in their order, without repetition.

    `identify` computes a combination's identity if operation and flags alone do not determine it.

    The trials of a larger `max_trials` contain those of a smaller one. Included combinations
    take precedence over the others when `max_trials` is reached. Raises Mistake for a grid of
    more than LARGEST_WHOLE_GRID combinations without `max_trials`.
    """
    planning = _Planning(seed, compose, identify, shape or Shape(), max_trials)
    return planning.plan(combinations)


class _Distinct(NamedTuple):
    """The combinations with at least one new trial, each with its number and those trials, and how
    many combinations were dropped and rejected."""

    found: list[tuple[int, tuple[Trial, ...]]]
    duplicates: int
    excluded: int


class _Planning:
    """Finds the trials of one plan."""

    def __init__(
        self,
        seed: int,
        compose: Compose,
        identify: Identify | None,
        shape: Shape,
        limit: int | None,
    ) -> None:
        self._seed = seed
        self._compose = compose
        self._identify = identify
        self._shape = shape
        self._limit = limit

    def plan(self, combinations: Combinations | Draws) -> Plan:
        included = self._distinct(enumerate(self._shape.include), None, frozenset())
        groups = [group for _, group in included.found]
        wanted = frozenset(trial.identity for group in groups for trial in group)
        if isinstance(combinations, Draws):
            swept, size = self._drawn(combinations, wanted), None
        else:
            swept, size = self._countable(combinations, wanted, len(groups)), combinations.size
        trials = [trial for _, group in swept.found for trial in group]
        known = {trial.identity for trial in trials}
        more = [trial for group in groups for trial in group if trial.identity not in known]
        again = sum(all(trial.identity in known for trial in group) for group in groups)
        return Plan(
            trials=tuple(islice((*trials, *more), self._limit)),
            duplicates=included.duplicates + swept.duplicates + again,
            combinations=size,
            excluded=included.excluded + swept.excluded,
        )

    def _countable(
        self, combinations: Combinations, included: frozenset[str], n_included: int
    ) -> _Distinct:
        size, limit = combinations.size, self._limit
        if limit is None and size > LARGEST_WHOLE_GRID:
            raise Mistake(
                f"the grid has {size} combinations: give +max_trials=N to run a sample of them"
            )
        total = (size + n_included) * self._shape.repeat
        sampled = limit is not None and total > limit
        indices: Iterable[int] = random_order(size, self._seed) if sampled else range(size)
        numbered = ((index, combinations.at(index)) for index in indices)
        rows = combinations if isinstance(combinations, Rows) else None
        swept = self._distinct(numbered, limit if sampled else None, included, rows=rows)
        swept.found.sort(key=lambda pair: pair[0])
        return swept

    def _drawn(self, draws: Draws, included: frozenset[str]) -> _Distinct:
        """The trials of a random search. That it draws a combination again is not counted."""
        numbered = ((number, draws.at(number)) for number in count())
        drawn = self._distinct(numbered, self._limit, included, MAX_DRAWS_WITHOUT_NEW)
        return drawn._replace(duplicates=0)

    def _distinct(
        self,
        numbered: Iterable[tuple[int, tuple[str, ...]]],
        limit: int | None,
        included: frozenset[str],
        max_without_new: int | None = None,
        rows: Rows | None = None,
    ) -> _Distinct:
        """The distinct trials of the combinations, in their order.

        Stops at `limit` trials (the included ones counted), or after `max_without_new`
        combinations in a row without a new trial.
        """
        found: list[tuple[int, tuple[Trial, ...]]] = []
        duplicates = excluded = without_new = 0
        seen: set[str] = set()
        left = set(included)
        room = None if limit is None else max(limit - len(left), 0)
        for number, overrides in () if room == 0 else numbered:
            group = self._group(number, overrides, room, left, rows)
            new = tuple(trial for trial in group or () if trial.identity not in seen)
            for trial in new:
                seen.add(trial.identity)
                if trial.identity in left:
                    left.remove(trial.identity)
                elif room is not None:
                    room -= 1
            if new:
                found.append((number, new))
            elif group is None:
                excluded += 1
            else:
                duplicates += 1
            without_new = 0 if new else without_new + 1
            if room == 0 or without_new == max_without_new:
                break
        return _Distinct(found, duplicates, excluded)

    def _group(
        self,
        number: int,
        overrides: tuple[str, ...],
        room: int | None,
        included: set[str],
        rows: Rows | None,
    ) -> tuple[Trial, ...] | None:
        """The trials of one combination, its repeats, so far as there is room for them; None
        if it is excluded. What is wrong with a row is told with its place."""
        try:
            operation, flags = self._compose(overrides)
        except Mistake as error:
            where = "" if rows is None else rows.where(number)
            if not where:
                raise
            raise Mistake(f"{where}: {error}") from error
        if self._shape.excluded(flags, overrides):
            return None
        group: list[Trial] = []
        first = 0 if rows is None else rows.repeat(number)
        for repeat in range(first, first + self._shape.repeat):
            identity = None if self._identify is None else self._identify(overrides, repeat)
            trial = make_trial(operation, flags, overrides, self._seed, repeat, identity)
            if room is None or trial.identity in included:
                group.append(trial)
            elif room > 0:
                group.append(trial)
                room -= 1
        return tuple(group)


def make_trial(
    operation: Operation,
    flags: Flags,
    overrides: tuple[str, ...],
    seed: int,
    repeat: int = 0,
    identity: str | None = None,
) -> Trial:
    """The trial of a composed combination; `seed` is the batch's.

    `identity` is given if operation, flags and repeat alone do not determine it.
    """
    if identity is None:
        identity = trial_identity(operation, flags, repeat)
    return Trial(
        overrides=overrides,
        operation=operation,
        flags=flags,
        identity=identity,
        batch_seed=seed,
        repeat=repeat,
    )


def operation_names(trials: Sequence[Trial]) -> str:
    """The names of a plan's operations, without repetition, in the order of the plan."""
    return ", ".join(dict.fromkeys(trial.operation.name for trial in trials))
