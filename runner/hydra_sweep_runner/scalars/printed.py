"""Finds scalars in a run's output as its bytes arrive.

A line counts if it consists of pairs only, `NAME=NUMBER` or `NAME: NUMBER` (with a blank after the
colon), with blanks or commas between them: `loss: 0.25, acc=0.9`. So `epoch 1 loss: 0.2` reports
nothing. Lines of a traceback are passed over.

Pure except for its own state: it takes bytes and returns reports. A report has the step that was
printed last, or none; `scalars.series` gives a report without a step one. Regular expressions over
whole chunks of lines do most of the work, because a run may print a million lines.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import field

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.scalars.form import Form, Pairs, Pattern
from hydra_sweep_runner.scalars.numbers import STEP, step_of
from hydra_sweep_runner.scalars.series import Reports

# Lines longer than this report nothing.
_MOST_OF_A_LINE_BYTES = 1 << 16

_LETTER = r"(?:[^\W\d_]|_)"
_NUMBER = r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[nN][aA][nN]|[iI][nN][fF])"
_ASCII_NAME = r"[A-Za-z_][A-Za-z0-9_./@-]*"
_ANY_NAME = rf"{_LETTER}[\w./@-]*"
_PAIR = r"{name}(?:=|:[ \t]+){number}"
_LINE = r"\n[ \t]*({pair}(?:(?:[ \t]*,[ \t]*|[ \t]+){pair})*)[ \t]*(?=\n)"
# In lines that consist of pairs, a comma after a value does not belong to the value.
_PART = r"([^\s=:,]+)(?:=|:[ \t]+)([^\s,]+)[ \t,]*(\n?)"


def _line(name: str) -> str:
    return _LINE.format(pair=_PAIR.format(name=name, number=_NUMBER))


_ASCII_LINES = re.compile(_line(_ASCII_NAME), re.ASCII)
_ANY_LINES = re.compile(_line(_ANY_NAME))
_PARTS = re.compile(_PART)
_ASCII_LINE = re.compile(_line(_ASCII_NAME)[2:].removesuffix(r"(?=\n)").encode(), re.ASCII)
_ASCII_PART = re.compile(_PART.encode(), re.ASCII)
_COLOURS = re.compile(rb"\x1b\[[0-9;]*m")
_NUMBER_BYTES = b"0123456789+-.eE"
# Each marks a column of a uniform table.
_MARKS = bytes(range(1, 9))
# From this many lines on, importing msgspec takes less time than it saves.
_MANY_LINES = 1000
_SEPARATOR = re.compile(r"=|: |:\t")
_TRACEBACK = "Traceback (most recent call last):"


@dataclass
class _Stream:
    """The end of one stream's output that is not a whole line yet, and the parser's state.

    `rest` begins at the start of a line. If `is_too_long`, the start of the line was dropped.
    `depth` is the indentation of a traceback that has begun and not ended, else None.
    """

    rest: bytes = b""
    is_too_long: bool = False
    depth: int | None = None


@dataclass
class Printed:
    """Reads the output of one run, from both of its streams, in order of arrival.

    `step` is the value of the last pair named `step`; it applies to the whole line that it stands
    in, and to the lines that follow.
    """

    form: Form
    step: float | None = None
    _streams: tuple[_Stream, _Stream] = field(default_factory=lambda: (_Stream(), _Stream()))

    def feed(self, stream: int, data: bytes) -> Iterator[Reports]:
        """The reports of the lines that end in this piece of stream 0 or 1."""
        if self.form is None:
            return
        state = self._streams[stream]
        data = data.replace(b"\r", b"\n") if b"\r" in data else data
        end = data.rfind(b"\n") + 1
        if end == 0:
            _keep_rest(state, state.rest + data)
            return
        lines = state.rest + data[:end]
        if state.is_too_long:
            lines = lines[lines.index(b"\n") + 1 :]
        state.rest, state.is_too_long = b"", False
        _keep_rest(state, data[end:])
        if lines:
            yield from self._read(state, lines)

    def end(self) -> Iterator[Reports]:
        """The reports of the last line of each stream, if it has no line end."""
        for state in self._streams:
            if state.rest and not state.is_too_long:
                yield from self._read(state, state.rest + b"\n")
            state.rest = b""

    def _read(self, state: _Stream, lines: bytes) -> Iterator[Reports]:
        """The reports of whole lines, each with its line end."""
        if isinstance(self.form, Pairs) and b"\x1b" in lines:
            lines = _COLOURS.sub(b"", lines)
        if isinstance(self.form, Pairs) and state.depth is None:
            table = _uniform_table(lines)
            if table is not None:
                yield from self._columns(*table)
                return
        text = lines.decode("utf-8", "replace")
        if state.depth is not None or _TRACEBACK in text:
            text = _without_tracebacks(state, text)
        if isinstance(self.form, Pattern):
            yield from _matches(self.form, text)
        elif isinstance(self.form, Pairs) and _SEPARATOR.search(text) is not None:
            yield from self._pairs(text)

    def _columns(self, names: list[str], columns: list[list[float]]) -> Iterator[Reports]:
        steps: list[float] | None = None
        for name, column in zip(names, columns, strict=True):
            if name == STEP:
                steps = column
        if steps is not None:
            self.step = steps[-1]
        elif self.step is not None:
            steps = [self.step] * len(columns[0])
        for name, column in zip(names, columns, strict=True):
            if name != STEP:
                yield Reports(name, column, steps)

    def _pairs(self, text: str) -> Iterator[Reports]:
        found = (_ASCII_LINES if text.isascii() else _ANY_LINES).findall(f"\n{text}")
        if not found:
            return
        pairs = _PARTS.findall("\n".join(found) + "\n")
        if STEP in text and any(name == STEP for name, _, _ in pairs):
            yield from self._with_steps(pairs)
            return
        values: dict[str, list[float]] = {}
        for name, number, _ in pairs:
            if name in values:
                values[name].append(float(number))
            else:
                values[name] = [float(number)]
        for name, numbers in values.items():
            steps = None if self.step is None else [self.step] * len(numbers)
            yield Reports(name, numbers, steps)

    def _with_steps(self, pairs: list[tuple[str, str, str]]) -> Iterator[Reports]:
        """The reports of lines some of which name a step. The third part of a pair is the end of
        its line, or empty."""
        values: dict[str, tuple[list[float], list[float | None]]] = {}
        line: list[tuple[str, float]] = []
        step = self.step
        for name, number, end in pairs:
            if name == STEP:
                given = step_of(float(number))
                step = step if given is None else given
            else:
                line.append((name, float(number)))
            if not end:
                continue
            for reported, value in line:
                if reported not in values:
                    values[reported] = ([], [])
                values[reported][0].append(value)
                values[reported][1].append(step)
            line.clear()
        self.step = step
        for name, (numbers, steps) in values.items():
            yield Reports(name, numbers, steps)


def _uniform_table(lines: bytes) -> tuple[list[str], list[list[float]]] | None:
    """The names and their columns of numbers, if all lines have the same pairs in the same form.

    None if they differ, or if a number is not written plainly. Runs that print only scalars look
    like this, and reading them so is three times as fast as reading each line.
    """
    head = _ASCII_LINE.fullmatch(lines, 0, lines.index(b"\n"))
    if head is None or len(lines.translate(None, _MARKS)) < len(lines):
        return None
    names, marked, place = [], b"\n" + lines[:-1], 0
    parts = list(_ASCII_PART.finditer(head[0]))
    if len(parts) > len(_MARKS):
        return None
    marks = _MARKS[: len(parts)]
    for mark, part in zip(marks, parts, strict=True):
        before = head[0][place : part.start(2)]
        marked = marked.replace(before if place else b"\n" + before, bytes([mark]))
        names.append(part[1].decode("ascii"))
        place = part.end(2)
    height = lines.count(b"\n")
    if place != len(head[0]) or marked.translate(None, _NUMBER_BYTES) != marks * height:
        return None
    for mark in marks:
        marked = marked.replace(bytes([mark]), b",")
    try:
        numbers = _numbers(marked[1:], many=height >= _MANY_LINES)
    except ValueError:
        return None
    width = len(parts)
    if len(numbers) != width * height or len(set(names)) != width:
        return None
    columns = [numbers[column::width] for column in range(width)]
    if STEP in names and not all(map(math.isfinite, columns[names.index(STEP)])):
        return None
    return names, columns


def _numbers(text: bytes, *, many: bool) -> list[float]:
    """The numbers between commas. Raises ValueError for any other text.

    Many numbers are read by msgspec, ten times as fast as by `float`, if they are written as in
    JSON. It reads -0 as 0.
    """
    if many and b"-0," not in text and not text.endswith(b"-0"):
        import msgspec

        with suppress(msgspec.MsgspecError):
            numbers: list[float] = msgspec.json.decode(b"[%b]" % text, type=list[float])
            return numbers
    return list(map(float, text.split(b",")))


def _keep_rest(state: _Stream, rest: bytes) -> None:
    state.is_too_long = state.is_too_long or len(rest) > _MOST_OF_A_LINE_BYTES
    state.rest = b"" if state.is_too_long else rest


def _matches(form: Pattern, text: str) -> Iterator[Reports]:
    has_step = STEP in form.regex.groupindex
    for line in text.split("\n"):
        for match in form.regex.finditer(line):
            name, value = match["name"], _number(match["value"])
            if not name or value is None:
                continue
            step = _number(match[STEP]) if has_step else None
            yield Reports(name, [value], None if step is None else [step_of(step)])


def _number(text: str | None) -> float | None:
    if text is None or "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _without_tracebacks(state: _Stream, text: str) -> str:
    """The lines outside tracebacks. A traceback ends with the first line indented no more than its
    `Traceback` line."""
    kept = []
    for line in text.split("\n"):
        indented = len(line) - len(line.lstrip(" \t"))
        if line.startswith(_TRACEBACK, indented):
            state.depth = indented
        elif state.depth is None:
            kept.append(line)
        elif line and indented <= state.depth:
            state.depth = None
    return "\n".join(kept) + ("" if kept and not kept[-1] else "\n")
