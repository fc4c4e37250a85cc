"""The runs that a question is about: in order, with columns, counts and the best of them."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from hydra_sweep_runner.commands.runs.compare import (
    Ranking,
    parse_objective,
    recorded_objective,
)
from hydra_sweep_runner.commands.runs.listing import Order
from hydra_sweep_runner.commands.runs.selecting import filters_of
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import UnknownRun
from hydra_sweep_runner.model import Kind, Run, Unreadable
from hydra_sweep_runner.page.brushes import brushed
from hydra_sweep_runner.page.live import Live, View
from hydra_sweep_runner.page.question import Question
from hydra_sweep_runner.query.columns import Column, standard_columns, varying_flags
from hydra_sweep_runner.query.evaluate import value_of
from hydra_sweep_runner.query.filters import select
from hydra_sweep_runner.query.run_row import RunRow, parse_named
from hydra_sweep_runner.query.sorting import sort_by
from hydra_sweep_runner.query.tree import Name, Scope
from hydra_sweep_runner.query.upstream import with_upstream_flags
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.system.clock import now

if TYPE_CHECKING:
    from hydra_sweep_runner.record.glance import Glance

_KEPT = 24


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a question comes to.

    `runs` are in the order that was asked for, `before_brushes` newest first. `counts` are by
    status, of what all filters but those of the status select. `is_assumed` tells that nobody
    said the objective: it is the first scalar then.
    """

    runs: Sequence[RunRow]
    before_brushes: Sequence[RunRow]
    flags: Sequence[str]
    columns: Sequence[Column]
    scalars: Sequence[str]
    counts: Mapping[str, int]
    objective: Ranking | None
    is_assumed: bool
    best: RunRow | None


class Answers:
    """Answers questions about a store, and remembers the last few answers to a view."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._kept: OrderedDict[tuple[int, Question], Answer] = OrderedDict()
        self._lock = Lock()

    def answer(self, view: View, question: Question) -> Answer:
        """The answer by this view. Raises as `runner runs list` does for what is asked wrongly;
        a batch that is gone is an UnknownRun."""
        key = (view.cursor, question)
        is_timeless = question.asked.since is None
        with self._lock:
            if key in self._kept and is_timeless:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = _answer(self._live, view, question)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found


def _answer(live: Live, view: View, question: Question) -> Answer:
    asked = question.asked
    filters = filters_of(asked, live.store, now())
    candidates = view.runs if asked.kind is not None else [r for r in view.runs if not is_batch(r)]
    if filters.batch is not None:
        planned = set(planned_ids(view, filters.batch))
        candidates = [run for run in candidates if run.id in planned]
    runs = select(replace(filters, batch=None, statuses=()), candidates)
    if any(not isinstance(run.source, Unreadable) and run.source.glance.inputs for run in runs):
        runs = with_upstream_flags(runs, view.by_id)
    counts = Counter(map(status_of, runs))
    if filters.statuses:
        runs = [run for run in runs if status_of(run) in filters.statuses]
    scalars = list({name: None for run in runs for name in run.scalars})
    objective, is_assumed = _objective(view, question, filters.batch, runs, scalars)
    column = None if objective is None else objective.column
    shown = brushed(runs, question.brushes, column) if question.brushes else runs
    flags = varying_flags(runs) if question.flags == "varying" else _all_flags(runs)
    columns = _columns(runs, flags)
    best = None if objective is None or is_assumed else _best(objective, shown)
    return Answer(
        runs=_ordered(shown, question, columns),
        before_brushes=runs,
        flags=flags,
        columns=columns,
        scalars=scalars,
        counts=counts,
        objective=objective,
        is_assumed=is_assumed,
        best=best,
    )


def is_batch(run: RunRow) -> bool:
    """Whether it is a batch's record."""
    return not isinstance(run.source, Unreadable) and run.source.glance.kind is Kind.BATCH


def status_of(run: RunRow) -> str:
    """Its status, as filters name it."""
    return (
        "unreadable" if isinstance(run.source, Unreadable) else run.source.glance.state.status.value
    )


def planned_ids(view: View, batch_id: str) -> Sequence[str]:
    """The trials of a batch's plan. Raises UnknownRun and UnreadableRecord."""
    part = view.run(batch_id).run.batch
    return () if part is None else part.trials


def _objective(
    view: View,
    question: Question,
    batch: str | None,
    runs: Sequence[RunRow],
    scalars: Sequence[str],
) -> tuple[Ranking | None, bool]:
    """By what a run is better than another, and whether that is only assumed."""
    if question.objective is not None and runs:
        way, text = parse_objective(question.objective)
        return Ranking(text, parse_named(text, runs), maximize=way == "max"), False
    try:
        recorded = None if batch is None else recorded_objective(view.run(batch).run, runs)
    except UnknownRun:
        recorded = None
    if recorded is not None:
        return recorded, False
    if not scalars:
        return None, True
    return Ranking(scalars[0], Name(Scope.SCALAR, scalars[0]), maximize=False), True


def _best(objective: Ranking, runs: Sequence[RunRow]) -> RunRow | None:
    if not runs:
        return None
    first = sort_by(objective.expression, runs, descending=objective.maximize)[0]
    value = value_of(objective.expression, first)
    return None if value is None or value != value else first


def _columns(runs: Sequence[RunRow], flags: Sequence[str]) -> list[Column]:
    """Id and status, what tells runs apart, flags, scalars, then times and what was noted."""
    used = [name for name, tells_apart in _OPTIONAL.items() if tells_apart(runs)]
    first = ["id", "status", *(name for name in ("operation", "step") if name in used)]
    last = ["started", "duration", *(name for name in ("label", "tags") if name in used)]
    columns = standard_columns(runs, [*first, *last], flags)
    of_run = {column.title: column for column in columns[: len(first) + len(last)]}
    rest = columns[len(first) + len(last) :]
    return [*(of_run[name] for name in first), *rest, *(of_run[name] for name in last)]


def _any(get: Callable[[Run | Glance], object]) -> Callable[[Sequence[RunRow]], bool]:
    return lambda runs: any(
        get(run.source.glance) for run in runs if isinstance(run.source, Summary)
    )


def _several_operations(runs: Sequence[RunRow]) -> bool:
    return (
        len({run.source.glance.operation.name for run in runs if isinstance(run.source, Summary)})
        > 1
    )


#: Attributes that have a column only where they say something.
_OPTIONAL: Mapping[str, Callable[[Sequence[RunRow]], bool]] = {
    "operation": _several_operations,
    "step": _any(lambda run: run.step),
    "label": _any(lambda run: run.label),
    "tags": _any(lambda run: run.tags),
}


def _ordered(
    runs: Sequence[RunRow], question: Question, columns: Sequence[Column]
) -> Sequence[RunRow]:
    sort = question.sort
    column = next((one for one in columns if one.title == sort), None)
    if column is not None:
        return sort_by(column.expression, runs, descending=question.reverse)
    return Order(sort=sort, reverse=question.reverse).apply(runs)


def _all_flags(runs: Sequence[RunRow]) -> list[str]:
    return list({name: None for run in runs for name in run.flags})
