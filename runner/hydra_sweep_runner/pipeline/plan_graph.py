"""Makes the graph of a pipeline's trials from combinations, in plan order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hydra_sweep_runner.pipeline.combination import Composed
from hydra_sweep_runner.pipeline.graph import Gathered, Graph, Node, Taken
from hydra_sweep_runner.pipeline.shared_trials import Draft, SharedTrials
from hydra_sweep_runner.pipeline.steps import Step, Wiring
from hydra_sweep_runner.planning.trials import Trial


def plan_graph(wiring: Wiring, combinations: Iterable[Sequence[Composed]], seed: int) -> Graph:
    """The graph of the combinations' trials.

    A combination has the composed steps in the wiring's order. `seed` is the batch's. Raises
    Mistake for a flag in `by` that a step does not have.
    """
    shared = SharedTrials(wiring)
    for combination in combinations:
        shared.add(combination)
    return _Ordering(shared).graph(seed)


class _Ordering:
    """Sorts drafts into plan order."""

    def __init__(self, shared: SharedTrials) -> None:
        self._wiring = shared.wiring
        self._drafts = shared.drafts
        self._paths = shared.paths
        self._names: dict[frozenset[int], tuple[str, ...]] = {}
        self._taken: dict[tuple[int, tuple[int, ...]], tuple[Taken, ...]] = {}
        #: For each trial that gathers, the members of each of its gathers.
        self._members = {
            number: [tuple(group) for group in shared.members[draft.step_index, draft.by_key]]
            for number, draft in enumerate(self._drafts)
            if self._wiring.steps[draft.step_index].gathers
        }
        self._upstream = [self._upstream_of(number) for number in range(len(self._drafts))]

    def _upstream_of(self, number: int) -> dict[int, None]:
        """The trials that end before this one begins, without repetition."""
        draft = self._drafts[number]
        found = dict.fromkeys(draft.inputs)
        for group in self._members.get(number, ()):
            found |= dict.fromkeys(group)
        if draft.waits:
            found |= draft.waits
        return found

    def graph(self, seed: int) -> Graph:
        """The graph, trials in plan order."""
        order = self._order()
        place_of = [0] * len(order)
        for place, number in enumerate(order):
            place_of[number] = place
        return Graph(
            self._wiring,
            tuple([self._node(number, place_of, seed) for number in order]),
            tuple([tuple([place_of[number] for number in path]) for path in self._paths]),
        )

    def _order(self) -> list[int]:
        """The drafts' numbers by first appearance, except that each comes after all trials that it
        waits for; a trial that is moved comes right after the last of them."""
        missing = [len(upstream) for upstream in self._upstream]
        below: list[list[int]] = [[] for _ in self._drafts]
        for number, upstream in enumerate(self._upstream):
            for one in upstream:
                below[one].append(number)
        order: list[int] = []
        for appeared in range(len(self._drafts)):
            ready = [] if missing[appeared] else [appeared]
            while ready:
                number = ready.pop()
                order.append(number)
                for other in below[number]:
                    missing[other] -= 1
                late = [other for other in below[number] if other < appeared and not missing[other]]
                if late:
                    ready += sorted(late, key=self._in_wiring, reverse=True)
        return order

    def _in_wiring(self, number: int) -> tuple[int, int]:
        return self._drafts[number].step_index, number

    def _steps(self, draft: Draft) -> tuple[str, ...]:
        if draft.step_indices not in self._names:
            names = [self._wiring.names[index] for index in sorted(draft.step_indices)]
            self._names[draft.step_indices] = tuple(names)
        return self._names[draft.step_indices]

    def _node(self, number: int, place_of: Sequence[int], seed: int) -> Node:
        draft = self._drafts[number]
        step = self._wiring.steps[draft.step_index]
        composed = draft.composed
        return Node(
            step=step.name,
            steps=self._steps(draft),
            trial=Trial(
                overrides=composed.overrides,
                operation=composed.operation,
                flags=composed.flags,
                identity=draft.identity,
                batch_seed=seed,
                repeat=composed.repeat,
            ),
            inputs=self._inputs(draft, step, place_of),
            gathers=self._gathers(number, step, place_of) if step.gathers else (),
            by=tuple(zip(step.by, draft.by, strict=True)) if step.by else (),
            partial=step.partial,
            waits=tuple(sorted([place_of[one] for one in draft.waits])) if draft.waits else (),
        )

    def _inputs(self, draft: Draft, step: Step, place_of: Sequence[int]) -> tuple[Taken, ...]:
        """The inputs of a trial. Trials of a step that take from the same trials share them."""
        key = (draft.step_index, draft.inputs)
        found = self._taken.get(key)
        if found is None:
            pairs = zip(step.inputs, draft.inputs, strict=True)
            taken = [Taken(one.name, one.path, place_of[up], one.copy) for one, up in pairs]
            found = self._taken[key] = tuple(taken)
        return found

    def _gathers(self, number: int, step: Step, place_of: Sequence[int]) -> tuple[Gathered, ...]:
        pairs = zip(step.gathers, self._members[number], strict=True)
        return tuple(
            [
                Gathered(one.name, one.step, tuple(sorted([place_of[m] for m in members])))
                for one, members in pairs
            ]
        )
