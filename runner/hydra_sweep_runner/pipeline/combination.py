"""One combination of a pipeline's sweep: what each of its steps is composed to. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hydra_sweep_runner.model import Flags, Operation, Value

#: The config group that chooses an operation, and the name of that choice among a
#: combination's flags, behind the step's.
OPERATION = "operation"


@dataclass(frozen=True, eq=False)
class Composed:
    """What a step is composed to: the overrides of `runner operation=NAME`, its operation and
    flags, and the digest that the same operation with the same flags has on its own."""

    overrides: tuple[str, ...]
    operation: Operation
    flags: Flags
    digest: str

    def chosen(self, group: str) -> str | None:
        """The config that the overrides choose of a group; None if they choose none."""
        chosen = [text.lstrip("+").partition("=") for text in self.overrides]
        found = [config for name, _, config in chosen if name == group]
        return found[-1] if found else None


class CombinationFlags(Mapping[str, Value]):
    """The flags of a combination: the pipeline's own, and those of each step behind its name
    (`train.lr`), with `train.operation` for what fills the step.

    There are as many combinations as trials, and most flags are never asked for: nothing is
    copied.
    """

    def __init__(
        self, own: Flags, steps: tuple[Composed, ...], place_of: Mapping[str, int]
    ) -> None:
        """`place_of` says at which place in `steps` the step of a name is."""
        self._own = own
        self._steps = steps
        self._place_of = place_of

    def __getitem__(self, name: str) -> Value:
        step, dot, flag = name.partition(".")
        place = self._place_of.get(step) if dot else None
        if place is None:
            return self._own[name]
        composed = self._steps[place]
        return composed.chosen(OPERATION) if flag == OPERATION else composed.flags[flag]

    def __iter__(self) -> Iterator[str]:
        yield from self._own
        for step, place in self._place_of.items():
            yield f"{step}.{OPERATION}"
            for flag in self._steps[place].flags:
                yield f"{step}.{flag}"

    def __len__(self) -> int:
        return len(self._own) + sum(1 + len(composed.flags) for composed in self._steps)
