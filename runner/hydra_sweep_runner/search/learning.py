"""A learning search as a value: its plan so far, and the next proposal.

Nothing here runs or records trials. The caller adds results, and `propose` returns the next trial,
or says that a result is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Generic, TypeVar

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Flags
from hydra_sweep_runner.search.basis import Basis, Era, Ledger
from hydra_sweep_runner.search.objective import Last, Objective, Values
from hydra_sweep_runner.search.optimizers.question import (
    AtWork,
    KnownTrial,
    Optimizer,
    ProposalQuestion,
)
from hydra_sweep_runner.search.space import Point, SearchSpace
from hydra_sweep_runner.search.window import count_known

#: A search ends after this many refused proposals for one trial.
MOST_TRIES = 100

_T = TypeVar("_T")


class Unended(Enum):
    """Stands for the missing result of a trial that has not ended."""

    UNENDED = "unended"


UNENDED = Unended.UNENDED


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """A trial of a search: its flags, the overrides it was made from, and its basis (None if no
    learning optimizer proposed it)."""

    number: int
    flags: Flags
    overrides: Sequence[str]
    basis: Basis | None = None


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """A run whose result is told before those of the plan; `values` is None if it counts as
    failed."""

    flags: Flags
    overrides: Sequence[str]
    values: Values | None


@dataclass(frozen=True)
class Proposed(Generic[_T]):
    """What `accept` made of a proposal, and the proposal's basis."""

    made: _T
    basis: Basis


class Asking:
    """Makes the questions for an optimizer from a search's trials and ledger.

    `results` maps a trial's number to its last scalars, None for a failed trial; trials that have
    not ended are missing. The caller fills it as trials end.
    """

    def __init__(
        self,
        ledger: Ledger,
        numbered: Mapping[int, Numbered],
        results: Mapping[int, Last | None],
    ) -> None:
        self.ledger = ledger
        self.numbered = numbered
        self.results = results
        self._points: dict[tuple[int, int], Point | None] = {}

    def question(
        self,
        number: int,
        era_index: int,
        *,
        space: SearchSpace,
        before: Sequence[Earlier],
        known: int,
        tries: int,
    ) -> ProposalQuestion | Unended:
        """The question for a number, in the era with that index, after `tries` refused
        proposals; UNENDED if the proposal would know a trial that has not ended.

        `before` are the era's runs that are told first. Trials outside the space are left out.
        """
        era = self.ledger.eras[era_index]
        objective = Objective.parse(era.objective)
        plan = self.ledger.plan_before(number, era)
        if any(self._result(one, number) is UNENDED for one in plan[:known]):
            return UNENDED
        told = [
            KnownTrial(
                number=nth - len(before),
                point=point,
                flags=earlier.flags,
                values=None if earlier.values is None else objective.oriented(earlier.values),
            )
            for nth, earlier in enumerate(before)
            if (point := space.point_of(earlier.flags, earlier.overrides)) is not None
        ]
        counted = [len(told)]  # maps the number of plan trials to the number of told trials
        for nth, one in enumerate(plan[:known]):
            trial = self._told(one, nth, number, era_index, counted, space, objective)
            told += [] if trial is None else [trial]
            counted.append(len(told))
        return ProposalQuestion(
            space=space.named,
            objectives=len(objective.names),
            known=told,
            running=self._running(plan[known:], era_index, space),
            number=len(plan),
            seed=era.seed(number, tries),
            search_seed=era.random_seed,
            tries=tries,
        )

    def _result(self, number: int, to: int) -> Last | Unended | None:
        """A trial's result as proposal `to` is told it; UNENDED if the trial has not ended."""
        former = self.ledger.former(number, to)
        return self.results.get(number, UNENDED) if former is None else former.last

    def _told(
        self,
        one: int,
        nth: int,
        number: int,
        era_index: int,
        counted: Sequence[int],
        space: SearchSpace,
        objective: Objective,
    ) -> KnownTrial | None:
        trial = self.numbered.get(one)
        point = self._point(one, era_index, space)
        if trial is None or point is None:
            return None
        last = self._result(one, number)
        assert last is not UNENDED
        values = None if last is None else objective.values(last)
        known_count, seed = self._as_own(trial, era_index, counted)
        return KnownTrial(
            number=nth,
            point=point,
            flags=trial.flags,
            values=None if values is None else objective.oriented(values),
            known_count=known_count,
            seed=seed,
        )

    def _as_own(
        self, trial: Numbered, era_index: int, counted: Sequence[int]
    ) -> tuple[int | None, int | None]:
        """For a trial that this optimizer proposed, the number of told trials that it knew, and its
        seed."""
        basis, era = trial.basis, self.ledger.eras[era_index]
        if basis is None or (basis.optimizer, basis.options) != (era.optimizer, era.options):
            return None, None
        earlier = self.ledger.eras[basis.era]
        if earlier.without == era.without:
            return counted[min(basis.known, len(counted) - 1)], basis.seed
        # The plan of another era may have had other trials.
        then = self.ledger.plan_before(trial.number, earlier)[: basis.known]
        now = self.ledger.plan_before(trial.number, era)
        common = sum(one <= then[-1] for one in now) if then else 0
        return counted[min(common, len(counted) - 1)], basis.seed

    def _running(self, numbers: Sequence[int], era_index: int, space: SearchSpace) -> list[AtWork]:
        points = [(one, self._point(one, era_index, space)) for one in numbers]
        return [
            AtWork(point=point, flags=self.numbered[one].flags)
            for one, point in points
            if point is not None
        ]

    def _point(self, number: int, era_index: int, space: SearchSpace) -> Point | None:
        """The trial's point in the space of the era with that index; None if it is outside."""
        key = (era_index, number)
        if key not in self._points and number in self.numbered:
            trial = self.numbered[number]
            self._points[key] = space.point_of(trial.flags, trial.overrides)
        return self._points.get(key)


def known_at(ledger: Ledger, number: int, era: Era) -> int:
    """The number of plan trials that the proposal of a number knows."""
    return count_known(len(ledger.plan_before(number, era)), era.window)


def propose(
    asking: Asking,
    number: int,
    *,
    optimizer: Optimizer,
    space: SearchSpace,
    before: Sequence[Earlier],
    accept: Callable[[Point], _T | None],
) -> Proposed[_T] | Unended | None:
    """Propose the trial of a number, until `accept` returns something for a proposal.

    UNENDED if a result is missing; None if MOST_TRIES proposals were refused.
    """
    era_index = asking.ledger.era_of(number)
    era = asking.ledger.eras[era_index]
    known = known_at(asking.ledger, number, era)
    for tries in range(MOST_TRIES):
        question = asking.question(
            number, era_index, space=space, before=before, known=known, tries=tries
        )
        if isinstance(question, Unended):
            return question
        made = accept(optimizer.propose(question))
        if made is not None:
            basis = Basis.of(era, era_index, number=number, tries=tries, known=known)
            return Proposed(made, basis)
    return None
