"""A run as queries and tables use it: flags, scalars and attributes by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from hydra_sweep_runner.model import Flags, Unreadable, Value
from hydra_sweep_runner.operation.flags import (
    OPERATION_GROUP,
    as_chosen,
    replaced,
    shown_choices,
)
from hydra_sweep_runner.query.evaluate import Scalars, has_name
from hydra_sweep_runner.query.names import check_names
from hydra_sweep_runner.query.parse import parse
from hydra_sweep_runner.query.tree import Expression, Name, Scope
from hydra_sweep_runner.record.fields import ATTRIBUTES, Summary

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class RunRow:
    """A run, or an unreadable record, as a `filters.Candidate`.

    `source` is the run's summary. `flags` include all choices of config groups, by name, and
    `upstream`: flags of the runs that a pipeline's trial takes files from.
    """

    __slots__ = ("flags", "scalars", "source", "upstream")

    def __init__(
        self, source: Summary | Unreadable, upstream: Mapping[str, Value] = _NOTHING
    ) -> None:
        self.source = source
        self.flags: Flags
        self.scalars: Scalars
        self.upstream = upstream
        if isinstance(source, Unreadable):
            self.flags, self.scalars = {}, {}
            return
        run = source.glance
        self.flags = run.flags
        self.scalars = run.scalars
        if run.choices or upstream:  # a long list is mostly of runs without either
            flags = {**upstream, **run.choices, **run.flags}
            if OPERATION_GROUP not in run.flags:
                flags.pop(OPERATION_GROUP, None)
            self.flags = flags

    @property
    def choices(self) -> Mapping[str, Value]:
        """The choices of config groups, by name."""
        return {} if isinstance(self.source, Unreadable) else self.source.glance.choices

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the flags and config groups that an override or a sweep set."""
        return () if isinstance(self.source, Unreadable) else self.source.glance.given

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of pipelines that it fills: its own, and those that batches took it for."""
        return () if isinstance(self.source, Unreadable) else self.source.steps

    @property
    def step(self) -> str | None:
        """The first of `steps`."""
        return None if isinstance(self.source, Unreadable) else self.source.step

    def in_batch(self, batch_id: str) -> RunRow:
        """The run as a trial of one batch: it fills the step that it has there."""
        if isinstance(self.source, Unreadable):
            return self
        there = self.source.in_batch(batch_id)
        return self if there is self.source else RunRow(there, self.upstream)

    @property
    def repeat(self) -> int:
        """Its number among the runs of one combination, from 0."""
        return 0 if isinstance(self.source, Unreadable) else self.source.glance.repeat

    def shown(self, names: Collection[str] = ()) -> Flags:
        """The flags that tables show by default: a config group that was given, or is among
        `names`, replaces the flags below it, but those among `names`."""
        if isinstance(self.source, Unreadable):
            return {}
        run = self.source.glance
        if not run.choices and not self.upstream:
            return run.flags
        choices = shown_choices(run.choices, run.given, names)
        shown = as_chosen(run.flags, choices, (*run.given, *names))
        return {**self.upstream, **shown} if self.upstream else shown

    def replaced(
        self, groups: Collection[str] = ()
    ) -> tuple[Mapping[str, str], Mapping[str, Value]]:
        """The flags that `shown` replaces, each with the group that stands in its place, and the
        choices of all groups that have such flags below their nodes."""
        if isinstance(self.source, Unreadable) or not self.source.glance.choices:
            return _NOTHING, _NOTHING
        run = self.source.glance
        choices = shown_choices(run.choices, run.given, groups)
        flags, having = replaced(run.flags, choices, run.given)
        return flags, {group: choices[group] for group in having}

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
    if any(has_name(name, run) for run in runs):
        return name
    expression = parse(text)
    check_names([expression], runs)
    return expression
