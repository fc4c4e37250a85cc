"""What the page's charts show of an answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hydra_sweep_runner.charts.data import chart_data
from hydra_sweep_runner.charts.log_axes import batch_ids, drawn_in_log
from hydra_sweep_runner.model import Run
from hydra_sweep_runner.operation.values import same
from hydra_sweep_runner.page.answer import Answer
from hydra_sweep_runner.page.cells import objective_json
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.query.sorting import sort_by
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.terminal.render import escape

#: So many runs are drawn at the most, half of them the best; more lines cannot be told apart.
MOST_DRAWN = 2000
#: So many flags have an axis.
MOST_AXES = 24


def charts_json(answer: Answer, cursor: int, by_id: Mapping[str, RunRow]) -> dict[str, Any]:
    """The data of the charts (`charts.data`); `selected` are the places, in its runs, of those
    that lie in the brushes, null for all; `data` is null without an objective.
    `by_id` has all runs of the store, for the batches among them."""
    objective = answer.objective
    head = {
        "cursor": cursor,
        "total": len(answer.before_brushes),
        "scalars": list(answer.scalars),
        "objective": objective_json(objective, is_assumed=answer.is_assumed),
    }
    if objective is None or not answer.before_brushes:
        return {**head, "drawn": 0, "selected": None, "data": None}
    runs = drawn_runs(answer)
    flags = [name for name in answer.flags if _differs(name, runs)]
    data = chart_data(
        runs,
        flags=flags[:MOST_AXES],
        objective=objective.text,
        values=[objective.column.value(run) for run in runs],
        maximize=objective.maximize,
        drawn_in_log=drawn_in_log(runs, _batches_of(runs, by_id)),
    )
    chosen = {run.id for run in answer.runs}
    places = [place for place, run in enumerate(data["runs"]) if run["id"] in chosen]
    is_whole = len(answer.runs) == len(answer.before_brushes)
    shown = [{**axis, "title": escape(axis["name"])} for axis in data["axes"]]
    return {
        **head,
        "drawn": len(runs),
        "selected": None if is_whole else places,
        "data": {**data, "axes": shown},
    }


def _batches_of(runs: Sequence[RunRow], by_id: Mapping[str, RunRow]) -> dict[str, Run]:
    """The batches of these runs, by id, without those that were deleted or are damaged."""
    found = {batch_id: by_id[batch_id].source for batch_id in batch_ids(runs) if batch_id in by_id}
    return {batch_id: one.run for batch_id, one in found.items() if isinstance(one, Summary)}


def _differs(name: str, runs: Sequence[RunRow]) -> bool:
    """Whether a flag has several values in the runs, or some lack it: one value is no axis."""
    first = runs[0].flags.get(name)
    return any(not same(run.flags.get(name), first) for run in runs)


def drawn_runs(answer: Answer, most: int = MOST_DRAWN) -> Sequence[RunRow]:
    """All runs before brushes or, of many, the best half of what can be drawn, and of the others
    as many at even distances."""
    runs = answer.before_brushes
    if len(runs) <= most or answer.objective is None:
        return runs[:most]
    way = answer.objective
    ordered = sort_by(way.expression, runs, descending=way.maximize)
    best, others = ordered[: most // 2], ordered[most // 2 :]
    count = most - len(best)
    return [*best, *(others[place * len(others) // count] for place in range(count))]
