"""The graph of trials that a pipeline's batch plans. Pure.

Edges lead from a trial to the trials that take files from it, gather it, or only wait for it.
`shared_trials` finds the trials of combinations, `plan_graph` puts them in order.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Value
from hydra_sweep_runner.pipeline.steps import By, Wiring
from hydra_sweep_runner.planning.trials import Trial


class Taken(NamedTuple):
    """An input of a planned trial: `path` of the trial at `node` in the plan, under the name
    `name`."""

    name: str
    path: str
    node: int
    copy: bool = False


class Gathered(NamedTuple):
    """A gather of a planned trial: the places in the plan of all its trials of `step`, in plan
    order."""

    name: str
    step: str
    members: tuple[int, ...]


class Node(NamedTuple):
    """A trial of a pipeline's plan. Numbers are places in the plan, from 0.

    `steps` are the names of the steps that share the trial, in the wiring's order; `step` is the
    first of them. `by` are the flags that divide the gathered trials, with this trial's values.
    `waits` are the trials that end before it but give it no file.
    """

    step: str
    steps: tuple[str, ...]
    trial: Trial
    inputs: tuple[Taken, ...] = ()
    gathers: tuple[Gathered, ...] = ()
    by: tuple[tuple[By, Value], ...] = ()
    partial: bool = False
    waits: tuple[int, ...] = ()

    @property
    def takes_from(self) -> tuple[int, ...]:
        """The trials that it takes files from, gathered ones included, without repetition."""
        inputs = [taken.node for taken in self.inputs]
        if not self.gathers:
            return tuple(dict.fromkeys(inputs))
        members = [member for gathered in self.gathers for member in gathered.members]
        return tuple(dict.fromkeys((*inputs, *members)))


@dataclass(frozen=True)
class Graph:
    """The trials of a pipeline's plan, depth-first by combination, each at its first appearance; a
    gathering trial comes right after its last member.

    `paths` are the trials of each combination, one for each step in the wiring's order.
    """

    wiring: Wiring
    nodes: tuple[Node, ...]
    paths: tuple[tuple[int, ...], ...]

    @cached_property
    def takers(self) -> tuple[tuple[int, ...], ...]:
        """For each trial, the trials that take files from it, in plan order."""
        takers: list[list[int]] = [[] for _ in self.nodes]
        for number, node in enumerate(self.nodes):
            for upstream in node.takes_from:
                takers[upstream].append(number)
        return tuple(map(tuple, takers))
