"""`runner runs list`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Kind, Run, Status, Unreadable, Value
from hydra_sweep_runner.operation.flags import (
    as_chosen,
    fitting,
    named,
    repeat_name,
    shown_choices,
)
from hydra_sweep_runner.query.columns import (
    Column,
    has_several_steps,
    standard_columns,
    telling_attributes,
    varying_flags,
)
from hydra_sweep_runner.query.parse import parse
from hydra_sweep_runner.query.run_row import RunRow, parse_named
from hydra_sweep_runner.query.sorting import sort_by
from hydra_sweep_runner.query.tree import Name, Scope
from hydra_sweep_runner.query.upstream import telling_upstream
from hydra_sweep_runner.record.fields import public, public_unreadable
from hydra_sweep_runner.terminal import tables
from hydra_sweep_runner.terminal.exact import csv_text, json_list
from hydra_sweep_runner.terminal.render import (
    escape,
    render_entries,
    render_number,
    render_scalars,
    render_seconds,
    render_time,
    short,
    shown_value,
)
from hydra_sweep_runner.terminal.tables import Table

if TYPE_CHECKING:
    from hydra_sweep_runner.record.glance import Glance

#: The default number of runs in a list.
DEFAULT_COUNT = 20

_ATTRIBUTES = ("id", "operation", "kind", "status", "started", "stopped", "duration")
_MOST_VALUES = 5
# Floats with more characters are rounded.
_EXACT = 7
# Flags of at most so many characters are hardly cut by a table.
_SHORT_TEXT = 30

_TITLES = (
    tables.TableColumn("id", tables.ColumnKind.ID),
    tables.TableColumn("operation"),
    tables.TableColumn("step"),
    tables.TableColumn("status", tables.ColumnKind.STATUS),
    tables.TableColumn("started", tables.ColumnKind.TIME),
    tables.TableColumn("flags"),
    tables.TableColumn("scalars"),
    tables.TableColumn("label"),
    tables.TableColumn("tags"),
)


@dataclass(frozen=True, kw_only=True)
class Order:
    """How a list is sorted and cut. None means newest first, and all."""

    sort: str | None = None
    reverse: bool = False
    count: int | None = None

    def apply(self, runs: Sequence[RunRow]) -> list[RunRow]:
        """The runs to show, in order. Raises Mistake for an expression that does not parse, and for
        names that no run has."""
        if self.sort is not None:
            key = parse_named(self.sort, runs) if runs else parse(self.sort)
            ordered = sort_by(key, runs, descending=self.reverse)
        else:
            ordered = list(reversed(runs)) if self.reverse else list(runs)
        return ordered[: self.count]


def list_json(runs: Iterable[RunRow]) -> Iterator[str]:
    """The runs as a JSON list of objects, as the contract describes them, in pieces."""
    return json_list(map(public_object, runs))


def public_object(run: RunRow) -> dict[str, Any]:
    """The JSON object of a run."""
    return (
        public_unreadable(run.source) if isinstance(run.source, Unreadable) else public(run.source)
    )


def list_csv(runs: Sequence[RunRow], columns: Sequence[Column] = ()) -> str:
    """The runs as CSV: the requested columns, or attributes, flags and scalars."""
    telling = [*(["step"] if has_several_steps(runs) else []), *telling_attributes(runs)]
    chosen = columns or standard_columns(runs, [*_ATTRIBUTES, *telling])
    rows = [[column.value(run) for column in chosen] for run in runs]
    return csv_text([column.title for column in chosen], rows)


def list_table(runs: Sequence[RunRow], columns: Sequence[Column] = ()) -> Table:
    """The runs as a table; without requested columns, empty ones are left out."""
    if columns:
        return column_table(columns, runs)
    varying = varying_flags(run for run in runs if not _is_batch(run))
    telling = telling_upstream(runs)
    digits = _digits(runs)
    repeats = bool(telling_attributes(runs))
    steps = has_several_steps(runs)
    rows = [_row(run, varying, telling, digits, steps=steps, repeats=repeats) for run in runs]
    used = [place for place in range(len(_TITLES)) if any(row[place] for row in rows)]
    return Table(
        [_TITLES[place] for place in used], [[row[place] for place in used] for row in rows]
    )


def column_table(
    columns: Sequence[Column],
    runs: Sequence[RunRow],
    *,
    staying: Collection[str] = (),
    yielding: Collection[str] = (),
) -> Table:
    """A table with these columns, one row a run. On a terminal, columns with the titles in
    `staying` are never left out, those in `yielding` before others."""
    values = [[column.value(run) for column in columns] for run in runs]
    kinds = [
        _kind(column, [row[place] for row in values], runs) for place, column in enumerate(columns)
    ]
    titles = [
        tables.TableColumn(
            escape(column.title),
            kind,
            stays=column.title in staying,
            yields=column.title in yielding and column.title not in staying,
        )
        for column, kind in zip(columns, kinds, strict=True)
    ]
    rows = [[cell(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in values]
    digits = _digits(runs)
    for place, column in enumerate(columns):
        flag = _flag_of(column)
        if flag in digits:
            for row, value in zip(rows, values, strict=True):
                if isinstance(value[place], float):
                    row[place] = shown_value(_rounded(flag, value[place], digits))
        if _is_counter(column, [row[place] for row in values], runs):
            for row in rows:
                row[place] = row[place].removesuffix(".0")
    return Table(titles, rows)


#: The kinds of attributes; a flag or scalar of the same name is shown as any other.
_OF_ATTRIBUTES = {"duration": tables.ColumnKind.SECONDS, "reason": tables.ColumnKind.PROSE}


def _kind(column: Column, values: Sequence[Value], runs: Sequence[RunRow]) -> tables.ColumnKind:
    name = column.expression
    if isinstance(name, Name) and name.name in _OF_ATTRIBUTES:
        hidden = name.scope is Scope.ANY and any(
            name.name in run.flags or name.name in run.scalars for run in runs
        )
        if name.scope is Scope.RUN or (name.scope is Scope.ANY and not hidden):
            return _OF_ATTRIBUTES[name.name]
    return kind_of(column.title, values)


def _is_counter(column: Column, values: Sequence[Value], runs: Sequence[RunRow]) -> bool:
    """Whether a column is that of a scalar with whole numbers only, such as `epoch`."""
    name = column.expression
    if not isinstance(name, Name) or name.scope not in (Scope.ANY, Scope.SCALAR):
        return False
    if name.scope is Scope.ANY and any(name.name in run.flags for run in runs):
        return False
    present = [value for value in values if value is not None]
    return any(name.name in run.scalars for run in runs) and all(
        isinstance(value, (int, float)) and float(value).is_integer() for value in present
    )


def _flag_of(column: Column) -> str:
    """The name of the flag that a column is of; empty for any other column."""
    name = column.expression
    if isinstance(name, Name) and name.scope in (Scope.ANY, Scope.FLAG):
        return name.name
    return ""


def kind_of(title: str, values: Sequence[Value]) -> tables.ColumnKind:
    """The kind of a column with this title and these values."""
    if title in ("id", "run.id"):
        return tables.ColumnKind.ID
    if title in ("status", "run.status"):
        return tables.ColumnKind.STATUS
    present = [value for value in values if value is not None]
    numbers = [isinstance(value, (int, float)) and not isinstance(value, bool) for value in present]
    return tables.ColumnKind.NUMBER if present and all(numbers) else tables.ColumnKind.TEXT


def cell(value: Value, kind: tables.ColumnKind) -> str:
    """A value in a table: ids are shortened, long numbers rounded."""
    if value is None:
        return ""
    if kind is tables.ColumnKind.ID:
        return short(str(value))
    if kind is tables.ColumnKind.PROSE:
        return escape(str(value))
    if kind is tables.ColumnKind.SECONDS and isinstance(value, (int, float)):
        return render_seconds(value)
    text = shown_value(value)
    return render_number(value) if isinstance(value, float) and len(text) > _EXACT else text


def _is_batch(run: RunRow) -> bool:
    return not isinstance(run.source, Unreadable) and run.source.glance.kind is Kind.BATCH


def _digits(runs: Iterable[RunRow]) -> Mapping[str, int]:
    """The significant digits of each flag with long floats: the fewest of 6, 9 or 12 by which its
    unlike values differ, else all."""
    seen: dict[str, set[float]] = {}
    for run in runs:
        for name, value in run.flags.items():
            if isinstance(value, float) and len(repr(value)) > _EXACT:
                seen.setdefault(name, set()).add(value)
    return {
        name: next(
            (n for n in (6, 9, 12) if len({f"{one:.{n}g}" for one in values}) == len(values)), 17
        )
        for name, values in seen.items()
    }


def _rounded(name: str, value: Value, digits: Mapping[str, int]) -> Value:
    is_long = name in digits and isinstance(value, float) and len(repr(value)) > _EXACT
    return float(f"{value:.{digits[name]}g}") if is_long else value


def _row(
    seen: RunRow,
    varying: Sequence[str],
    telling: Sequence[str],
    digits: Mapping[str, int],
    *,
    steps: bool,
    repeats: bool,
) -> Sequence[str]:
    if isinstance(seen.source, Unreadable):
        told = escape(f"{seen.source.path}: {seen.source.why}")
        return (short(seen.id), "", "", "unreadable", "", told, "", "", "")
    run = seen.source.glance
    batch = run.kind is Kind.BATCH
    upstream = {
        name: _rounded(name, seen.upstream[name], digits)
        for name in telling
        if name in seen.upstream
    }
    if repeats:
        upstream[repeat_name(run.flags)] = run.repeat
    flags = () if batch else (_flags(run, varying, digits), render_entries(upstream))
    return (
        short(run.id),
        escape(run.operation.name) + ("+" if batch else ""),
        escape(seen.step or "") if steps else "",
        run.state.status.value,
        render_time(run.state.started),
        _batch_flags(seen.source.run) if batch else ", ".join(filter(None, flags)),
        render_scalars(run),
        escape(run.label or ""),
        escape(" ".join(run.tags)),
    )


def _flags(run: Run | Glance, varying: Sequence[str], digits: Mapping[str, int]) -> str:
    """The flags in a table: varying ones first, then given ones, then others if there is room. In a
    long text, which a table may cut, the varying ones that were given, or lie below a given config
    group, come before the other varying ones."""
    choices = shown_choices(run.choices, run.given, varying)
    shown = as_chosen(run.flags, choices, (*run.given, *varying), varying)
    if digits:
        shown = {name: _rounded(name, value, digits) for name, value in shown.items()}

    def text(told: Sequence[str]) -> str:
        return render_entries(fitting({**named(shown, told), **shown}, told))

    whole = text((*varying, *run.given))
    if len(whole) <= _SHORT_TEXT:
        return whole
    given_first = sorted(varying, key=lambda name: not _is_given(name, run.given))
    return text((*given_first, *run.given))


def _is_given(name: str, given: Iterable[str]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in given)


def _batch_flags(run: Run) -> str:
    shown = []
    for name, values in run.flags.items():
        texts = values if isinstance(values, list) else [values]
        told = ",".join(shown_value(value) for value in texts[:_MOST_VALUES])
        more = f",{tables.CUT}" if len(texts) > _MOST_VALUES else ""
        shown.append(f"{escape(name)}={told}{more}")
    told = ", ".join(shown)
    lost = run.batch is not None and run.batch.missing and run.state.status is Status.ERROR
    return f"{told} ({run.state.reason})".strip() if lost else told
