"""What a trial wrote last: the end of its output, as the lines on a failure show it. Pure."""

from __future__ import annotations

import re

from hydra_sweep_runner.terminal.render import cut, escape

_MOST_LINES = 10
_MOST_COLUMNS = 160
_TRACEBACK = "Traceback (most recent call last):"
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(:|$)")
# Python shows the place of a mistake in the syntax of its main file, and no traceback.
_SYNTAX = re.compile(
    r'^  File ".*", line \d+\n(?: .*\n)*((?:Syntax|Indentation|Tab)Error: .+)\s*\Z', re.MULTILINE
)
# What a shell prints before each command after `set -x`.
_TRACED = re.compile(r"\++ ")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def last_lines(tail: bytes) -> list[str]:
    """The last lines of a failed trial's output, escaped, for the lines on its failure.

    A line that was overwritten, as by a progress bar, is shown as it was last; colours are removed.
    """
    text = _COLOURS.sub("", tail.decode("utf-8", "replace")).expandtabs()
    lines = [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return [cut(escape(line), _MOST_COLUMNS) for line in lines[-_MOST_LINES:]]


def last_exception(tail: bytes) -> str:
    """The line of the exception, if the output ends with a Python traceback or with a mistake in a
    script's syntax; else an empty text."""
    text = _COLOURS.sub("", tail.decode("utf-8", "replace"))
    _, traceback, rest = text.rpartition(_TRACEBACK)
    if not traceback:
        syntax = _SYNTAX.search(text)
        return "" if syntax is None else syntax[1]
    lines = rest.splitlines()[1:]
    return next((line for line in lines if _EXCEPTION.match(line)), "")


def last_error_line(tail: bytes) -> str:
    """The last line of what a program has written to standard error, neither empty nor a shell's
    trace nor overwritten, as a progress bar is; else an empty text."""
    text = _COLOURS.sub("", tail.decode("utf-8", "replace"))
    lines = (line.strip() for line in reversed(text.split("\n")))
    told = (line for line in lines if line and "\r" not in line and not _TRACED.match(line))
    return next(told, "")
