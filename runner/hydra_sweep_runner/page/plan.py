"""A batch's plan as a graph: its trials, or the steps of a large pipeline, and what takes from
what. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hydra_sweep_runner.commands.runs.dependents import upstream_ids
from hydra_sweep_runner.commands.runs.out_of_date import OutOfDate
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Run, Status, Unreadable
from hydra_sweep_runner.page.batches import NOT_CREATED
from hydra_sweep_runner.page.cells import shown_text, told_flags
from hydra_sweep_runner.page.live import View
from hydra_sweep_runner.query.columns import varying_flags
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.query.upstream import own_first, with_upstream_flags
from hydra_sweep_runner.terminal.render import escape

#: With more trials a pipeline is shown a step a node.
MOST_NODES = 60
#: So many trials are squares of their own.
MOST_TRIALS = 5000
_MOST_TOLD = 200


def plan_json(view: View, batch_id: str) -> dict[str, Any]:
    """The plan of a batch, trials in their order.

    `graph` is null where no trial takes from another; its nodes are trials, or steps with their
    trials by status, and its edges pairs of places in the nodes. Raises as `View.run`, and
    Mistake for what is no batch.
    """
    batch = view.run(batch_id).run
    if batch.batch is None:
        raise Mistake(f"{batch_id[:8]} is no batch: it has no plan")
    ids = batch.batch.trials
    there = [view.by_id[run_id].in_batch(batch.id) for run_id in ids if run_id in view.by_id]
    widened = {row.id: row for row in with_upstream_flags(there, view.by_id)}
    seen = [widened.get(run_id) for run_id in ids]
    telling = _telling(list(widened.values()))
    stale = _out_of_date(there, view.by_id) if len(ids) <= MOST_NODES else {}
    trials = [
        _trial(number, run_id, one, telling, stale.get(run_id))
        for number, (run_id, one) in enumerate(zip(ids, seen, strict=True), start=1)
    ]
    return {
        "cursor": view.cursor,
        "total": len(ids),
        "trials": trials[:MOST_TRIALS],
        "graph": _graph(ids, seen, trials),
    }


def _out_of_date(rows: Sequence[RunRow], by_id: Mapping[str, RunRow]) -> Mapping[str, str]:
    """Why trials of a pipeline are out of date, by id."""

    def find(run_id: str) -> Run | None:
        row = by_id.get(run_id)
        return None if row is None or isinstance(row.source, Unreadable) else row.source.run

    out_of_date = OutOfDate(find)
    found = {row.id: out_of_date.why(run) for row in rows if (run := find(row.id))}
    return {run_id: f"out of date: {why}" for run_id, why in found.items() if why is not None}


def _telling(rows: Sequence[RunRow]) -> Mapping[str | None, Sequence[str]]:
    """For each step the flags that its trials are told by. First those in which they differ, their
    own before those of upstream; then those in which other trials of the plan do."""
    by_step: dict[str | None, list[RunRow]] = {}
    for row in rows:
        by_step.setdefault(row.step, []).append(row)
    of_plan = varying_flags(rows)
    return {
        step: list(
            dict.fromkeys([*own_first(varying_flags(those), those), *own_first(of_plan, those)])
        )
        for step, those in by_step.items()
    }


def _trial(
    number: int,
    run_id: str,
    seen: RunRow | None,
    telling: Mapping[str | None, Sequence[str]],
    stale: str | None,
) -> dict[str, Any]:
    of = None if seen is None or isinstance(seen.source, Unreadable) else seen.source
    has_reason = of is not None and of.glance.state.status is not Status.COMPLETED
    reason = of.run.state.reason if of is not None and has_reason else stale
    return {
        "number": number,
        "id": run_id,
        "status": _status(seen),
        "step": None if of is None or of.step is None else shown_text(of.step),
        "flags": "" if seen is None else told_flags(seen, telling[seen.step], _MOST_TOLD),
        "reason": None if reason is None else escape(reason),
    }


def _status(seen: RunRow | None) -> str:
    return NOT_CREATED if seen is None else str(seen.attributes.get("status"))


def _graph(
    ids: Sequence[str], seen: Sequence[RunRow | None], trials: Sequence[dict[str, Any]]
) -> dict[str, Any] | None:
    place = {run_id: at for at, run_id in enumerate(ids)}
    edges = [
        (place[upstream], at)
        for at, one in enumerate(seen)
        for upstream in dict.fromkeys(_upstream(one))
        if upstream in place
    ]
    if not edges:
        return None
    if len(ids) <= MOST_NODES:
        return {"by": "trial", "nodes": list(trials), "edges": [list(edge) for edge in edges]}
    return _by_step(trials, edges)


def _upstream(seen: RunRow | None) -> Sequence[str]:
    if seen is None or isinstance(seen.source, Unreadable):
        return ()
    return upstream_ids(seen.source.glance)


def _by_step(trials: Sequence[dict[str, Any]], edges: Sequence[tuple[int, int]]) -> dict[str, Any]:
    steps = list(dict.fromkeys(trial["step"] or "?" for trial in trials))
    at = {step: number for number, step in enumerate(steps)}
    counts: list[Counter[str]] = [Counter() for _ in steps]
    for trial in trials:
        counts[at[trial["step"] or "?"]][trial["status"]] += 1
    between = dict.fromkeys(
        (at[trials[one]["step"] or "?"], at[trials[other]["step"] or "?"]) for one, other in edges
    )
    nodes = [
        {"step": step, "trials": found.total(), "counts": dict(found)}
        for step, found in zip(steps, counts, strict=True)
    ]
    return {"by": "step", "nodes": nodes, "edges": [list(edge) for edge in between]}
