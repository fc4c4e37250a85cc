"""Values as the page gets them: JSON that says how it is to be shown. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hydra_sweep_runner.commands.runs.compare import Ranking
from hydra_sweep_runner.model import Unreadable, Value
from hydra_sweep_runner.page.answer import Answer
from hydra_sweep_runner.page.live import View
from hydra_sweep_runner.page.question import Part
from hydra_sweep_runner.query.columns import Column
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.query.tree import Name, Scope
from hydra_sweep_runner.query.upstream import own_first
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.terminal.render import cut, escape, short, shown_value

# JavaScript's numbers are exact up to here.
_EXACT = 2**53
_MOST_TOLD = 80


def table_json(answer: Answer, part: Part, view: View) -> dict[str, Any]:
    """A part of a table: its columns and rows, and what there is to say of all of it."""
    rows = answer.runs[part.offset : part.offset + part.count]
    best = answer.best
    return {
        "cursor": view.cursor,
        "batch": answer.batch,
        "total": len(answer.runs),
        "unbrushed": len(answer.before_brushes),
        "offset": part.offset,
        "columns": [column_json(column) for column in answer.columns],
        "rows": [row_json(run, answer.columns, view.by_id) for run in rows],
        "counts": dict(answer.counts),
        "flags": list(answer.flags),
        "scalars": list(answer.scalars),
        "objective": objective_json(answer.objective, is_assumed=answer.is_assumed),
        "has_own": answer.has_own,
        "best": None if best is None else best_json(best, answer),
        "told": [escape(line) for line in answer.told],
    }


def column_json(column: Column) -> dict[str, Any]:
    """A column's title, and where its values are from: a flag, a scalar, the run itself."""
    name = column.expression
    scope = name.scope if isinstance(name, Name) else Scope.ANY
    title = escape(column.title)
    return {"title": title, "sort": column.title, "scope": scope.value}


def row_json(run: RunRow, columns: Sequence[Column], by_id: Mapping[str, RunRow]) -> dict[str, Any]:
    """A run's cells in the columns' order, and what a row of it needs beside them."""
    why = run.source.why if isinstance(run.source, Unreadable) else run.source.run.state.reason
    return {
        "id": run.id,
        "status": run.attributes.get("status"),
        "reason": None if why is None else escape(why),
        "cells": [_cell_of(column, run, by_id) for column in columns],
    }


def _cell_of(column: Column, run: RunRow, by_id: Mapping[str, RunRow]) -> Value:
    value = column.value(run)
    is_of_run = isinstance(column.expression, Name) and column.expression.scope is Scope.RUN
    if is_of_run and isinstance(value, (list, tuple)):  # tags, or the batches that it is in
        texts = [str(each) for each in value]
        if column.title == "batch":
            texts = [_batch_name(each, by_id) for each in texts]
        return shown_text(", ".join(texts)) or None
    return cell(value)


def _batch_name(batch_id: str, by_id: Mapping[str, RunRow]) -> str:
    """A batch's label, or the beginning of its id."""
    seen = by_id.get(batch_id)
    label = seen.source.glance.label if seen and isinstance(seen.source, Summary) else None
    return label or short(batch_id)


def best_json(run: RunRow, answer: Answer) -> dict[str, Any]:
    """The best run: its id, its place in the table, its value of the objective, and its flags that
    vary, its own before those of upstream."""
    value = None if answer.objective is None else cell(answer.objective.column.value(run))
    names = own_first((name for name in answer.flags if name in run.flags), [run])
    flags = {escape(name): cell(run.flags[name]) for name in names}
    return {"id": run.id, "place": answer.best_place, "value": value, "flags": flags}


def objective_json(objective: Ranking | None, *, is_assumed: bool) -> dict[str, Any] | None:
    """What makes a run better; `text` is what stands in the address for it."""
    if objective is None:
        return None
    text = ("-" if objective.maximize else "") + objective.text
    return {
        "name": escape(objective.text),
        "text": text,
        "maximize": objective.maximize,
        "assumed": is_assumed,
    }


def cell(value: Value) -> Value:
    """A number that JavaScript can hold exactly as it is, everything else as a text that can be
    shown: cut, with control characters escaped; null where there is nothing."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) <= _EXACT else shown_value(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, (list, tuple)):
        return shown_value(list(value)) if value else None
    is_blank = isinstance(value, str) and not value.strip()  # its quotes tell it from nothing
    return shown_text(value) if isinstance(value, str) and not is_blank else shown_value(value)


def told_flags(run: RunRow, names: Sequence[str], most: int = _MOST_TOLD) -> str:
    """Those of the flags that a run has, in one line of `most` characters: `lr=0.1, depth=3`;
    numbers in as many digits as the table has."""
    told = (f"{escape(name)}={_in_short(run.flags[name])}" for name in names if name in run.flags)
    return cut(", ".join(told), most)


def _in_short(value: Value) -> str:
    shown = shown_value(value)
    return min(shown, f"{value:.6g}", key=len) if isinstance(value, float) else shown


def shown_text(text: str, most: int = 200) -> str:
    """A text without the quotes that YAML would need."""
    shown = escape(text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"
