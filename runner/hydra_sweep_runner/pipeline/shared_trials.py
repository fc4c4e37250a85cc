"""Finds the trials of a pipeline's combinations, each once, however many share it. Pure.

A combination gives a trial for each step. Trials that agree in everything a step depends on are the
same trial (`planning.identity`) and are planned once. There is never a cycle: see `Draft`.
"""

from __future__ import annotations

from collections.abc import Sequence

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Value
from hydra_sweep_runner.operation.flags import covered_by
from hydra_sweep_runner.operation.values import canonical
from hydra_sweep_runner.pipeline.combination import Composed
from hydra_sweep_runner.pipeline.parse import PLACE
from hydra_sweep_runner.pipeline.steps import By, Step, Wiring
from hydra_sweep_runner.planning.identity import StepIdentity, gather_identity


@dataclass(eq=False, slots=True)
class Draft:
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


class SharedTrials:
    """The trials of combinations, each once, and their inputs."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.drafts: list[Draft] = []
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
                draft = Draft("", step_index, composed, inputs, by, by_key)
                number = known[key] = self._add_or_share(step, draft)
            numbers.append(number)
            if step.gathers:
                self._gather(step_index, step, by_key, numbers)
            if step.after:
                self._wait(self.drafts[number], step_index, step, numbers)

    def _wait(self, draft: Draft, step_index: int, step: Step, numbers: Sequence[int]) -> None:
        """Note which trials a trial waits for; those of the first of its steps count."""
        if draft.step_index == step_index:
            draft.waits = draft.waits or {}
            draft.waits |= dict.fromkeys(numbers[self._index_of[name]] for name in step.after)

    def _add_or_share(self, step: Step, draft: Draft) -> int:
        """The number of the trial with the draft's identity: a new one, or the one that this step
        shares with others from now on."""
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
