"""Decides which trial of a graph may start next, and which never will. Pure: no clock, no thread.

A trial is ready when all trials that it waits for are completed; for a gather with `partial`, when
all have ended and some are completed. The first ready trial in the plan starts first, whatever its
step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum
from heapq import heappop, heappush

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.pipeline.graph import Graph, Node


@dataclass(frozen=True)
class Blocked:
    """A trial that will not start, and the failed or unselected trial that is the cause.

    `commands.start.pipeline.not_started` records that as the reason of the pending run.
    """

    number: int
    cause: int


class _State(Enum):
    WAITING = "waiting"
    READY = "ready"
    AT_WORK = "at work"
    COMPLETED = "completed"
    FAILED = "failed"  #: or stopped, or blocked: no trial can take its files
    OUTSIDE = "outside"  #: not selected to run, and not completed


_ENDED = (_State.COMPLETED, _State.FAILED, _State.OUTSIDE)


class Schedule:
    """Returns the trials of a graph that are to run, as numbers in plan order, when they may
    start."""

    def __init__(self, graph: Graph, to_run: Collection[int], completed: Collection[int]) -> None:
        """`completed` are trials that are not to run and whose files can be taken."""
        self._nodes = graph.nodes
        self._states = self._first_states(set(to_run), set(completed))
        self._downstream: list[list[int]] = [[] for _ in self._nodes]
        self._unfinished = [0] * len(self._nodes)
        #: How many more trials of each step may run at the same time.
        self._free_slots = {
            step.name: step.n_jobs or len(self._nodes) for step in graph.wiring.steps
        }
        #: A heap of the trials of each step that can start.
        self._ready: dict[str, list[int]] = {name: [] for name in self._free_slots}
        self.at_work = 0  #: the number of trials that were taken and have not ended
        self._cause: dict[int, int] = {}
        #: The trials that never start, because they wait for one that is neither completed nor to
        #: run.
        self.blocked: tuple[Blocked, ...] = self._begin(sorted(to_run))

    def _first_states(self, to_run: set[int], completed: set[int]) -> list[_State]:
        return [
            _State.WAITING
            if number in to_run
            else _State.COMPLETED
            if number in completed
            else _State.OUTSIDE
            for number in range(len(self._nodes))
        ]

    def _begin(self, to_run: Iterable[int]) -> tuple[Blocked, ...]:
        blocked: list[Blocked] = []
        for number in to_run:  # in plan order, so upstream trials are decided first
            upstream = _waits_for(self._nodes[number])
            for one in upstream:
                if self._states[one] not in _ENDED:
                    self._unfinished[number] += 1
                    self._downstream[one].append(number)
            ended = (one for one in upstream if self._states[one] in _ENDED)
            blocked += self._decide(number, ended)
        return tuple(blocked)

    @property
    def is_over(self) -> bool:
        """Whether no trial is running and none can start any more."""
        return not self.at_work and not any(self._ready.values())

    def peek(self) -> int | None:
        """The trial that `take` would return now."""
        firsts = [
            ready[0] for step, ready in self._ready.items() if ready and self._free_slots[step]
        ]
        return min(firsts, default=None)

    def take(self) -> int | None:
        """The first trial in the plan that can start now, which then counts as running. None if
        there is none yet, or (`is_over`) none any more."""
        number = self.peek()
        if number is None:
            return None
        step = self._nodes[number].step
        heappop(self._ready[step])
        self._states[number] = _State.AT_WORK
        self.at_work += 1
        self._free_slots[step] -= 1
        return number

    def ended(self, number: int, *, completed: bool) -> tuple[Blocked, ...]:
        """Note that a trial that was taken has ended; returns the trials that will never start for
        that reason."""
        self.at_work -= 1
        self._free_slots[self._nodes[number].step] += 1
        self._states[number] = _State.COMPLETED if completed else _State.FAILED
        return tuple(self._pass_on(number))

    def _pass_on(self, number: int) -> list[Blocked]:
        """Update the trials that wait for a trial that has ended."""
        blocked: list[Blocked] = []
        ends = [number]
        while ends:
            ended = ends.pop()
            for other in self._downstream[ended]:
                self._unfinished[other] -= 1
                if self._states[other] is not _State.WAITING:
                    continue
                found = self._decide(other, [ended])
                ends += [one.number for one in found]
                blocked += found
        return sorted(blocked, key=lambda one: one.number)

    def _decide(self, number: int, ended: Iterable[int]) -> list[Blocked]:
        """Mark the trial ready or blocked if the ended trials decide it; returns it if blocked."""
        node = self._nodes[number]
        for lost in filter(self._is_lost, ended):
            if not _can_do_without(node, lost):
                return [self._block(number, lost)]
        if self._unfinished[number]:
            return []
        for gathered in node.gathers:
            if gathered.members and all(map(self._is_lost, gathered.members)):
                return [self._block(number, gathered.members[0])]
        self._states[number] = _State.READY
        heappush(self._ready[node.step], number)
        return []

    def _block(self, number: int, lost: int) -> Blocked:
        self._states[number] = _State.FAILED
        self._cause[number] = self._cause.get(lost, lost)
        return Blocked(number, self._cause[number])

    def _is_lost(self, number: int) -> bool:
        return self._states[number] in (_State.FAILED, _State.OUTSIDE)


def _can_do_without(node: Node, lost: int) -> bool:
    """Whether the node only gathers the lost trial, with `partial`."""
    return node.partial and lost not in node.waits and all(one.node != lost for one in node.inputs)


def _waits_for(node: Node) -> tuple[int, ...]:
    return tuple(dict.fromkeys((*node.takes_from, *node.waits)))
