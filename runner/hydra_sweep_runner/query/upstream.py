"""Adds the flags of upstream trials to a pipeline's trial, by dotted names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from hydra_sweep_runner.model import Input, Unreadable, Value
from hydra_sweep_runner.operation.flags import agreed
from hydra_sweep_runner.operation.values import same
from hydra_sweep_runner.query.filters import Filters, select
from hydra_sweep_runner.query.run_row import RunRow

if TYPE_CHECKING:
    from hydra_sweep_runner.record.glance import InputSource


def select_with_upstream(
    filters: Filters, candidates: Iterable[RunRow], everything: Sequence[RunRow]
) -> list[RunRow]:
    """The candidates that meet all conditions, in their order, each with the flags of what is
    upstream, which `where` can name. `everything` are all runs of the store. Raises as `select`."""
    chosen = select(replace(filters, where=None), candidates)
    if any(map(takes_files, chosen)):
        chosen = with_upstream_flags(chosen, {run.id: run for run in everything})
    return select(Filters(where=filters.where), chosen)


def takes_files(run: RunRow) -> bool:
    """Whether a run takes files from others."""
    return not isinstance(run.source, Unreadable) and bool(run.source.glance.inputs)


def with_upstream_flags(runs: Iterable[RunRow], by_id: Mapping[str, RunRow]) -> list[RunRow]:
    """The runs, each with the flags of the runs that it takes files from, directly or indirectly:
    `train.lr` is the flag `lr` of its step `train`. Of the runs that it gathers, those in which all
    of them agree, the values of `by` among them. `by_id` has all runs of the store."""
    found = _Upstream(by_id)
    widened = []
    for run in runs:
        upstream = found.of(run)
        widened.append(RunRow(run.source, upstream) if upstream else run)
    return widened


def telling_upstream(runs: Iterable[RunRow]) -> list[str]:
    """The names of the flags upstream that have unlike values in two runs, without those below a
    config group whose choices are unlike."""
    firsts: dict[str, Value] = {}
    telling: set[str] = set()
    for run in runs:
        for name, value in run.upstream.items():
            if not same(value, firsts.setdefault(name, value)):
                telling.add(name)
    return [name for name in firsts if name in telling and telling.isdisjoint(_above(name))]


def own_first(names: Iterable[str], runs: Iterable[RunRow]) -> list[str]:
    """Names of flags in their order, those that are flags of upstream in one of the runs last: what
    a run was given itself tells more than what it takes from others."""
    upstream = {name for run in runs for name in run.upstream}
    return sorted(names, key=upstream.__contains__)


def _above(name: str) -> Iterator[str]:
    """`a.b` and `a` for `a.b.c`."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


class _Upstream:
    """Finds the flags upstream of runs. What is found of a run is kept for all that take from it.

    `by_id` has all runs of the store.
    """

    def __init__(self, by_id: Mapping[str, RunRow]) -> None:
        self._by_id = by_id
        self._known: dict[str, Mapping[str, Value]] = {}
        self._path: set[str] = set()  # damaged records could take files from each other

    def of(self, run: RunRow) -> Mapping[str, Value]:
        """The flags of the runs that a run takes files from, directly or indirectly."""
        if run.id in self._known:
            return self._known[run.id]
        if isinstance(run.source, Unreadable) or run.id in self._path:
            return {}
        inputs = run.source.glance.inputs.values()
        self._path.add(run.id)
        flags: dict[str, Value] = {}
        for one in inputs:
            if one.runs is not None:
                members = filter(None, map(self._by_id.get, one.runs))
                flags |= agreed(self._through(one, member) for member in members)
        for one in inputs:  # of what it is made from itself, a flag has one value
            if one.run is not None and one.run in self._by_id:
                flags |= self._through(one, self._by_id[one.run])
        self._path.remove(run.id)
        self._known[run.id] = flags
        return flags

    def _through(self, one: InputSource | Input, other: RunRow) -> Mapping[str, Value]:
        """The flags that an input from another run adds: its own and those upstream of it."""
        if isinstance(other.source, Unreadable):
            return {}
        glance = other.source.glance
        step = one.step or glance.step or glance.operation.name
        own = {f"{step}.{name}": value for name, value in other.flags.items()}
        upstream = self.of(other)
        return {**upstream, **own} if upstream else own
