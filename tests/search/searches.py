"""Searches that are run without running anything: trials end in whatever order a test says."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hydra_sweep_runner.model import Value
from hydra_sweep_runner.planning.combinations import Dimension
from hydra_sweep_runner.planning.space import Interval
from hydra_sweep_runner.search.basis import Basis, Era, Ledger
from hydra_sweep_runner.search.learning import (
    UNENDED,
    Asking,
    Numbered,
    propose,
)
from hydra_sweep_runner.search.objective import Objective
from hydra_sweep_runner.search.optimizers.choose import make_optimizer
from hydra_sweep_runner.search.optimizers.question import Optimizer, ProposalQuestion
from hydra_sweep_runner.search.space import Point, SearchSpace


def interval(
    name: str, low: float, high: float, *, log: bool = False, whole: bool = False
) -> Dimension:
    """A dimension that is an interval."""
    one = Interval(low, high, log, whole)
    overrides = [f"{name}={n}" for n in range(int(low), int(high) + 1)] if whole else []
    return Dimension(name=name, overrides=overrides, interval=one, key=name)


def listed(name: str, *values: Value) -> Dimension:
    """A dimension that is a list."""
    return Dimension(name=name, overrides=[f"{name}={value}" for value in values])


def space_of(*dimensions: Dimension) -> SearchSpace:
    """A space with these dimensions; what a list's overrides say are texts."""
    return SearchSpace(
        dimensions,
        {one.name: [text.split("=")[1] for text in one.overrides] for one in dimensions},
    )


SPACE = space_of(
    interval("x", -5.0, 5.0),
    interval("lr", 1e-4, 1.0, log=True),
    interval("n", 1, 8, whole=True),
    listed("z", "a", "b", "c"),
)


def loss(flags: Mapping[str, Any]) -> float:
    """A bowl with a category, to be minimised."""
    return float(
        (flags["x"] - 1) ** 2
        + abs(flags["lr"] - 0.1)
        + 0.1 * flags["n"]
        + {"a": 0.0, "b": 1.0, "c": 2.0}[flags["z"]]
    )


def flags_at(space: SearchSpace, point: Point) -> dict[str, Any]:
    """The flags of a point."""
    return {
        name: point[name] if isinstance(one, Interval) else one[int(point[name])]
        for name, one in space.named.items()
    }


def era_of(optimizer: str, window: int, seed: int = 7, **more: Any) -> Era:
    """The first era of a search."""
    return Era(
        **{
            "first": 0,
            "optimizer": optimizer,
            "options": {},
            "version": "",
            "objective": ("loss",),
            "window": window,
            "random_seed": seed,
            "sweep": (),
            **more,
        }
    )


class Search:
    """A search whose trials end when `end` says so."""

    def __init__(
        self,
        era: Era,
        optimizer: Optimizer,
        space: SearchSpace = SPACE,
        ledger: Ledger | None = None,
    ) -> None:
        self.optimizer = optimizer
        self.space = space
        self.numbered: dict[int, Numbered] = {}
        self.results: dict[int, Mapping[str, float] | None] = {}
        self.asking = Asking(ledger or Ledger(eras=(era,)), self.numbered, self.results)
        self.plan: list[dict[str, Any]] = []
        self.bases: list[Basis] = []

    def step(self) -> bool:
        """Propose the next trial, if results do not have to be waited for."""
        number = len(self.plan)

        def accept(point: Point) -> dict[str, Any] | None:
            flags = flags_at(self.space, point)
            return None if flags in self.plan else flags

        proposed = propose(
            self.asking,
            number,
            optimizer=self.optimizer,
            space=self.space,
            before=(),
            accept=accept,
        )
        if proposed is UNENDED or proposed is None:
            return False
        assert not isinstance(proposed, type(UNENDED))
        self.plan.append(proposed.made)
        self.bases.append(proposed.basis)
        self.numbered[number] = Numbered(
            number=number, flags=proposed.made, overrides=(), basis=proposed.basis
        )
        return True


def run_search(
    search: Search,
    count: int,
    n_jobs: int,
    shuffle: random.Random,
    objective: Callable[[Mapping[str, Any]], float | None] = loss,
) -> list[dict[str, Any]]:
    """Run `count` trials, `n_jobs` at a time, which end in an order of `shuffle`."""
    at_work = [n for n in range(len(search.plan)) if n not in search.results]
    while len(search.results) < count:
        while len(at_work) < n_jobs and len(search.plan) < count and search.step():
            at_work.append(len(search.plan) - 1)
        assert at_work, "the search waits for nothing"
        ended = at_work.pop(shuffle.randrange(len(at_work)))
        value = objective(search.plan[ended])
        search.results[ended] = None if value is None else {"loss": value}
    return search.plan


def optimizer_of(
    name: str, options: Mapping[str, Any] | None = None, objectives: Sequence[str] = ("loss",)
) -> Optimizer:
    """An optimizer of the runner's, by name."""
    return make_optimizer(name, options or {}, Objective.parse(objectives), _no_class)


def _no_class(path: str) -> Any:
    raise AssertionError(path)


class Drawn:
    """An optimizer whose proposals depend on all that a question holds, and cost nothing."""

    version = "drawn 1"

    def propose(self, question: ProposalQuestion) -> Point:
        told = [(one.number, sorted(one.point.items()), one.values) for one in question.known]
        work = [sorted(one.point.items()) for one in question.running]
        chance = random.Random(f"{question.seed} {question.number} {told} {work}")
        return {
            name: chance.uniform(one.low, one.high)
            if isinstance(one, Interval) and not one.int
            else chance.randint(int(one.low), int(one.high))
            if isinstance(one, Interval)
            else chance.randrange(len(one))
            for name, one in question.space.items()
        }
