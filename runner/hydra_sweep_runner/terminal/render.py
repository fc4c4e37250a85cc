"""Values, flags, lines and tables as text. Pure; control characters are always escaped."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from hydra_sweep_runner.model import Flags, Run, Value
from hydra_sweep_runner.operation.flags import (
    as_chosen,
    fitting,
    named,
    repeats_flag,
    shown_choices,
)
from hydra_sweep_runner.record.reasons import parted

if TYPE_CHECKING:
    from hydra_sweep_runner.record.glance import Glance

#: A line shows at most this many scalars.
MOST_SCALARS = 3

#: The most characters of a value in a line or a table.
MOST_OF_VALUE = 60

# Of two long values that differ, as much is shown of what is the same before.
_MOST_BEFORE = 12

_NO_CHOICES: Mapping[str, Value] = MappingProxyType({})

_READS_AS_OTHER = re.compile(
    r"|[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?\.?(inf|nan)|true|false|null|~",
    re.IGNORECASE,
)


def short(run_id: str) -> str:
    """The first eight digits of an id, which lines show."""
    return run_id[:8]


def first_few(texts: Sequence[str], most: int = 5) -> str:
    """`a, b and 3 more`: the first texts, and the number of the others."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def escape(text: str) -> str:
    """The text with every control character and line break written as an escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")


def render_value(value: Value) -> str:
    """A value in one line: null, true and false as in YAML; strings without quotes unless they
    could be taken for another value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _render_float(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _render_text(value)
    if isinstance(value, list):
        return "[" + ", ".join(render_value(item) for item in value) + "]"
    entries = (f"{escape(key)}: {render_value(item)}" for key, item in value.items())
    return "{" + ", ".join(entries) + "}"


def shown_value(value: Value) -> str:
    """A value as lines and tables show it, shortened if it is long."""
    return cut(render_value(value), MOST_OF_VALUE)


def shown_change(before: Value, after: Value) -> tuple[str, str]:
    """Two values as lines show them; of long ones the part where they begin to differ."""
    texts = (render_value(before), render_value(after))
    pairs = enumerate(zip(*texts, strict=False))
    same = next((n for n, (a, b) in pairs if a != b), min(map(len, texts)))
    if max(map(len, texts)) > MOST_OF_VALUE and same > _MOST_BEFORE:
        texts = (f"…{texts[0][same - _MOST_BEFORE :]}", f"…{texts[1][same - _MOST_BEFORE :]}")
    return cut(texts[0], MOST_OF_VALUE), cut(texts[1], MOST_OF_VALUE)


def cut(text: str, most: int) -> str:
    """The text, shortened to `most` characters with `…` at the end if it is longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _render_float(value: float) -> str:
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return repr(value)


def _render_text(text: str) -> str:
    ambiguous = (
        _READS_AS_OTHER.fullmatch(text) is not None
        or text != text.strip()
        or text.startswith(("[", "{"))
        or any(mark in text for mark in ("'", '"', ", "))
    )
    return escape(json.dumps(text, ensure_ascii=False)) if ambiguous else escape(text)


def render_number(value: float) -> str:
    """A scalar in a table: six significant digits."""
    return f"{value:.6g}"


def render_seconds(value: float) -> str:
    """Seconds in a table: three significant digits, and all whole ones."""
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def render_time(at: datetime | None) -> str:
    """A time to the second, in this machine's time zone; empty for None."""
    return "" if at is None else f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def render_flags(
    flags: Flags,
    given: Iterable[str] = (),
    choices: Mapping[str, Value] = _NO_CHOICES,
    varying: Iterable[str] = (),
    also: Mapping[str, Value] = _NO_CHOICES,
) -> str:
    """`x=1.0, y=2`: the flags that fit in a line (`fitting`), those in `varying` before others that
    were given, and what else tells the run apart, `also`. Chosen config groups are shown by their
    choice, with those flags below them that were given or are in `varying`."""
    given, varying = tuple(given), tuple(varying)
    chosen = shown_choices(choices, given, varying)
    shown = as_chosen(flags, chosen, (*given, *varying), varying)
    return render_entries({**fitting(shown, (*varying, *given)), **also})


def render_entries(entries: Mapping[str, Value]) -> str:
    """`x=1.0, y=2`: names with values, as lines and tables show them."""
    return ", ".join(f"{escape(name)}={shown_value(value)}" for name, value in entries.items())


def render_scalars(run: Run | Glance) -> str:
    """`loss=0.25, acc=0.9`: the last values of the first scalars. What merely repeats flags comes
    last."""
    scalars = run.scalars
    ordered = sorted(scalars, key=lambda name: repeats_flag(name, scalars[name].last, run.flags))
    first = ordered[:MOST_SCALARS]
    shown = [f"{escape(name)}={render_number(run.scalars[name].last)}" for name in first]
    return ", ".join([*shown, "…"] if len(run.scalars) > MOST_SCALARS else shown)


def render_varying(
    run: Run, varying: Iterable[str], upstream: Mapping[str, Value] = _NO_CHOICES
) -> str:
    """The flags that distinguish a trial from the others of its batch: `lr=0.1, model=resnet`. For
    a pipeline's trial, the given flags of its step, and then those in `upstream`, by dotted names:
    `lr=0.1, prepare.rows=7`."""
    names = tuple(varying) if run.step is None else run.given
    choices = shown_choices(run.choices, run.given, names)
    shown = named(as_chosen(run.flags, choices, run.given, names), names)
    return render_entries({**shown, **upstream})


def render_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of equal length as lines: columns left-aligned and two spaces apart."""
    if not rows:
        return []
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def render_plan(columns: Iterable[tuple[str, Sequence[str]]], count: int) -> list[str]:
    """The plan of so many trials as `print_trials` shows it: their numbers, and columns, each given
    by its title and the trials' texts."""
    titled = [("#", [str(number + 1) for number in range(count)]), *columns]
    rows = zip(*(texts for _, texts in titled), strict=True)
    return render_columns([[escape(title) for title, _ in titled], *rows])


def head_line(title: str) -> str:
    """The line above the whole output of a trial: `Output of trial 3f2a9c1d (lr=0.1):`."""
    return f"Output of {title}:" if title else ""


def retry_line(title: str, attempt: int, most: int, reason: str | None) -> str:
    """`Retrying trial 3f2a9c1d (lr=0.1), attempt 2 of 3: exit status 1`."""
    why, _ = parted(reason or "it failed")
    return f"Retrying {title}, attempt {attempt} of {most}: {escape(why)}"


def title_of(run: Run, varying: Iterable[str], upstream: Mapping[str, Value] = _NO_CHOICES) -> str:
    """The name of a run in lines: `run 3f2a9c1d`, `trial 3f2a9c1d (lr=0.1)`. `varying` and
    `upstream` as for `render_varying`."""
    flags = render_varying(run, varying, upstream)
    return f"{run.kind.value} {short(run.id)}" + (f" ({flags})" if flags else "")


def completed_line(
    run: Run, varying: Iterable[str], upstream: Mapping[str, Value] = _NO_CHOICES
) -> str:
    """`Trial 3f2a9c1d completed in 2.3 s (lr=0.1): loss=0.25`. `varying` and `upstream` as for
    `render_varying`."""
    state, flags = run.state, render_varying(run, varying, upstream)
    line = f"Trial {short(run.id)} completed"
    if state.started is not None and state.stopped is not None:
        line += f" in {(state.stopped - state.started).total_seconds():.1f} s"
    line += f" ({flags})" if flags else ""
    scalars = render_scalars(run)
    return f"{line}: {scalars}" if scalars else line


def initialized_line(
    run: Run, varying: Iterable[str] = (), also: Mapping[str, Value] = _NO_CHOICES
) -> str:
    """`Initialized trial 3f2a9c1d (x=1.0)`. `varying` and `also` as for `render_flags`."""
    flags = render_flags(run.flags, run.given, run.choices, varying, also)
    return f"Initialized trial {short(run.id)} ({flags})"


def running_line(
    run: Run, varying: Iterable[str] = (), also: Mapping[str, Value] = _NO_CHOICES
) -> str:
    """`Running trial 3f2a9c1d: echo.py (x=1.0)`. `varying` and `also` as for `render_flags`."""
    flags = render_flags(run.flags, run.given, run.choices, varying, also)
    return f"Running trial {short(run.id)}: {escape(run.operation.name)} ({flags})"
