"""The runs that a question is about: in order, with columns, counts and the best of them."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import Generic, TypeVar

from hydra_sweep_runner.commands.runs.compare import (
    Ranking,
    best_of,
    has_named_objective,
    parse_objective,
    recorded_objective,
)
from hydra_sweep_runner.commands.runs.selecting import Asked, filters_of
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import AmbiguousRun, Mistake, UnknownRun
from hydra_sweep_runner.model import Kind, Run, Status, Unreadable
from hydra_sweep_runner.page.brushes import brushed
from hydra_sweep_runner.page.live import Live, View
from hydra_sweep_runner.page.question import Question
from hydra_sweep_runner.query.columns import (
    Column,
    scalar_names,
    standard_columns,
    varying_flags,
)
from hydra_sweep_runner.query.filters import Filters, explain_nothing, select
from hydra_sweep_runner.query.parse import parse
from hydra_sweep_runner.query.run_row import RunRow, parse_named
from hydra_sweep_runner.query.sorting import sort_by
from hydra_sweep_runner.query.tree import Expression, Name, Scope, names_in
from hydra_sweep_runner.query.upstream import takes_files, with_upstream_flags
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.search.objective import DEFAULT
from hydra_sweep_runner.system.clock import now

_KEPT = 24
_OF_THE_QUESTION = (Mistake, UnknownRun, AmbiguousRun)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a question comes to.

    `runs` are in the order that was asked for, `before_brushes` newest first. `flags` are those
    that differ between the runs that are compared, which are those that all filters but the
    expression, the status and the brushes select; and those that the expression names: a column
    does not vanish because a filter has left one value in it. `counts` are by status, of what all
    filters but those of the status select. `is_assumed` tells that nobody said the objective: it
    is `result` then, or else the first scalar. `best_place` is the place of `best` in `runs`.
    `has_own` tells that the batch's own objective has been reported. `told` says what is wrong with
    the objective or the order, of which the runs are shown without, or what there is instead of a
    step, a label and the like that no run has. `batch` is the full id of the batch that was asked
    for.
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
    best_place: int | None
    has_own: bool = False
    told: Sequence[str] = ()
    batch: str | None = None


class Mistakes(Mistake):
    """Several mistakes of one question, a line each."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = tuple(lines)


class Answers:
    """Answers questions about a store, and remembers the last few answers to a view. Threads may
    share it."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._answers = _LastUsed[tuple[int, Question], Answer](_KEPT)
        self._varying = _LastUsed[tuple[int, Asked], Sequence[str]](_KEPT)

    def answer(self, view: View, question: Question) -> Answer:
        """The answer by this view. Raises as `runner runs list` does for what is asked wrongly;
        a batch that is gone is an UnknownRun, several mistakes are Mistakes."""

        def make() -> Answer:
            try:
                return self._make(view, question)
            except _OF_THE_QUESTION as error:
                lines = self._all_mistakes(view, question, str(error))
                if len(lines) == 1:
                    raise
                raise Mistakes(lines) from error

        if question.asked.since is not None:  # what that selects changes with the clock
            return make()
        return self._answers.get((view.cursor, question), make)

    def _make(self, view: View, question: Question) -> Answer:
        return _answer(self._live, view, question, self._varying_of)

    def _all_mistakes(self, view: View, question: Question, first: str) -> Sequence[str]:
        """What is wrong with a question, of which `first` was found, and with each of its parts,
        asked of the batch or, where that is wrong, of all runs; each once."""
        asked = question.asked
        whole = Asked(batch=asked.batch)
        said = [self._mistake(view, Question(asked=whole)), first]
        if said[0] is not None:
            whole = Asked()
        given = {name: getattr(asked, name) for name in ("status", "kind", "since", "where")}
        parts = [
            Question(asked=replace(whole, **{name: value}))
            for name, value in given.items()
            if value
        ]
        parts += [Question(asked=whole, brushes=(brush,)) for brush in question.brushes]
        said += [self._mistake(view, part) for part in parts]
        return list(dict.fromkeys(line for line in said if line is not None))

    def _mistake(self, view: View, question: Question) -> str | None:
        try:
            self._make(view, question)
        except _OF_THE_QUESTION as error:
            return str(error)
        return None

    def _varying_of(self, view: View, asked: Asked, compared: Sequence[RunRow]) -> Sequence[str]:
        """The flags that differ between the compared runs, found once for each choice of them."""
        if asked.since is not None:
            return varying_flags(compared)
        key = (view.cursor, replace(asked, where=None, status=()))
        return self._varying.get(key, lambda: varying_flags(compared))


_Key = TypeVar("_Key")
_Made = TypeVar("_Made")


class _LastUsed(Generic[_Key, _Made]):
    """What was made for the keys that were asked for last, up to a number of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: OrderedDict[_Key, _Made] = OrderedDict()
        self._lock = Lock()

    def get(self, key: _Key, make: Callable[[], _Made]) -> _Made:
        """What was made for the key, or is made now. Threads that ask for one key at the same time
        may each make it: nobody waits while another works."""
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
        made = make()
        with self._lock:
            self._made[key] = made
            self._made.move_to_end(key)
            while len(self._made) > self._most:
                self._made.popitem(last=False)
        return made


#: The flags that differ between runs that are compared, by a view and what is asked for.
_VaryingOf = Callable[[View, Asked, Sequence[RunRow]], Sequence[str]]


def _answer(live: Live, view: View, question: Question, varying_of: _VaryingOf) -> Answer:
    asked = question.asked
    filters = filters_of(asked, live.store, now())
    candidates = view.runs if asked.kind is not None else [r for r in view.runs if not is_batch(r)]
    if filters.batch is not None:
        planned = set(planned_ids(view, filters.batch))
        candidates = [run.in_batch(filters.batch) for run in candidates if run.id in planned]
    compared = select(replace(filters, batch=None, statuses=(), where=None), candidates)
    if any(map(takes_files, compared)):
        compared = with_upstream_flags(compared, view.by_id)
    runs = compared if filters.where is None else select(Filters(where=filters.where), compared)
    counts = Counter(map(status_of, runs))
    if filters.statuses:
        runs = [run for run in runs if status_of(run) in filters.statuses]
    scalars = scalar_names(runs)
    told: list[str] = []
    if not runs:
        told += _instead(filters, compared or candidates)
    named = partial(_named, choices=(runs, compared, view.runs))
    own = None if filters.batch is None else _own_objective(view, filters.batch, compared)
    objective, is_assumed = _objective(question, own, scalars, named, told)
    column = None if objective is None else objective.column
    shown = brushed(runs, question.brushes, column) if question.brushes else runs
    if question.flags == "all":
        flags: Sequence[str] = _all_flags(runs)
    else:
        flags = varying_of(view, asked, compared)
        if filters.where is not None:
            flags = _flags_under(filters.where, flags, runs)
    wanted = set(filters.statuses or counts)
    has_failed = any(counts[status] for status in wanted & _FAILED)
    batch = None if filters.batch is None else view.run(filters.batch).run
    columns = _columns(runs, flags, _telling(compared, batch), has_reasons=has_failed)
    if column is not None and all(column.title != one.title for one in columns):
        place = next(at for at, one in enumerate(columns) if one.title == "started")
        columns.insert(place, column)
    best = None if objective is None or is_assumed else best_of(objective, shown)
    ordered = _ordered(shown, question, columns, named, told)
    return Answer(
        runs=ordered,
        before_brushes=runs,
        flags=flags,
        columns=columns,
        scalars=scalars,
        counts=counts,
        objective=objective,
        is_assumed=is_assumed,
        best=best,
        best_place=next((place for place, run in enumerate(ordered) if run is best), None),
        has_own=own is not None,
        told=list(dict.fromkeys(told)),
        batch=filters.batch,
    )


def _instead(filters: Filters, candidates: Sequence[RunRow]) -> Sequence[str]:
    """That the filters select no run because of a text that none of the candidates has: what those
    have instead, as `runner runs list` tells it."""
    hints = explain_nothing(replace(filters, batch=None), candidates)
    return [f"no run matches ({'; '.join(hints)})"] if hints else []


def _flags_under(
    where: Expression, varying: Sequence[str], runs: Sequence[RunRow]
) -> Sequence[str]:
    """Of the flags that differ between the compared runs those that the selected ones have, and
    those that the expression names; if none is selected, all that differ."""
    if not runs:
        return varying
    has = {name for run in runs for name in run.flags}
    named = [name.name for name in names_in(where) if _may_be_flag(name)]
    return [name for name in dict.fromkeys([*varying, *named]) if name in has]


def _may_be_flag(name: Name) -> bool:
    return name.scope in (Scope.ANY, Scope.FLAG)


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


#: Reads an expression in which names of runs may stand.
_NamedBy = Callable[[str], Expression]


def _named(text: str, choices: Sequence[Sequence[RunRow]]) -> Expression:
    """An expression with names that some run of one of the choices has, the nearest choice first:
    a name that only others than the selected runs have is no mistake. Raises Mistake."""
    mistake: Mistake | None = None
    for runs in filter(None, choices):
        try:
            return parse_named(text, runs)
        except Mistake as error:
            mistake = mistake or error
    if mistake is not None:
        raise mistake
    return parse(text)


def _own_objective(view: View, batch: str, compared: Sequence[RunRow]) -> Ranking | None:
    """The objective of a batch, if somebody has named it and its trials have reported it."""
    try:
        run = view.run(batch).run
    except UnknownRun:
        return None
    return recorded_objective(run, compared) if has_named_objective(run) else None


def _objective(
    question: Question,
    own: Ranking | None,
    scalars: Sequence[str],
    named: _NamedBy,
    told: list[str],
) -> tuple[Ranking | None, bool]:
    """By what a run is better than another, and whether that is only assumed; `own` is the
    batch's. What is wrong is told."""
    if question.objective is not None:
        way, text = parse_objective(question.objective)
        try:
            return Ranking(text, named(text), maximize=way == "max"), False
        except Mistake as error:
            told.append(str(error))
    if own is not None:
        return own, False
    if not scalars:
        return None, True
    name = DEFAULT if DEFAULT in scalars else scalars[0]
    return Ranking(name, Name(Scope.SCALAR, name), maximize=False), True


def _columns(
    runs: Sequence[RunRow], flags: Sequence[str], telling: Collection[str], *, has_reasons: bool
) -> list[Column]:
    """Id and status, why runs have failed, what tells runs apart, flags, scalars, then times and
    what was noted."""
    reason = ["reason"] if has_reasons else []
    first = [
        "id",
        "status",
        *reason,
        *(name for name in ("batch", "operation", "step") if name in telling),
    ]
    last = ["started", "duration", *(name for name in ("label", "tags") if name in telling)]
    columns = standard_columns(runs, [*first, *last], flags)
    of_run = {column.title: column for column in columns[: len(first) + len(last)]}
    rest = columns[len(first) + len(last) :]
    return [*(of_run[name] for name in first), *rest, *(of_run[name] for name in last)]


def _telling(runs: Sequence[RunRow], batch: Run | None) -> set[str]:
    """The attributes that tell runs apart, or from what their batch has for all of them."""
    glances = [run.source.glance for run in runs if isinstance(run.source, Summary)]
    label, tags = (None, ()) if batch is None else (batch.label, batch.tags)
    found = {
        "batch": batch is None and len({_batches_of(run) for run in runs}) > 1,
        "operation": len({glance.operation.name for glance in glances}) > 1,
        "step": any(run.step for run in runs),
        "label": any(glance.label != label for glance in glances),
        "tags": any(glance.tags != tags for glance in glances),
    }
    return {name for name, is_telling in found.items() if is_telling}


def _batches_of(run: RunRow) -> tuple[str, ...]:
    return tuple(run.source.batches) if isinstance(run.source, Summary) else ()


#: With these statuses there is a reason to be told.
_FAILED = frozenset({Status.ERROR.value, Status.TERMINATED.value, "unreadable"})


def _ordered(
    runs: Sequence[RunRow],
    question: Question,
    columns: Sequence[Column],
    named: _NamedBy,
    told: list[str],
) -> Sequence[RunRow]:
    """In the order that is asked for, or newest first where that is none, which is told."""
    sort = question.sort
    if sort is None:
        return list(reversed(runs)) if question.reverse else runs
    column = next((one for one in columns if one.title == sort), None)
    try:
        key = named(sort) if column is None else column.expression
    except Mistake as error:
        told.append(str(error))
        return runs
    return sort_by(key, runs, descending=question.reverse)


def _all_flags(runs: Sequence[RunRow]) -> list[str]:
    return list({name: None for run in runs for name in run.flags})
