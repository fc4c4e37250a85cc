"""What an optimizer is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hydra_sweep_runner.errors import RunnerError
from hydra_sweep_runner.model import Flags
from hydra_sweep_runner.planning.space import Space
from hydra_sweep_runner.search.objective import Values
from hydra_sweep_runner.search.space import Point


@dataclass(frozen=True, kw_only=True)
class AtWork:
    """A trial that was proposed and whose result is not to be known yet."""

    point: Point
    flags: Flags


@dataclass(frozen=True, kw_only=True)
class Told:
    """A trial with its result.

    `number` is its place in the plan, from 0; those told before the plan have negative ones.
    `values` have less for better in each objective; None for a trial that failed. `knew` is
    how many of `Question.known` this proposal of the same optimizer knew itself, and `seed`
    the one that it was made with; None for a trial that came otherwise.
    """

    number: int
    point: Point
    flags: Flags
    values: Values | None
    knew: int | None = None
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class Question:
    """All that a proposal depends on.

    `known` are in the order of their numbers. `seed` is this proposal's own, `search_seed`
    that of the whole search. `tries` counts the proposals of the same number that were
    refused.
    """

    space: Space
    objectives: int
    known: Sequence[Told]
    running: Sequence[AtWork]
    number: int
    seed: int
    search_seed: int
    tries: int = 0


class ProposalFailed(RunnerError):
    """An optimizer of the project's own gave no proposal; the line says why."""


class Optimizer(Protocol):
    """Proposes trials. It keeps nothing from one proposal to the next."""

    @property
    def version(self) -> str:
        """The library that it comes from, with its version."""
        ...

    def propose(self, question: Question) -> Point:
        """The point to be tried next: the same for the same question. Raises ProposalFailed."""
        ...
