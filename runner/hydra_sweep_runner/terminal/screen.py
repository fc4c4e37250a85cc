"""Prints tables: drawn on a terminal, plain elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from hydra_sweep_runner.terminal.render import escape
from hydra_sweep_runner.terminal.tables import ColumnKind, Table, cut, fit, plain_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

_COLOURS = {
    "completed": "green",
    "running": "cyan",
    "pending": "dim",
    "error": "red",
    "terminated": "yellow",
    "unreadable": "magenta",
}


def print_table(table: Table, *notes: str, stream: TextIO | None = None) -> None:
    """Print a table, by default on standard output; on a terminal, the notes follow below it."""
    stream = stream or sys.stdout
    if not stream.isatty():
        for line in plain_lines(table):
            print(escape(line), file=stream)
        return
    console = open_console(stream)
    drawn, hidden = draw(table, console.width)
    console.print(drawn)
    for note in [*notes, *hidden]:
        console.print(note, style="dim", markup=False, soft_wrap=True)


def open_console(stream: TextIO | None = None) -> Console:
    """A console, by default on standard output."""
    from rich.console import Console

    return Console(file=stream, highlight=False, emoji=False, markup=False)


def draw(table: Table, width: int) -> tuple[RichTable, list[str]]:
    """The table fitted to a terminal's width, and a line about the columns that were left out, if
    any."""
    from rich.table import Table as RichTable
    from rich.text import Text

    fitted = fit(table, width)
    drawn = RichTable(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for place, column_width in zip(fitted.places, fitted.widths, strict=True):
        column = table.columns[place]
        drawn.add_column(
            Text(cut(column.title, column_width)),
            justify="right" if column.is_right else "left",
            width=column_width,
            no_wrap=True,
        )
    for row in table.rows:
        cells = []
        for place, column_width in zip(fitted.places, fitted.widths, strict=True):
            kind = table.columns[place].kind
            style = _COLOURS.get(row[place], "") if kind is ColumnKind.STATUS else ""
            cells.append(Text(cut(row[place], column_width), style=style))
        drawn.add_row(*cells)
    if not fitted.hidden:
        return drawn, []
    names = ", ".join(table.columns[place].title for place in fitted.hidden)
    return drawn, [f"not shown, for lack of room: {names}"]
