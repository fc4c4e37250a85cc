"""The question to an optimizer, and the protocol of optimizers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import RunnerError
from hydra_sweep_runner.model import Flags
from hydra_sweep_runner.planning.space import Space
from hydra_sweep_runner.search.objective import Values
from hydra_sweep_runner.search.space import Point


@dataclass(frozen=True, kw_only=True)
class AtWork:
    """A proposed trial whose result the proposal must not know yet."""

    point: Point
    flags: Flags


@dataclass(frozen=True, kw_only=True)
class KnownTrial:
    """A trial with its result.

    `number` is its place in the plan, from 0; runs told before the plan have negative numbers. In
    `values` less is better in each objective; None for a failed trial. `known_count` says how many
    trials of `ProposalQuestion.known`, from its beginning, this trial's own proposal was given, and
    `seed` is that proposal's seed; None if the same optimizer did not propose it.
    """

    number: int
    point: Point
    flags: Flags
    values: Values | None
    known_count: int | None = None
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class ProposalQuestion:
    """Everything that a proposal depends on.

    `known` is in the order of the numbers. `seed` is this proposal's own, `search_seed` that of the
    whole search. `tries` is the number of refused proposals for the same number.
    """

    space: Space
    objectives: int
    known: Sequence[KnownTrial]
    running: Sequence[AtWork]
    number: int
    seed: int
    search_seed: int
    tries: int = 0


class ProposalFailed(RunnerError):
    """A project's own optimizer made no proposal; the message says why."""


class Optimizer(Protocol):
    """Proposes trials. It keeps no state from one proposal to the next."""

    @property
    def version(self) -> str:
        """The optimizer's library and its version."""
        ...

    def propose(self, question: ProposalQuestion) -> Point:
        """The next point to try: the same for the same question. Raises ProposalFailed."""
        ...
