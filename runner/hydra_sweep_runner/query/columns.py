"""The columns of a table of runs: names and expressions, each with a title."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, KeysView, Mapping, Sequence
from itertools import chain

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Value
from hydra_sweep_runner.operation.flags import OPERATION_GROUP, repeats_flag
from hydra_sweep_runner.operation.values import same
from hydra_sweep_runner.query.evaluate import value_of
from hydra_sweep_runner.query.parse import parse
from hydra_sweep_runner.query.run_row import RunRow, parse_named
from hydra_sweep_runner.query.tree import Expression, Name, Scope


@dataclass(frozen=True)
class Column:
    """A column's title and the expression for its values."""

    title: str
    expression: Expression

    def value(self, run: RunRow) -> Value:
        """What stands in it; None where the run has nothing."""
        return value_of(self.expression, run)


def standard_columns(
    runs: Sequence[RunRow], attributes: Iterable[str], flags: Iterable[str] | None = None
) -> list[Column]:
    """Attributes, flags (None: all there are) and the last values of all scalars, in that order.

    A flag with the name of an attribute is called `flag.NAME`, a scalar with that of an attribute
    or of any flag `scalar.NAME`: the plain name means the other wherever it is typed.
    """
    if flags is None:
        flags = {name: None for run in runs for name in run.flags}
    columns = {name: Column(name, Name(Scope.RUN, name)) for name in attributes}
    for name in flags:
        title = f"flag.{name}" if name in columns else name
        columns[title] = Column(title, Name(Scope.FLAG, name))
    for name in scalar_names(runs):
        is_taken = name in columns or any(name in run.flags for run in runs)
        title = f"scalar.{name}" if is_taken else name
        columns[title] = Column(title, Name(Scope.SCALAR, name))
    return list(columns.values())


def scalar_names(runs: Sequence[RunRow]) -> list[str]:
    """The names of all scalars that runs have reported. Those of the first run that has the most
    come first, as it has them: what a run at work has reported so far changes no order. Those that
    merely repeat flags in all runs come last."""
    fullest = max(runs, key=lambda run: len(run.scalars), default=None)
    first = () if fullest is None else fullest.scalars
    names = dict.fromkeys(chain(first, *(run.scalars for run in runs)))
    return sorted(
        names,
        key=lambda name: all(
            repeats_flag(name, run.scalars[name].last, run.flags)
            for run in runs
            if name in run.scalars
        ),
    )


def scalar_titles(columns: Iterable[Column]) -> list[str]:
    """The titles of those columns that show the last value of a scalar."""
    return [
        column.title
        for column in columns
        if isinstance(column.expression, Name) and column.expression.scope is Scope.SCALAR
    ]


def parse_columns(text: str, runs: Sequence[RunRow]) -> list[Column]:
    """The columns of `--columns A,B`: names and expressions, each with its own text as title.

    Raises Mistake for a column that no run has a value for.
    """
    columns = []
    for part in _split(text):
        if not part:
            raise Mistake(f"--columns {text}: a column is empty: give names between the commas")
        try:
            columns.append(Column(part, parse_named(part, runs)))
        except Mistake as error:
            with_commas = ",".join(_apart(one) for one in _split(text))
            if _apart(part) == part or not _are_expressions(with_commas):
                raise
            raise Mistake(
                f"--columns {text}: commas stand between columns: {with_commas}"
            ) from error
    return columns


def _apart(text: str) -> str:
    """What spaces or semicolons keep apart, with commas in their place."""
    return ",".join(filter(None, re.split(r"[\s;]+", text)))


def _are_expressions(text: str) -> bool:
    """Whether there are expressions between the commas of a text."""
    try:
        return all(map(parse, _split(text)))
    except Mistake:
        return False


def _split(text: str) -> Iterator[str]:
    """Split at the commas outside quotes and brackets."""
    begin, depth, quote = 0, 0, ""
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == "," and depth <= 0:
            yield text[begin:place].strip()
            begin = place + 1
    yield text[begin:].strip()


def telling_attributes(runs: Iterable[RunRow]) -> list[str]:
    """The attributes that tell runs with the same flags apart: `repeat`, if it differs."""
    return ["repeat"] if len({run.repeat for run in runs}) > 1 else []


def has_several_steps(runs: Iterable[RunRow]) -> bool:
    """Whether one operation fills several steps, so that its name does not tell them apart."""
    known: dict[object, str] = {}
    return any(
        known.setdefault(run.attributes.get("operation"), run.step) != run.step
        for run in runs
        if run.step is not None
    )


def varying_flags(runs: Iterable[RunRow]) -> list[str]:
    """The names of the flags that differ between the runs, in order; a chosen config group replaces
    the flags below it. One that differs though the same was chosen, because the config was edited
    or an experiment sets it, follows its group.

    A flag that only other operations lack does not differ; one that runs of the same operation lack
    does.
    """
    firsts: dict[str, Value] = {}
    varying: set[str] = set()
    known: dict[object, KeysView[str]] = {}  # by operation: the flags of its first run
    rows = list(runs)
    groups = _chosen_groups(rows)
    for run in rows:
        shown = run.shown(groups)
        for name, value in shown.items():
            if name not in firsts:
                firsts[name] = value
            elif name not in varying and not same(value, firsts[name]):
                varying.add(name)
        first = known.setdefault(run.attributes.get("operation"), shown.keys())
        if first != shown.keys():
            varying.update(set(first) ^ shown.keys())
    beside = _unlike_below_choices(rows, groups)
    found = (
        name
        for first in firsts
        for name in (*([first] if first in varying else []), *beside.get(first, ()))
    )
    return list(dict.fromkeys(found))


def _unlike_below_choices(
    runs: Iterable[RunRow], groups: Collection[str]
) -> Mapping[str, Mapping[str, None]]:
    """By config group, the flags that it replaces and that differ between runs of one operation
    for which the same configs were chosen."""
    firsts: dict[object, Mapping[str, str]] = {}  # the flags of the first run of its kind
    values: dict[object, Value] = {}
    unlike: dict[str, dict[str, None]] = {}
    seen: set[str] = set()  # of what was compared: most runs have the values of one before
    for run in runs:
        flags, choices = run.replaced(groups)
        if not flags:
            continue
        alike = f"{run.attributes.get('operation')!r} {choices!r}"
        text = f"{alike} {[run.flags[name] for name in flags]!r} {[*flags]!r}"
        if text in seen:
            continue
        seen.add(text)
        for name, group in flags.items():
            value = run.flags[name]
            if not same(value, values.setdefault((alike, name), value)):
                unlike.setdefault(group, {})[name] = None
        first = firsts.setdefault(alike, flags)
        if first.keys() != flags.keys():
            for name, group in {**first, **flags}.items():
                if name not in first or name not in flags:
                    unlike.setdefault(group, {})[name] = None
    return unlike


def _chosen_groups(runs: Iterable[RunRow]) -> set[str]:
    """The config groups that an override chose in one of the runs, or whose choice differs between
    them."""
    firsts: dict[str, Value] = {}
    found: set[str] = set()
    for run in runs:
        for group, choice in run.choices.items():
            if group in run.given or not same(firsts.setdefault(group, choice), choice):
                found.add(group)
    return found - {OPERATION_GROUP}
