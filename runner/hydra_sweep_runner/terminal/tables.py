"""Tables as people read them: what is in a cell, how wide a column is, what is cut. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

#: What stands for what was cut away.
CUT = "…"
_GAP = 2
# No column that is cut is narrower than this.
_LEAST = 12


class ColumnKind(Enum):
    """What a column holds. Texts are cut where there is no room; of the others a part would
    be wrong or of no use."""

    ID = "id"  #: never left out
    TEXT = "text"
    NUMBER = "number"  #: aligned to the right
    STATUS = "status"  #: coloured
    TIME = "time"  #: left out before all others


@dataclass(frozen=True)
class TableColumn:
    """A column's title, and what it holds."""

    title: str
    kind: ColumnKind = ColumnKind.TEXT


@dataclass(frozen=True)
class Table:
    """Columns, and rows of as many cells. The texts are printable."""

    columns: Sequence[TableColumn]
    rows: Sequence[Sequence[str]]

    def widths(self) -> list[int]:
        """How wide each column wants to be, in characters."""
        return [
            max([len(column.title), *(len(row[place]) for row in self.rows)])
            for place, column in enumerate(self.columns)
        ]


def plain_lines(table: Table) -> list[str]:
    """The table for whoever reads it from a file or a pipe: nothing is cut, two spaces stand
    between columns, numbers are aligned to the right."""
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
    """Which columns are shown, and how wide, so that the table is no wider than a terminal;
    `hidden` are the places of those that are not."""

    places: Sequence[int]
    widths: Sequence[int]
    hidden: Sequence[int] = ()


def fit(table: Table, width: int) -> Fitted:
    """Cut what does not fit: texts, those in the middle first. Where that is not enough, columns
    are left out, times first, then those in the middle; an id never."""
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
    """The text in so many characters, `…` at the end of what was cut."""
    return text if len(text) <= width else text[: max(0, width - 1)] + CUT


def _total(widths: Sequence[int], places: Sequence[int]) -> int:
    return sum(widths[place] for place in places) + _GAP * (len(places) - 1)
