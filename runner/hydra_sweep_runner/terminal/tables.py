"""Tables for people: the cells, the widths of the columns, and what is cut. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

#: Replaces text that was cut off.
CUT = "…"
_GAP = 2
# The least width of a column that is cut.
_LEAST = 12


class ColumnKind(Enum):
    """The content of a column. Texts are cut if there is no room; a part of any other content would
    be misleading or useless."""

    ID = "id"  #: never left out
    TEXT = "text"
    NUMBER = "number"  #: aligned to the right
    STATUS = "status"  #: coloured
    TIME = "time"  #: left out before all others


@dataclass(frozen=True)
class TableColumn:
    """A column's title and kind."""

    title: str
    kind: ColumnKind = ColumnKind.TEXT


@dataclass(frozen=True)
class Table:
    """Columns, and rows with a cell for each column. The texts are printable."""

    columns: Sequence[TableColumn]
    rows: Sequence[Sequence[str]]

    def widths(self) -> list[int]:
        """The width of each column in characters, if nothing is cut."""
        return [
            max([len(column.title), *(len(row[place]) for row in self.rows)])
            for place, column in enumerate(self.columns)
        ]


def plain_lines(table: Table) -> list[str]:
    """The table for files and pipes: nothing is cut, columns are two spaces apart, numbers are
    aligned to the right."""
    widths = table.widths()
    titles = [column.title for column in table.columns]
    lines = []
    for row in [titles, *table.rows]:
        cells = [
            cell.rjust(width) if column.kind is ColumnKind.NUMBER else cell.ljust(width)
            for cell, width, column in zip(row, widths, table.columns, strict=True)
        ]
        lines.append((" " * _GAP).join(cells).rstrip())
    return lines


@dataclass(frozen=True)
class Fitted:
    """The columns that fit a terminal's width, and their widths; `hidden` are the indices of the
    columns that are left out."""

    places: Sequence[int]
    widths: Sequence[int]
    hidden: Sequence[int] = ()


def fit(table: Table, width: int) -> Fitted:
    """Fit a table to a width: texts are cut first. If that is not enough, columns are left out:
    times first, then those in the middle; never an id."""
    widths = table.widths()
    is_text = [column.kind is ColumnKind.TEXT for column in table.columns]
    least = [min(w, _LEAST) if cuts else w for w, cuts in zip(widths, is_text, strict=True)]
    places = list(range(len(widths)))
    inwards = sorted(places, key=lambda place: (abs(2 * place - len(places) + 1), -place))
    hidden = []
    for place in sorted(
        inwards, key=lambda place: table.columns[place].kind is not ColumnKind.TIME
    ):
        if _total(least, places) <= width:
            break
        if table.columns[place].kind is not ColumnKind.ID:
            places.remove(place)
            hidden.append(place)
    for place in inwards:
        over = _total(widths, places) - width
        if over > 0 and place in places:
            widths[place] = max(least[place], widths[place] - over)
    return Fitted(places, [widths[place] for place in places], sorted(hidden))


def cut(text: str, width: int) -> str:
    """The text, shortened to `width` characters with `…` at the end if it is longer."""
    return text if len(text) <= width else text[: max(0, width - 1)] + CUT


def _total(widths: Sequence[int], places: Sequence[int]) -> int:
    return sum(widths[place] for place in places) + _GAP * (len(places) - 1)
