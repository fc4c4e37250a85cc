"""Decides which trials of a pipeline's plan are current, and what a start does with each. Pure.

A trial is current if it is completed, its inputs were made by the same attempts of the same runs as
now, and it gathered the trials that it would gather now. A trial that takes files from a trial that
is about to run is not current: its inputs are about to be replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Status
from hydra_sweep_runner.pipeline.graph import Graph, Node


@dataclass(frozen=True)
class Origin:
    """Where an input came from: the run, the path in it, and the attempt (None if nothing was taken
    yet)."""

    run: str
    path: str
    attempt: int | None


@dataclass(frozen=True, kw_only=True)
class Known:
    """The stored run of a planned trial, as last observed.

    `attempt` is the number of its last attempt, from 1; 0 if it never started. `inputs` and
    `gathers` (for each gather, the attempt of each run) are those of its last start. `changed` says
    which code has changed since it ran, if the start checks that.
    """

    run: str
    status: Status
    attempt: int = 0
    inputs: Mapping[str, Origin] = field(default_factory=dict)
    gathers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    changed: str | None = None


#: Why `only=failed` leaves a trial.
NOT_FAILED = "has not failed"


class Do(Enum):
    """What a start does with a planned trial."""

    RUN = "run"
    SKIP = "skip"  #: the trial is current
    LEAVE = "leave"  #: the trial was not selected to run


@dataclass(frozen=True)
class Decision:
    """What a start does with a trial, and the reason in a few words.

    It is provisional if the trial runs only because a trial that it takes files from runs.
    """

    do: Do
    why: str
    is_provisional: bool = False


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which trials a start is to run.

    By default it runs all trials. `needed` leaves out current trials. `only_failed` selects failed
    trials. `from_step` runs the trials of that step, and of all steps that depend on it, even if
    they are current. `until` excludes all steps that depend on that step.
    """

    needed: bool = False
    only_failed: bool = False
    from_step: str | None = None
    until: str | None = None


def decide(graph: Graph, known: Sequence[Known | None], wanted: Wanted) -> tuple[Decision, ...]:
    """What to do with each trial, in plan order; `known` has the run of each, None if there is none
    yet."""
    return _Deciding(graph, known, wanted).decisions()


class _Deciding:
    def __init__(self, graph: Graph, known: Sequence[Known | None], wanted: Wanted) -> None:
        self._graph = graph
        self._known = known
        self._wanted = wanted
        wiring = graph.wiring
        beyond = frozenset() if wanted.until is None else wiring.downstream(wanted.until)
        self._beyond = beyond
        self._again: frozenset[str] = frozenset()
        if wanted.from_step is not None:
            self._again = wiring.downstream(wanted.from_step) | {wanted.from_step}
        self._decided: list[Decision] = []

    def decisions(self) -> tuple[Decision, ...]:
        for node, known in zip(self._graph.nodes, self._known, strict=True):
            self._decided.append(self._decide(node, known))
        return tuple(self._decided)

    def _decide(self, node: Node, known: Known | None) -> Decision:
        wanted = self._wanted
        if self._beyond.issuperset(node.steps):
            return Decision(Do.LEAVE, f"after until={wanted.until}")
        if wanted.only_failed:
            if known is not None and known.status is Status.ERROR:
                return Decision(Do.RUN, "failed")
            return Decision(Do.LEAVE, NOT_FAILED)
        if known is None:
            return Decision(Do.RUN, "new")
        if not self._again.isdisjoint(node.steps):
            return Decision(Do.RUN, f"from={wanted.from_step}")
        if not wanted.needed and wanted.from_step is None:
            return Decision(Do.RUN, "all are run again")
        stale = why_stale(node, known, self._known)
        upstream = self._upstream_that_runs(node)
        if upstream is not None:
            return Decision(Do.RUN, upstream, is_provisional=stale is None)
        return Decision(Do.SKIP, "current") if stale is None else Decision(Do.RUN, stale)

    def _upstream_that_runs(self, node: Node) -> str | None:
        for number in node.takes_from:
            if self._decided[number].do is Do.RUN:
                return f"{_label(self._graph.nodes[number], self._known[number])} runs"
        return None


def why_stale(node: Node, known: Known, upstream: Sequence[Known | None]) -> str | None:
    """Why a trial is not current, according to the runs of the plan as they are; None if it is
    current."""
    if known.status is not Status.COMPLETED:
        return _NOT_COMPLETED[known.status]
    if known.changed is not None:
        return known.changed
    for taken in node.inputs:
        one = upstream[taken.node]
        origin = known.inputs.get(taken.name)
        if one is None or origin is None or origin.run != one.run or origin.path != taken.path:
            return f"{taken.name} is of another run now"
        if origin.attempt != one.attempt:
            return f"{taken.name} was made anew by {one.run[:8]}"
    for gathered in node.gathers:
        if known.gathers.get(gathered.name) != members_now(node, gathered.members, upstream):
            return f"{gathered.name} has other trials now"
    return None


def out_of_date(graph: Graph, known: Sequence[Known | None]) -> tuple[int, ...]:
    """The numbers of the completed trials that are not current, in plan order: those that are stale
    themselves, and those that take files from such."""
    found: set[int] = set()
    for number, (node, one) in enumerate(zip(graph.nodes, known, strict=True)):
        if one is None or one.status is not Status.COMPLETED:
            continue
        if not found.isdisjoint(node.takes_from) or why_stale(node, one, known) is not None:
            found.add(number)
    return tuple(sorted(found))


def members_now(
    node: Node, members: Sequence[int], upstream: Sequence[Known | None]
) -> dict[str, int]:
    """The attempt of each run that a gather would take now, in plan order: all runs or, with
    `partial`, the completed ones."""
    found = [one for member in members if (one := upstream[member]) is not None]
    return {
        one.run: one.attempt for one in found if not node.partial or one.status is Status.COMPLETED
    }


def kind_changed(path: str, is_folder: bool) -> str:
    """The reason why a path of an upstream run is not what was taken from it: a folder instead of a
    file, or a file instead of a folder."""
    return f"{path} is a {'folder' if is_folder else 'file'} now"


_NOT_COMPLETED = {
    Status.PENDING: "not started yet",
    Status.RUNNING: "was at work",
    Status.ERROR: "failed",
    Status.TERMINATED: "was stopped",
}


def _label(node: Node, known: Known | None) -> str:
    return f"a new {node.step}" if known is None else f"{node.step} {known.run[:8]}"
