"""Values for other programs, as JSON and CSV, never cut or rounded. Pure."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence

from hydra_sweep_runner.model import Value

#: Characters that may not be printable; all others are skipped quickly.
_UNUSUAL = re.compile(r"[^\n -~]")


def json_text(content: object) -> str:
    """JSON without characters that act on a terminal. JSON leaves some of them unescaped (U+009B,
    U+202E and others); they occur only in strings, where an escape means the same."""
    import msgspec  # the standard library takes twenty times as long to write indented JSON

    try:
        text = msgspec.json.format(msgspec.json.encode(content), indent=2).decode()
    except (UnicodeEncodeError, msgspec.MsgspecError, RecursionError):  # a lone surrogate, say
        text = json.dumps(content, indent=2, ensure_ascii=False)
    return _UNUSUAL.sub(_printable, text)


def json_list(items: Iterable[object]) -> Iterator[str]:
    """The same for a list, in pieces: each item is freed before the next one is made."""
    before = "[\n  "
    for item in items:
        yield before + json_text(item).replace("\n", "\n  ")
        before = ",\n  "
    yield "[]\n" if before[0] == "[" else "\n]\n"


def _printable(match: re.Match[str]) -> str:
    char = match[0]
    if char.isprintable():
        return char
    return "\\u007f" if char == "\x7f" else json.dumps(char)[1:-1]


def csv_text(titles: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """CSV (RFC 4180, with line feeds) with a line of titles. Missing values are empty; lists and
    objects are JSON."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(titles)
    for row in rows:
        writer.writerow([csv_cell(value) for value in row])
    return file.getvalue()


def csv_cell(value: Value) -> str:
    """A value as a cell of CSV."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)
