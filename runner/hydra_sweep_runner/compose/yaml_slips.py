"""Explains YAML that does not parse: where, and how what is often written so is written here. It
reads the file."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from hydra_sweep_runner.compose.resolution_errors import one_line

_NAME_AND_VALUE = re.compile(r"\s*([^\W\d][\w.-]*) +([^\s:#][^:#]*)$")
_EQUATION = re.compile(r"\s*(?:- )?([^\W\d][\w.-]*) *= *([^\s=#][^#]*)$")
_NAME_ALONE = re.compile(r"\s*([^\W\d][\w.-]*)\s*(?:#.*)?$")
_WITH_VALUE = re.compile(r"( *)[\w.-]+: +[^\s#]")
_BADLY_INDENTED = re.compile(
    "did not find expected key|expected <block end>, but found '<block map"
)
_NO_SPACE = re.compile(r"\s*(?:- )?([\w.-]+)\s*(?::|\uff1a\s*)(\S.*)")
#: A part of a list or mapping in YAML's brackets that holds `${…}`.
_INTERPOLATED = re.compile(r"[^\s,\[\]{}]*\$\{[^{}]*\}[^\s,\[\]{}]*")


def explain_yaml(error: yaml.YAMLError) -> str:
    """`conf/config.yaml, line 3, column 7: …`, with the way to write what is often written so."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None)
    if mark is None or problem is None:
        return one_line(error)
    context, begin = getattr(error, "context", None), getattr(error, "context_mark", None)
    lacking = _line_at(begin) if begin is not None and "expected ':'" in problem else ""
    apart = _EQUATION.match(lacking) or _NO_SPACE.match(lacking) or _NAME_AND_VALUE.match(lacking)
    if begin is not None and apart is not None:
        return (
            f"{mark.name}, line {begin.line + 1}: a colon and a space stand between a name and its "
            f"value: `{apart[1]}: {apart[2].strip()}`"
        )
    told = f"{mark.name}, line {mark.line + 1}, column {mark.column + 1}: {problem}"
    if context:
        where = f" from line {begin.line + 1}" if begin and begin.line != mark.line else ""
        told += f" ({context}{where})"
    line = _line_at(mark)
    if "${" in line and "expected ','" in problem:
        # the mark is at the brace that no plain text in brackets can hold
        held = next((one for one in _INTERPOLATED.finditer(line) if one.end() > mark.column), None)
        told += f'; what holds ${{…}} stands in quotes: "{held[0] if held else "${…}"}"'
    before = _line_at(mark, above=1)
    without_colon = _EQUATION.match(before) or _NAME_AND_VALUE.match(before)
    alone = _NAME_ALONE.match(before)
    is_nested = problem.startswith("mapping values are not allowed")
    if is_nested and without_colon is not None:
        name, value = without_colon.groups()
        told += f"; the line before lacks a colon: `{name}: {value.strip()}`"
    elif is_nested and alone is not None:
        told += f"; the line before lacks a colon: `{alone[1]}:`"
    elif is_nested and _is_below_value(line, before):
        told += "; it is indented more than the line before it, which has a value"
    elif line.lstrip(" ").startswith("\t"):
        told += "; YAML is indented by spaces"
    elif context == "while parsing a block mapping" and _BADLY_INDENTED.match(problem):
        told += "; names of one mapping begin in the same column"
    return told


def _is_below_value(line: str, before: str) -> bool:
    """Whether a line is indented more than the one before it, where a name has its value."""
    held = _WITH_VALUE.match(before)
    return held is not None and len(line) - len(line.lstrip(" ")) > len(held[1])


def _line_at(mark: yaml.Mark, above: int = 0) -> str:
    """The line of a file that a mark is in, or so many above it; empty if it cannot be read. The
    hints go by it, as the words of the problem are those of one of two parsers: Hydra 1.4 takes
    libyaml's."""
    try:
        lines = Path(mark.name).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return lines[mark.line - above] if above <= mark.line < len(lines) else ""
