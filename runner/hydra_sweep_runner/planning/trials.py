"""Makes the ordered list of trials from combinations. Pure: composition is an argument.

Each combination of a grid becomes a trial, in their order. If `max_trials` is smaller than the
grid, the seed draws that many. A random search draws until it has enough different trials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from itertools import count, islice

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Flags, Operation
from hydra_sweep_runner.planning.combinations import Combinations, Draws, Rows
from hydra_sweep_runner.planning.identity import identity
from hydra_sweep_runner.planning.sampling import derive_seed, draw

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

    `repeated` counts the combinations that were dropped because an earlier combination has the
    same trial; `excluded` counts those that `exclude` rejected. `combinations` is the size of
    the whole grid, None for a random search.
    """

    trials: tuple[Trial, ...]
    repeated: int
    combinations: int | None
    excluded: int = 0


#: Composes a combination's overrides into its operation and flags.
Compose = Callable[[tuple[str, ...]], tuple[Operation, Flags]]

#: Computes a combination's digest from its overrides and its number among repeats.
Identify = Callable[[tuple[str, ...], int], str]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How a sweep's combinations are changed: those in `include` are appended, those whose
    flags `excluded` rejects are skipped, and each is run `repeat` times."""

    include: Sequence[tuple[str, ...]] = ()
    excluded: Callable[[Flags], bool] = field(default=lambda flags: False)
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

    `identify` computes a combination's digest if operation and flags alone do not determine it.

    The trials of a larger `max_trials` contain those of a smaller one. Included combinations
    take precedence over the others when `max_trials` is reached. Raises Mistake for a grid of
    more than LARGEST_WHOLE_GRID combinations without `max_trials`.
    """
    planning = _Planning(seed, compose, identify, shape or Shape(), max_trials)
    return planning.plan(combinations)


#: Marks the end of the combinations.
_NONE: tuple[int, tuple[str, ...]] = (-1, ())


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
        self._repeated = 0
        self._excluded = 0

    def plan(self, combinations: Combinations | Draws) -> Plan:
        included = self._included()
        if isinstance(combinations, Draws):
            found, size = self._drawn(combinations, included), None
        else:
            found, size = self._countable(combinations, included), combinations.size
        trials = [trial for _, group in found for trial in group]
        known = {trial.identity for trial in trials}
        more = [trial for group in included for trial in group if trial.identity not in known]
        self._repeated += sum(all(trial.identity in known for trial in one) for one in included)
        return Plan(
            trials=tuple(islice((*trials, *more), self._limit)),
            repeated=self._repeated,
            combinations=size,
            excluded=self._excluded,
        )

    def _included(self) -> list[tuple[Trial, ...]]:
        numbered = enumerate(self._shape.include)
        return [group for _, group in self._distinct(numbered, None, set())]

    def _countable(
        self, combinations: Combinations, included: list[tuple[Trial, ...]]
    ) -> list[tuple[int, tuple[Trial, ...]]]:
        size, limit = combinations.size, self._limit
        if limit is None and size > LARGEST_WHOLE_GRID:
            raise Mistake(
                f"the grid has {size} combinations: give +max_trials=N to run a sample of them"
            )
        total = (size + len(included)) * self._shape.repeat
        sampled = limit is not None and total > limit
        indices: Iterable[int] = draw(size, self._seed) if sampled else range(size)
        known = {trial.identity for group in included for trial in group}
        numbered = ((index, combinations.at(index)) for index in indices)
        rows = combinations if isinstance(combinations, Rows) else None
        found = self._distinct(numbered, limit if sampled else None, known, rows=rows)
        return sorted(found, key=lambda pair: pair[0])

    def _drawn(
        self, draws: Draws, included: list[tuple[Trial, ...]]
    ) -> list[tuple[int, tuple[Trial, ...]]]:
        known = {trial.identity for group in included for trial in group}
        numbered = ((number, draws.at(number)) for number in count())
        found = list(self._distinct(numbered, self._limit, known, MAX_DRAWS_WITHOUT_NEW))
        self._repeated = 0  # duplicate draws of a random search are not reported
        return found

    def _distinct(
        self,
        numbered: Iterable[tuple[int, tuple[str, ...]]],
        limit: int | None,
        included: set[str],
        max_without_new: int | None = None,
        rows: Rows | None = None,
    ) -> Iterator[tuple[int, tuple[Trial, ...]]]:
        """Yields, for each combination with at least one new trial, its number and those trials.

        Stops at `limit` trials (the included ones counted), or after `max_without_new`
        combinations in a row without a new trial.
        """
        seen: set[str] = set()
        left, without_new = set(included), 0
        room = None if limit is None else limit - len(left)
        combinations = iter(numbered)
        while (room is None or room > 0) and without_new != max_without_new:
            number, overrides = next(combinations, _NONE)
            if number < 0:
                return
            group = self._group(number, overrides, room, left, rows)
            if group is None:
                self._excluded += 1
                without_new += 1
                continue
            new = tuple(trial for trial in group if trial.identity not in seen)
            if not new:
                self._repeated += 1
                without_new += 1
                continue
            without_new = 0
            for trial in new:
                seen.add(trial.identity)
                if trial.identity in left:
                    left.remove(trial.identity)
                elif room is not None:
                    room -= 1
            yield number, new

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
        if self._shape.excluded(flags):
            return None
        group: list[Trial] = []
        first = 0 if rows is None else rows.repeat(number)
        for repeat in range(first, first + self._shape.repeat):
            digest = None if self._identify is None else self._identify(overrides, repeat)
            trial = planned(operation, flags, overrides, self._seed, repeat, digest)
            if room is None or trial.identity in included:
                group.append(trial)
            elif room > 0:
                group.append(trial)
                room -= 1
        return tuple(group)


def planned(
    operation: Operation,
    flags: Flags,
    overrides: tuple[str, ...],
    seed: int,
    repeat: int = 0,
    digest: str | None = None,
) -> Trial:
    """The trial of a composed combination; `seed` is the batch's.

    `digest` is its identity if operation and flags alone do not determine it.
    """
    if digest is None:
        digest = identity(operation, flags, repeat)
    return Trial(
        overrides=overrides,
        operation=operation,
        flags=flags,
        identity=digest,
        batch_seed=seed,
        repeat=repeat,
    )


def operation_names(trials: Sequence[Trial]) -> str:
    """The names of a plan's operations, without repetition, in the order of the plan."""
    return ", ".join(dict.fromkeys(_names(trials)))


def _names(trials: Sequence[Trial]) -> Iterator[str]:
    for trial in trials:
        yield trial.operation.name
