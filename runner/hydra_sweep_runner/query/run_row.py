"""A run as queries and tables use it: flags, scalars and attributes by name."""

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


class RunRow:
    """A run, or an unreadable record, as a `filters.Candidate`.

    `source` is the run's summary. `flags` include the chosen config groups, by name. `shown` are
    the flags that tables show by default: a chosen group replaces the flags below it.
    """

    __slots__ = ("flags", "scalars", "shown", "source")

    def __init__(self, source: Summary | Unreadable) -> None:
        self.source = source
        self.flags: Flags
        self.shown: Flags
        self.scalars: Scalars
        if isinstance(source, Unreadable):
            self.flags, self.shown, self.scalars = {}, {}, {}
            return
        run = source.glance
        self.flags = self.shown = run.flags
        self.scalars = run.scalars
        if run.choices:  # the call alone would take half of a long list's time
            self.shown = as_chosen(run.flags, run.choices, run.given)
            self.flags = {**self.shown, **run.flags}

    @property
    def attributes(self) -> Mapping[str, Value]:
        """The attributes in `tree.ATTRIBUTES`."""
        if isinstance(self.source, Unreadable):
            return {"id": self.source.id, "status": "unreadable", "reason": self.source.why}
        return _Attributes(self.source)

    @property
    def id(self) -> str:
        """The run's id."""
        return self.source.id if isinstance(self.source, Unreadable) else self.source.glance.id

    @property
    def at(self) -> datetime | None:
        """Its last start or, if never started, its initialisation; None if that is unknown."""
        if isinstance(self.source, Unreadable):
            return None
        state = self.source.glance.state
        return state.started or state.initialized


class _Attributes(Mapping[str, Value]):
    """A run's attributes, each computed when it is used: most filters use one or two."""

    __slots__ = ("_run",)

    def __init__(self, run: Summary) -> None:
        self._run = run

    def __getitem__(self, name: str) -> Value:
        value: Value = ATTRIBUTES[name](self._run)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(ATTRIBUTES)

    def __len__(self) -> int:
        return len(ATTRIBUTES)


def parse_named(text: str, runs: Sequence[RunRow]) -> Expression:
    """The text as an expression or, if a run has it, as a name, whatever its characters: `val/loss`
    is the scalar of that name if there is one. Raises Mistake."""
    name = Name(Scope.ANY, text.strip())
    if any(found(name, run) for run in runs):
        return name
    expression = parse(text)
    check_names([expression], runs)
    return expression
