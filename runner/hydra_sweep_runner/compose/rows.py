"""Reads and writes files of trials: CSV, JSON or YAML, a list of flag sets.

JSON and YAML keep types. A CSV's cell is read as Hydra reads an override's value; a cell that Hydra
cannot read, or reads as a sweep, is a text; an empty cell leaves the flag unchanged.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import yaml
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hydra_sweep_runner.compose.elements import plain
from hydra_sweep_runner.compose.overrides import parse_override
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Flags, Value
from hydra_sweep_runner.operation.flags import flatten
from hydra_sweep_runner.operation.values import canonical

#: A set of flags and config group choices, by dotted name.
Row: TypeAlias = Mapping[str, Value]


def read_rows(text: str, name: str) -> list[Row]:
    """The rows of a file with this name, whose extension determines its format. Raises Mistake."""
    read = _FORMS[form_of(name)][0]
    rows = read(text, name)
    if not rows:
        raise Mistake(f"{name} has no trials: give a row for each")
    return rows


def render_rows(rows: Sequence[Row], name: str) -> str:
    """Rows in the format of the file's extension; reading them returns the same rows. Raises
    Mistake."""
    return _FORMS[form_of(name)][1](rows)


def form_of(name: str) -> str:
    """The extension of a file's name, in lower case. Raises Mistake for an unknown one."""
    ending = name.rpartition(".")[2].lower()
    if ending not in _FORMS:
        raise Mistake(f"{name}: a file of trials ends in .csv, .json or .yaml")
    return ending


def row_overrides(row: Row) -> tuple[str, ...]:
    """A row as overrides of one value each."""
    return tuple(f"{name}={value_text(value)}" for name, value in row.items())


def whole_mappings(row: Row, flags: Flags) -> Row:
    """The row with a mapping in place of the dotted names below one of `flags`: what is one value
    without the row is given whole, as Hydra wants it."""
    whole: dict[str, Any] = {}
    for name, value in row.items():
        above = [name[:place] for place, sign in enumerate(name) if sign == "."]
        flag = next((one for one in above if one in flags), None)
        if flag is None:
            whole[name] = value
            continue
        *path, last = name.removeprefix(f"{flag}.").split(".")
        inner = whole.setdefault(flag, {})
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return whole


def value_text(value: Value) -> str:
    """A value in Hydra's override syntax."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return value if _reads_as(value, value) else _quoted(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_inner(one)}" for key, one in value.items()) + "}"
    return "[" + ",".join(map(_inner, value)) + "]"


def _inner(value: Value) -> str:
    # Inside brackets, more characters end a text than outside.
    return _quoted(value) if isinstance(value, str) else value_text(value)


def _quoted(text: str) -> str:
    return QuotedString(text=text, quote=Quote.single).with_quotes()


def _reads_as(text: str, value: Value) -> bool:
    """Whether Hydra reads this text of an override's value as this value."""
    if text != text.strip() or not text:
        return False
    read, is_value = _parsed(text)
    return is_value and type(read) is type(value) and canonical(read) == canonical(value)


def _parsed(text: str) -> tuple[Any, bool]:
    """The value that Hydra reads, and whether it is a single one."""
    try:
        override = parse_override(f"x={text}")
        if override.is_sweep_override():
            return None, False
        return plain(override._value), True
    except (Mistake, HydraException):
        return None, False


def read_cell(cell: str) -> Value:
    """The value of a non-empty cell of a CSV."""
    value, is_value = _parsed(cell)
    read: Value = value if is_value else cell
    return read


def _cell(value: Value) -> str:
    """A value as a cell of a CSV; reading it returns the same value."""
    if isinstance(value, str) and value.strip() and canonical(read_cell(value)) == canonical(value):
        return value
    return _quoted(value) if isinstance(value, str) else value_text(value)


# ---- forms


def _read_csv(text: str, name: str) -> list[Row]:
    lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True))
    lines = [line for line in lines if line]
    if not lines:
        return []
    header = [column.strip() for column in lines[0]]
    wrong = next((sign for sign in ";\t" if len(header) == 1 and sign in header[0]), None)
    if wrong is not None:
        shown = "a tab" if wrong == "\t" else wrong
        raise Mistake(f"{name}: its columns are separated by {shown}: separate them by commas")
    for column in header:
        if not column or header.count(column) > 1:
            what = "has no name" if not column else f"{column!r} comes twice"
            raise Mistake(f"{name}: a column of the header {what}")
    rows: list[Row] = []
    for number, line in enumerate(lines[1:], 1):
        if len(line) != len(header):
            raise Mistake(
                f"{name}, row {number}: {len(line)} cells, but the header has {len(header)} columns"
            )
        cells = zip(header, line, strict=True)
        rows.append({column: read_cell(cell) for column, cell in cells if cell.strip()})
    return rows


def _render_csv(rows: Sequence[Row]) -> str:
    header = list(dict.fromkeys(column for row in rows for column in row))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(row[column]) if column in row else "" for column in header])
    return out.getvalue()


def _read_json(text: str, name: str) -> list[Row]:
    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        read = dict(pairs)
        if len(read) < len(pairs):
            names = [key for key, _ in pairs]
            twice = next(key for key in names if names.count(key) > 1)
            raise Mistake(f"{name}: {twice!r} comes twice in one flag set")
        return read

    return _checked(json.loads(text, object_pairs_hook=mapping), name)


def _render_json(rows: Sequence[Row]) -> str:
    listed = ",\n".join("  " + json.dumps(dict(row), ensure_ascii=False) for row in rows)
    return f"[\n{listed}\n]\n"


def _read_yaml(text: str, name: str) -> list[Row]:
    # OmegaConf reads YAML as it reads configurations: 1e-3 is a number, a date is text.
    content = OmegaConf.to_container(OmegaConf.create(text)) if text.strip() else None
    return _checked(content, name)


def _render_yaml(rows: Sequence[Row]) -> str:
    # JSON is valid YAML except for a few numbers; one list item a line is readable for people.
    return yaml.dump(
        [dict(row) for row in rows],
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=10**6,
    )


class _Dumper(yaml.SafeDumper):
    """Quotes texts that a configuration reads as numbers, and YAML 1.1 does not, such as 1e3."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        style = None if read_cell(text) == text else "'"
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)


def _checked(content: Any, name: str) -> list[Row]:
    if content is None:
        return []
    if not isinstance(content, list):
        raise Mistake(f"{name}: must be a list of flag sets, such as [{{x: 1}}, {{x: 2}}]")
    return [checked_row(row, f"{name}, row {number}") for number, row in enumerate(content, 1)]


def checked_row(row: Any, where: str) -> Row:
    """A flag set with dotted names. Raises Mistake, naming its place."""
    if not isinstance(row, Mapping) or not all(isinstance(key, str) for key in row):
        raise Mistake(f"{where}: {row!r} is no flag set, such as {{x: 1}}")
    _check_value(row, where)
    flat: dict[str, Value] = {}
    for name, value in row.items():
        nested = isinstance(value, dict) and bool(value)
        for dotted, one in (flatten(value, name) if nested else {name: value}).items():
            if dotted in flat:
                raise Mistake(f"{where}: {dotted!r} comes twice")
            flat[dotted] = one
    return flat


def _check_value(value: Any, where: str) -> None:
    if isinstance(value, Mapping):
        for key, one in value.items():
            if not isinstance(key, (str, int, float, bool)):
                raise Mistake(f"{where}: {key!r} is no name")
            _check_value(one, where)
    elif isinstance(value, list):
        for one in value:
            _check_value(one, where)
    elif value is not None and not isinstance(value, (bool, int, float, str)):
        raise Mistake(f"{where}: {value!r} is no value of a flag")


_Form: TypeAlias = tuple[Callable[[str, str], list[Row]], Callable[[Sequence[Row]], str]]
_FORMS: Mapping[str, _Form] = {
    "csv": (_read_csv, _render_csv),
    "json": (_read_json, _render_json),
    "yaml": (_read_yaml, _render_yaml),
    "yml": (_read_yaml, _render_yaml),
}


def explain_form(error: Exception, name: str) -> Mistake:
    """The mistake for a text that is not in its file's format."""
    said = " ".join(str(error).split())
    return Mistake(f"{name}: cannot be read: {said}")


#: The errors, beside Mistake, of reading a text that is not in its format.
REFUSALS: tuple[type[Exception], ...] = (
    csv.Error,
    ValueError,
    yaml.YAMLError,
    OmegaConfBaseException,
)
