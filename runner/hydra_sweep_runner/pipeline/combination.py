"""One combination of a pipeline's sweep: its composed steps. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hydra_sweep_runner.model import Flags, Operation, Value

#: The config group that chooses an operation. Among a combination's flags, `STEP.operation` is
#: the choice of a step.
OPERATION = "operation"


class Composed(NamedTuple):
    """A composed step: the overrides of `runner operation=NAME`, the operation and flags they give,
    and the identity that this operation with these flags has outside a pipeline. `repeat` is its
    number among repeats, from 0."""

    overrides: tuple[str, ...]
    operation: Operation
    flags: Flags
    identity: str
    repeat: int = 0

    def chosen(self, group: str) -> str | None:
        """The config of a group that the overrides choose; None if they choose none."""
        chosen = [text.lstrip("+").partition("=") for text in self.overrides]
        found = [config for name, _, config in chosen if name == group]
        return found[-1] if found else None


class CombinationFlags(Mapping[str, Value]):
    """The flags of a combination: the pipeline's own, and those of each step with its name as
    prefix (`train.lr`); `train.operation` is the step's operation.

    Flags are looked up, not copied: there are as many combinations as trials, and most flags are
    never read.
    """

    def __init__(
        self, own: Flags, steps: tuple[Composed, ...], index_of: Mapping[str, int]
    ) -> None:
        """`index_of` maps each step's name to its index in `steps`."""
        self._own = own
        self._steps = steps
        self._index_of = index_of

    def __getitem__(self, name: str) -> Value:
        step, dot, flag = name.partition(".")
        index = self._index_of.get(step) if dot else None
        if index is None:
            return self._own[name]
        composed = self._steps[index]
        return composed.chosen(OPERATION) if flag == OPERATION else composed.flags[flag]

    def __iter__(self) -> Iterator[str]:
        yield from self._own
        for step, index in self._index_of.items():
            yield f"{step}.{OPERATION}"
            for flag in self._steps[index].flags:
                yield f"{step}.{flag}"

    def __len__(self) -> int:
        return len(self._own) + sum(1 + len(composed.flags) for composed in self._steps)
