"""Adds the flags of upstream trials to a pipeline's trial, by dotted names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from hydra_sweep_runner.model import Unreadable, Value
from hydra_sweep_runner.operation.values import same
from hydra_sweep_runner.query.filters import Filters, select
from hydra_sweep_runner.query.run_row import RunRow


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
    `train.lr` is the flag `lr` of its step `train`. `by_id` has all runs of the store."""
    known: dict[str, Mapping[str, Value]] = {}
    widened = []
    for run in runs:
        upstream = _upstream(run, by_id, known, frozenset())
        if upstream:
            widened.append(RunRow(run.source, upstream))
        else:
            widened.append(run)
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


def _upstream(
    run: RunRow,
    by_id: Mapping[str, RunRow],
    known: dict[str, Mapping[str, Value]],
    path: frozenset[str],
) -> Mapping[str, Value]:
    if run.id in known:
        return known[run.id]
    if isinstance(run.source, Unreadable) or run.id in path:
        return {}
    flags: dict[str, Value] = {}
    for source in run.source.glance.inputs.values():
        other = None if source.run is None else by_id.get(source.run)
        if other is None or isinstance(other.source, Unreadable):
            continue
        flags |= _upstream(other, by_id, known, path | {run.id})
        glance = other.source.glance
        step = source.step or glance.step or glance.operation.name
        flags |= {f"{step}.{name}": value for name, value in other.flags.items()}
    known[run.id] = flags
    return flags
