"""Makes the graph of trials that a pipeline's batch plans, from combinations. Pure.

A combination gives a trial for each step. Trials that agree in everything a step depends on are the
same trial (`planning.identity`) and are planned once. Edges lead from a trial to the trials that
take files from it, gather it, or only wait for it. There is never a cycle: see `_Draft`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Value
from hydra_sweep_runner.operation.flags import covered_by
from hydra_sweep_runner.operation.values import canonical
from hydra_sweep_runner.pipeline.combination import Composed
from hydra_sweep_runner.pipeline.parse import PLACE
from hydra_sweep_runner.pipeline.steps import By, Step, Wiring
from hydra_sweep_runner.planning.identity import StepIdentity, gather_identity
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


def plan_graph(wiring: Wiring, combinations: Iterable[Sequence[Composed]], seed: int) -> Graph:
    """The graph of the combinations' trials.

    A combination has the composed steps in the wiring's order. `seed` is the batch's. Raises
    Mistake for a flag in `by` that a step does not have.
    """
    drafting = _Drafting(wiring)
    for combination in combinations:
        drafting.add(combination)
    return _Ordering(drafting).graph(seed)


@dataclass(eq=False, slots=True)
class _Draft:
    """A trial, numbered in the order of appearance.

    `step_indices` are the indices, in the wiring, of the steps that share it; `step_index` is the
    lowest. `waits` are those of that step only. Inputs and members come from steps with a lower
    index than the step that takes them, so every edge leads from a lower to a higher `step_index`,
    and there is no cycle.
    """

    identity: str
    step_index: int
    composed: Composed
    inputs: tuple[int, ...]
    by: tuple[Value, ...]
    by_key: tuple[str, ...]
    step_indices: frozenset[int] = frozenset()
    waits: dict[int, None] | None = None


class _Drafting:
    """Finds the trials of combinations, without repetition, and their inputs."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.drafts: list[_Draft] = []
        self.paths: list[list[int]] = []
        #: Maps a step's index and the values of its `by` to the members of each of its gathers.
        self.members: dict[tuple[int, tuple[str, ...]], tuple[dict[int, None], ...]] = {}
        self._number_of: dict[str, int] = {}
        #: For each step, the trials by all that distinguishes them.
        self._known: list[dict[tuple[object, ...], int]] = [{} for _ in wiring.steps]
        self._alone = [frozenset([index]) for index in range(len(wiring.steps))]
        self._values: dict[tuple[int, By], tuple[Composed, Value, str]] = {}
        self._index_of = {name: index for index, name in enumerate(wiring.names)}
        #: For each step, the indices of the steps that it takes files from.
        self._inputs = [[self._index_of[one.step] for one in step.inputs] for step in wiring.steps]
        self._identities = [
            StepIdentity(
                [(one.name, one.path) for one in step.inputs]
                + [(one.name, None) for one in step.gathers]
            )
            for step in wiring.steps
        ]

    def add(self, combination: Sequence[Composed]) -> None:
        """Add the trials of a combination."""
        numbers: list[int] = []
        self.paths.append(numbers)
        for step_index, step in enumerate(self.wiring.steps):
            composed = combination[step_index]
            inputs = tuple([numbers[upstream] for upstream in self._inputs[step_index]])
            by, by_key = self._by(combination, step) if step.by else ((), ())
            key = (composed.identity, inputs, by_key)
            known = self._known[step_index]
            number = known.get(key)
            if number is None:
                draft = _Draft("", step_index, composed, inputs, by, by_key)
                number = known[key] = self._number(step, draft)
            numbers.append(number)
            if step.gathers:
                self._gather(step_index, step, by_key, numbers)
            if step.after:
                self._wait(self.drafts[number], step_index, step, numbers)

    def _wait(self, draft: _Draft, step_index: int, step: Step, numbers: Sequence[int]) -> None:
        """Note which trials a trial waits for; those of the first of its steps count."""
        if draft.step_index == step_index:
            draft.waits = draft.waits or {}
            draft.waits |= dict.fromkeys(numbers[self._index_of[name]] for name in step.after)

    def _number(self, step: Step, draft: _Draft) -> int:
        identities = [self.drafts[upstream].identity for upstream in draft.inputs]
        if step.gathers:
            by = [(str(by), value) for by, value in zip(step.by, draft.by, strict=True)]
            identities += [gather_identity(one.step, by) for one in step.gathers]
        step_identity = self._identities[draft.step_index]
        draft.identity = step_identity.of(draft.composed.identity, identities)
        draft.step_indices = self._alone[draft.step_index]
        number = self._number_of.setdefault(draft.identity, len(self.drafts))
        if number == len(self.drafts):
            self.drafts.append(draft)
            return number
        known = self.drafts[number]
        shared = known.step_indices | draft.step_indices
        if draft.step_index < known.step_index:
            self.drafts[number] = draft
        self.drafts[number].step_indices = shared
        return number

    def _gather(
        self, step_index: int, step: Step, by_key: tuple[str, ...], numbers: Sequence[int]
    ) -> None:
        key = (step_index, by_key)
        if key not in self.members:
            self.members[key] = tuple({} for _ in step.gathers)
        for gather, members in zip(step.gathers, self.members[key], strict=True):
            members[numbers[self._index_of[gather.step]]] = None

    def _by(
        self, combination: Sequence[Composed], step: Step
    ) -> tuple[tuple[Value, ...], tuple[str, ...]]:
        """The values of the flags in a step's `by` in this combination, and their canonical
        texts."""
        found = [self._value(combination, step, by) for by in step.by]
        return tuple(value for value, _ in found), tuple(text for _, text in found)

    def _value(self, combination: Sequence[Composed], step: Step, by: By) -> tuple[Value, str]:
        """The value of a flag in this combination, and its canonical text."""
        step_index = self._index_of[by.step]
        composed = combination[step_index]
        last = self._values.get((step_index, by))
        if last is None or last[0] is not composed:
            value = _flag_or_choice(composed, by.flag)
            if value is None:
                raise Mistake(
                    f"{PLACE}.{step.name}.by: {by}: {composed.operation.name} has no flag "
                    f"{by.flag!r}; it has {', '.join(composed.flags) or 'none'}"
                )
            last = self._values[step_index, by] = (composed, *value)
        return last[1:]


def _flag_or_choice(composed: Composed, flag: str) -> tuple[Value, str] | None:
    """The value of a flag or of all flags below that name, or else the choice of the config group
    of that name; with its canonical text. None if there is neither."""
    if flag in composed.flags:
        value: Value = composed.flags[flag]
        return value, canonical(value)
    below: dict[str, Value] = {
        name: value for name, value in composed.flags.items() if covered_by(name, flag)
    }
    if below:
        return below, canonical(below)
    chosen = composed.chosen(flag)
    return None if chosen is None else (chosen, canonical(chosen))


class _Ordering:
    """Sorts drafts into plan order."""

    def __init__(self, drafting: _Drafting) -> None:
        self._wiring = drafting.wiring
        self._drafts = drafting.drafts
        self._paths = drafting.paths
        self._names: dict[frozenset[int], tuple[str, ...]] = {}
        self._taken: dict[tuple[int, tuple[int, ...]], tuple[Taken, ...]] = {}
        #: For each trial that gathers, the members of each of its gathers.
        self._members = {
            number: [tuple(group) for group in drafting.members[draft.step_index, draft.by_key]]
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

    def _steps(self, draft: _Draft) -> tuple[str, ...]:
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

    def _inputs(self, draft: _Draft, step: Step, place_of: Sequence[int]) -> tuple[Taken, ...]:
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
