"""`runner compare`: one row a run, the best first."""

from __future__ import annotations

import io
import math
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Literal

from hydra_sweep_runner.charts.data import chart_data
from hydra_sweep_runner.charts.html import render_html
from hydra_sweep_runner.charts.log_axes import batch_ids, drawn_in_log
from hydra_sweep_runner.commands.runs.listing import column_table, public_object
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake, UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import BatchPart, Run, Status, Unreadable, Value
from hydra_sweep_runner.query.columns import (
    Column,
    has_several_steps,
    scalar_titles,
    standard_columns,
    telling_attributes,
    varying_flags,
)
from hydra_sweep_runner.query.evaluate import value_of
from hydra_sweep_runner.query.parse import parse
from hydra_sweep_runner.query.run_row import RunRow, parse_named
from hydra_sweep_runner.query.sorting import sort_by
from hydra_sweep_runner.query.tree import Expression, Name, Scope
from hydra_sweep_runner.search.objective import DEFAULT
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.exact import csv_cell, csv_text, json_list
from hydra_sweep_runner.terminal.render import escape
from hydra_sweep_runner.terminal.tables import Table

# What a batch's basis has if an optimizer or a stopping rule looks at results.
_OF_JUDGED = ("search", "window")


@dataclass(frozen=True)
class Ranking:
    """The expression by which runs are compared, and whether the least or the greatest value is
    best.

    `text` is the expression as typed.
    """

    text: str
    expression: Expression
    maximize: bool

    @property
    def column(self) -> Column:
        """The objective as a column."""
        return Column(self.text, self.expression)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The runs in order, the shown flags, and the objective of the order, if any. `is_assumed`
    tells that nobody has said which of its values are better. `telling` are attributes that tell
    runs with the same flags apart; `left_out` is the number of runs that the count leaves out."""

    runs: Sequence[RunRow]
    flags: Sequence[str]
    objective: Ranking | None
    is_assumed: bool = False
    telling: Sequence[str] = ()
    left_out: int = 0

    @property
    def columns(self) -> list[Column]:
        """The columns of CSV and tables: the objective first, then attributes, flags and
        scalars."""
        several = len({run.attributes.get("operation") for run in self.runs}) > 1
        step = ["step"] if has_several_steps(self.runs) else []
        attributes = ["id", *(["operation"] if several else []), *step, "status", *self.telling]
        columns = standard_columns(self.runs, attributes, self.flags)
        if self.objective is None:
            return columns
        place = len(attributes) + len(self.flags)
        before, after = (
            [column for column in part if not self._is_objective(column)]
            for part in (columns[:place], columns[place:])
        )
        return [*before, self.objective.column, *after]

    def _is_objective(self, column: Column) -> bool:
        objective = self.objective
        return (
            objective is not None
            and isinstance(objective.expression, Name)
            and isinstance(column.expression, Name)
            and column.expression.name == objective.expression.name
        )


def compare_runs(
    store: RunStore,
    rows: Sequence[RunRow],
    *,
    by: tuple[Literal["min", "max"], str] | None,
    flags: Literal["varying", "all"] = "varying",
    count: int | None = None,
) -> Comparison:
    """The rows, best first: by the expression in `by`, else by the objective of the batch that
    generated them, if a single one did; else in their given order. With `count` only so many, with
    the flags that vary among all rows, which stand first among all, before those that were given.

    Raises Mistake for an expression that does not parse or has a name that no row has.
    """
    objective, is_assumed = (
        (_objective(by, rows), False) if by is not None else _objective_of_makers(store, rows)
    )
    if objective is not None:
        rows = sort_by(objective.expression, rows, descending=objective.maximize)
    chosen = list(rows)[:count]
    present = _all_flags(chosen)
    names = _those_of(varying_flags(rows), present)
    if flags == "all":
        given = dict.fromkeys(name for run in chosen for name in run.given)
        names = list(dict.fromkeys([*names, *_those_of(list(given), present), *present]))
    return Comparison(
        runs=chosen,
        flags=names,
        objective=objective,
        is_assumed=is_assumed,
        telling=telling_attributes(rows),
        left_out=len(rows) - len(chosen),
    )


def order_line(comparison: Comparison) -> str:
    """The line on an order for which nobody has asked: that the first runs are shown and not the
    best ones, or that the least is taken for the best; empty where the order was asked for."""
    if comparison.objective is not None:
        if not comparison.is_assumed or len(comparison.runs) < 2:
            return ""
        name = comparison.objective.text
        return (
            f"The least {escape(name)} first: nobody has said which is better; for the greatest "
            f"first: --max {shlex.quote(name)}"
        )
    if not comparison.left_out:
        return ""
    shown = len(comparison.runs)
    told = "The first run" if shown == 1 else f"The first {shown} runs"
    return (
        f"{told} of {shown + comparison.left_out}, in no order of value: nothing says which is the "
        "best; for the best: --min EXPR or --max EXPR"
    )


def parse_objective(text: str) -> tuple[Literal["min", "max"], str]:
    """An objective in the form of a search: a scalar's name, with `-` before it to maximise."""
    return ("max", text[1:]) if text.startswith("-") else ("min", text)


def comparison_table(comparison: Comparison) -> Table:
    """The comparison as a table for people, without the status if all are completed."""
    statuses = {run.attributes.get("status") for run in comparison.runs}
    columns = [
        column
        for column in comparison.columns
        if column.title != "status" or statuses != {"completed"}
    ]
    objective = [] if comparison.objective is None else [comparison.objective.column.title]
    scalars = scalar_titles(columns)
    return column_table(columns, comparison.runs, staying=objective, yielding=scalars)


def comparison_csv(comparison: Comparison) -> str:
    """The comparison as CSV."""
    columns = comparison.columns
    rows = [[column.value(run) for column in columns] for run in comparison.runs]
    return csv_text([column.title for column in columns], rows)


def comparison_json(comparison: Comparison) -> Iterator[str]:
    """The comparison as a JSON list, in pieces: the objects of `runs list --json`, each with
    `objective`."""
    return json_list(_object(run, comparison.objective) for run in comparison.runs)


def comparison_parquet(comparison: Comparison) -> bytes:
    """The comparison as Parquet. Raises Mistake if pyarrow is not installed. A column with values
    of different types holds texts."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise Mistake("--parquet needs pyarrow: pip install pyarrow") from error
    columns = {}
    for column in comparison.columns:
        values = [column.value(run) for run in comparison.runs]
        try:
            columns[column.title] = pyarrow.array(values)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError):
            texts = [None if value is None else csv_cell(value) for value in values]
            columns[column.title] = pyarrow.array(texts, pyarrow.string())
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), file)
    return file.getvalue()


def comparison_plot(store: RunStore, comparison: Comparison, *, as_png: bool) -> bytes:
    """The comparison's charts, as HTML or as a PNG. The store has the batches that made the runs.

    Raises Mistake without an objective, if no run has a value of it, and for a PNG if matplotlib is
    not installed.
    """
    objective = comparison.objective
    if objective is None:
        raise Mistake("--plot draws an objective: say which with --min EXPR or --max EXPR")
    data = chart_data(
        comparison.runs,
        flags=comparison.flags,
        objective=objective.text,
        values=[objective.column.value(run) for run in comparison.runs],
        maximize=objective.maximize,
        drawn_in_log=drawn_in_log(comparison.runs, _batches_of(store, comparison.runs)),
    )
    if all(run["objective"] is None for run in data["runs"]):
        raise Mistake(f"--plot: no run has a finite number for {objective.text}")
    title = f"{len(comparison.runs)} runs by {objective.text}"
    if as_png:
        from hydra_sweep_runner.charts.png import render_png

        return render_png(data, title)
    return render_html(data, title).encode()


def _batches_of(store: RunStore, runs: Sequence[RunRow]) -> dict[str, Run]:
    """The batches of these runs, by id, without those that were deleted or are damaged."""
    found = {}
    for batch_id in batch_ids(runs):
        with suppress(UnknownRun, UnreadableRecord):
            found[batch_id] = store.read(batch_id)
    return found


def _object(run: RunRow, objective: Ranking | None) -> dict[str, Any]:
    value = None if objective is None else objective.column.value(run)
    if isinstance(value, float) and not math.isfinite(value):
        value = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return {**public_object(run), "objective": value}


def _objective(by: tuple[Literal["min", "max"], str], rows: Sequence[RunRow]) -> Ranking:
    way, text = by
    expression = parse_named(text, rows) if rows else parse(text)
    return Ranking(text, expression, maximize=way == "max")


def _objective_of_makers(store: RunStore, rows: Sequence[RunRow]) -> tuple[Ranking | None, bool]:
    """The objective of the batch that generated all rows, and whether nobody has named it; None if
    several did, or if it was deleted."""
    makers = {
        run.source.glance.generated_by for run in rows if not isinstance(run.source, Unreadable)
    } - {None}
    if len(makers) != 1:
        return None, False
    try:
        batch = store.read(str(makers.pop()))
    except UnknownRun:
        return None, False
    return recorded_objective(batch, rows), not has_named_objective(batch)


def recorded_objective(batch: Run, rows: Sequence[RunRow]) -> Ranking | None:
    """The objective of a batch's last start, the first of several, if its trials have reported it;
    without one, `result`."""
    texts = () if batch.batch is None else batch.batch.objective
    way, name = parse_objective(texts[0] if texts else "result")
    if not any(name in run.scalars for run in rows):
        return None
    return Ranking(name, Name(Scope.SCALAR, name), maximize=way == "max")


def has_named_objective(batch: Run) -> bool:
    """Whether somebody has said which results of a batch are better: it has an objective other than
    the default one, was given one, searches, or has a rule that judges results."""
    part = BatchPart() if batch.batch is None else batch.batch
    is_asked = any(name in batch.options for name in ("objective", "optimizer"))
    has_judged = any(name in (batch.basis or {}) for name in _OF_JUDGED)
    return is_asked or has_judged or part.objective not in ((), (DEFAULT,))


def best_of(way: Ranking, rows: Sequence[RunRow]) -> RunRow | None:
    """The best of the completed runs that have a finite value of the objective; None if there is
    none. What is at work has not come to its value yet."""
    counted = [
        run
        for run in rows
        if run.attributes.get("status") == Status.COMPLETED.value
        and _is_finite(value_of(way.expression, run))
    ]
    ordered = sort_by(way.expression, counted, descending=way.maximize)
    return ordered[0] if ordered else None


def _is_finite(value: Value) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _those_of(names: Sequence[str], present: Sequence[str]) -> list[str]:
    """The names of flags, or of config groups, that some of the shown rows have."""
    return [name for name in names if name in present]


def _all_flags(rows: Sequence[RunRow]) -> list[str]:
    return list({name: None for run in rows for name in run.flags})
