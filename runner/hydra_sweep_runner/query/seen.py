"""A run as queries see it: flags, scalars and attributes by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from hydra_sweep_runner.model import Flags, Unreadable, Value
from hydra_sweep_runner.operation.flags import as_chosen
from hydra_sweep_runner.query.evaluate import Scalars, found
from hydra_sweep_runner.query.names import check_names
from hydra_sweep_runner.query.parse import parse
from hydra_sweep_runner.query.tree import Expression, Name, Scope
from hydra_sweep_runner.record.fields import ATTRIBUTES, Summary


class Seen:
    """A run, or a record that cannot be read, as a `filters.Candidate`.

    Among its `flags` are the config groups that were chosen, by their names; `shown` are those
    that people see unless they ask for more: a group stands for the flags below it.
    """

    __slots__ = ("flags", "of", "scalars", "shown")

    def __init__(self, of: Summary | Unreadable) -> None:
        self.of = of
        self.flags: Flags = {}
        self.shown: Flags = {}
        self.scalars: Scalars = {}
        if not isinstance(of, Unreadable):
            run = of.glance
            self.shown = as_chosen(run.flags, run.choices, run.given)
            self.flags = run.flags if self.shown is run.flags else {**self.shown, **run.flags}
            self.scalars = run.scalars

    @property
    def attributes(self) -> Mapping[str, Value]:
        """What `tree.ATTRIBUTES` names."""
        if isinstance(self.of, Unreadable):
            return {"id": self.of.id, "status": "unreadable"}
        return _Attributes(self.of)

    @property
    def id(self) -> str:
        """The run's id."""
        return self.of.id if isinstance(self.of, Unreadable) else self.of.glance.id

    @property
    def at(self) -> datetime | None:
        """When it was last started or, if never, initialised; None where that is unknown."""
        if isinstance(self.of, Unreadable):
            return None
        state = self.of.glance.state
        return state.started or state.initialized


class _Attributes(Mapping[str, Value]):
    """A run's attributes, each made when it is asked for: most filters look at one or two."""

    __slots__ = ("_of",)

    def __init__(self, of: Summary) -> None:
        self._of = of

    def __getitem__(self, name: str) -> Value:
        value: Value = ATTRIBUTES[name](self._of)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(ATTRIBUTES)

    def __len__(self) -> int:
        return len(ATTRIBUTES)


def parse_named(text: str, runs: Sequence[Seen]) -> Expression:
    """An expression about runs, or a name that one of them has, whatever its characters:
    `val/loss` is the scalar of that name if there is one. Raises Mistake."""
    name = Name(Scope.ANY, text.strip())
    if any(found(name, run) for run in runs):
        return name
    expression = parse(text)
    check_names([expression], runs)
    return expression
