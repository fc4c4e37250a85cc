"""Adds the flags of upstream trials to a pipeline's trial, by dotted names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hydra_sweep_runner.model import Unreadable, Value
from hydra_sweep_runner.query.run_row import RunRow


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
