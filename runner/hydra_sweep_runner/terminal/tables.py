"""Tables for people: the cells, the widths of the columns, and what is cut. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from unicodedata import combining, east_asian_width

from hydra_sweep_runner.dataclass import dataclass

#: Replaces text that was cut off.
CUT = "…"
_GAP = 2
# The least width of a column that is cut.
_LEAST = 12
# So much of a text can be read.
_ENOUGH = 24


class ColumnKind(Enum):
    """The content of a column. Texts are cut if there is no room; a part of any other content would
    be misleading or useless."""

    ID = "id"  #: never left out
    TEXT = "text"
    PROSE = "prose"  #: a text that is written for people: without quotes
    NUMBER = "number"  #: aligned to the right
    SECONDS = "seconds"  #: a number; aligned to the right
    STATUS = "status"  #: coloured
    TIME = "time"  #: left out before all others


@dataclass(frozen=True)
class TableColumn:
    """A column's title and kind. A column that `stays` is never left out; those that `yield` are
    left out before others, the last one first."""

    title: str
    kind: ColumnKind = ColumnKind.TEXT
    stays: bool = False
    yields: bool = False

    @property
    def is_right(self) -> bool:
        """Whether its cells are aligned to the right."""
        return self.kind in (ColumnKind.NUMBER, ColumnKind.SECONDS)


@dataclass(frozen=True)
class Table:
    """Columns, and rows with a cell for each column. The texts are printable."""

    columns: Sequence[TableColumn]
    rows: Sequence[Sequence[str]]

    def widths(self) -> list[int]:
        """The width of each column, in columns of a terminal, if nothing is cut."""
        return [
            max([cells(column.title), *(cells(row[place]) for row in self.rows)])
            for place, column in enumerate(self.columns)
        ]


def plain_lines(table: Table) -> list[str]:
    """The table for files and pipes: nothing is cut, columns are two spaces apart, numbers are
    aligned to the right."""
    widths = table.widths()
    titles = [column.title for column in table.columns]
    lines = []
    for row in [titles, *table.rows]:
        padded = [
            pad + cell if column.is_right else cell + pad
            for cell, pad, column in zip(row, _padding(row, widths), table.columns, strict=True)
        ]
        lines.append((" " * _GAP).join(padded).rstrip())
    return lines


def _padding(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [" " * (width - cells(cell)) for cell, width in zip(row, widths, strict=True)]


@dataclass(frozen=True)
class Fitted:
    """The columns that fit a terminal's width, and their widths; `hidden` are the indices of the
    columns that are left out."""

    places: Sequence[int]
    widths: Sequence[int]
    hidden: Sequence[int] = ()


def fit(table: Table, width: int) -> Fitted:
    """Fit a table to a width. Texts are cut first, those in the middle before others, as far as
    they can still be read. If that is not enough, times are left out, then columns that yield, the
    last one first; then texts are cut further, those in the middle last; then columns are left out,
    those in the middle first, but never an id or a column that stays."""
    widths = table.widths()
    texts = (ColumnKind.TEXT, ColumnKind.PROSE)
    is_text = [column.kind in texts for column in table.columns]
    least, enough = (
        [min(w, most) if cuts else w for w, cuts in zip(widths, is_text, strict=True)]
        for most in (_LEAST, _ENOUGH)
    )
    places = list(range(len(widths)))
    inwards = sorted(places, key=lambda place: (abs(2 * place - len(places) + 1), -place))
    early = [place for place in inwards if table.columns[place].kind is ColumnKind.TIME]
    early += [place for place in reversed(places) if table.columns[place].yields]
    hidden = []
    for place in [*early, *(place for place in inwards if place not in early)]:
        if _total(enough if place in early else least, places) <= width:
            continue
        if table.columns[place].kind is not ColumnKind.ID and not table.columns[place].stays:
            places.remove(place)
            hidden.append(place)
    for floor, order in ((enough, inwards), (least, inwards[::-1])):
        for place in order:
            over = _total(widths, places) - width
            if over > 0 and place in places:
                widths[place] = max(floor[place], widths[place] - over)
    return Fitted(places, [widths[place] for place in places], sorted(hidden))


def cut(text: str, width: int) -> str:
    """The text, shortened to `width` columns of a terminal with `…` at the end if it is longer."""
    if cells(text) <= width:
        return text
    end = min(len(text), max(0, width - 1))
    while end and cells(text[:end]) > width - 1:
        end -= 1
    return text[:end] + CUT


def cells(text: str) -> int:
    """The number of terminal columns that a text takes: two for a wide character, none for a mark
    that is combined with the character before it (Unicode's annex 11)."""
    if text.isascii():
        return len(text)
    return sum(
        0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text
    )


def _total(widths: Sequence[int], places: Sequence[int]) -> int:
    return sum(widths[place] for place in places) + _GAP * (len(places) - 1)
