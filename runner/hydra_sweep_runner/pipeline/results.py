"""What the combinations of a pipeline's sweep have resulted in, for rules that end a batch. Pure.

A rule judges a pipeline by its combinations, in their order, because a trial has no place of its
own in it: it may belong to many combinations, and most steps report no objective. A combination's
trials are those of its path which the plan has reached with it. A gathering trial stands in the
plan after its last member, so it belongs to the combination of that member.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from hydra_sweep_runner.pipeline.graph import Graph

#: The last value of each scalar that a trial has reported, by name; None if it failed.
Reported: TypeAlias = Mapping[str, float] | None


def stages(graph: Graph) -> tuple[int, ...]:
    """For each trial, the combination with which the plan reaches it. They ascend in plan order,
    and whatever a trial waits for stands before it: so it can run before any later combination
    begins."""
    first: dict[int, int] = {}
    for combination, path in enumerate(graph.paths):
        for number in path:
            first.setdefault(number, combination)
    found: list[int] = []
    reached = 0
    for number in range(len(graph.nodes)):
        reached = max(reached, first[number])
        found.append(reached)
    return tuple(found)


class CombinationResults:
    """The results of combinations, from those of their trials."""

    def __init__(self, graph: Graph) -> None:
        self.stages = stages(graph)
        self._paths = [
            [number for number in path if self.stages[number] <= combination]
            for combination, path in enumerate(graph.paths)
        ]
        self._ended: dict[int, Reported] = {}
        self._told = 0

    def ended(self, number: int, reported: Reported) -> None:
        """Note what a trial has reported; None if it failed, or will never start."""
        self._ended[number] = reported

    def news(self) -> Iterator[tuple[int, Reported]]:
        """The combinations whose trials have all ended, each once and in order, up to the first
        of which one is missing; and what they have reported: of each scalar what the last step
        says that reports it, or None if one of the trials failed."""
        while self._told < len(self._paths):
            path = self._paths[self._told]
            if not all(number in self._ended for number in path):
                return
            yield self._told, _merged([self._ended[number] for number in path])
            self._told += 1


def _merged(reports: Iterable[Reported]) -> Reported:
    found: dict[str, float] = {}
    for reported in reports:
        if reported is None:
            return None
        found.update(reported)
    return found
