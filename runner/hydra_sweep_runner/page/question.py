"""What an address asks for: filters, brushes, order, objective. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Literal

from hydra_sweep_runner.commands.runs.selecting import Asked
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.page.brushes import Brush, parse_brush

_FILTERS = ("operation", "kind", "batch", "step", "label", "tag", "since", "where")
_MOST_ROWS = 500


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which runs are meant, and how they are to be shown. Two that are alike are equal.

    `sort` is a column's title or an expression; `objective` is written as a search's, with `-`
    before what is to be great.
    """

    asked: Asked = field(default_factory=Asked)
    brushes: tuple[Brush, ...] = ()
    sort: str | None = None
    reverse: bool = False
    objective: str | None = None
    flags: Literal["varying", "all"] = "varying"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Which of the rows: `count` at the most, from `offset` on, which counts from 0."""

    offset: int = 0
    count: int = 100


def parse_question(given: Mapping[str, Sequence[str]]) -> Question:
    """The question in an address's parameters; empty ones ask for nothing. Raises Mistake."""
    filters = {name: _one(given, name) for name in _FILTERS}
    status = tuple(word for word in given.get("status", ()) if word)
    flags = _one(given, "flags") or "varying"
    if flags not in ("varying", "all"):
        raise Mistake(f"flags={flags}: give varying or all")
    return Question(
        asked=Asked(status=status, **filters),
        brushes=tuple(parse_brush(text) for text in given.get("brush", ()) if text),
        sort=_one(given, "sort"),
        reverse=_one(given, "reverse") in ("1", "true"),
        objective=_one(given, "objective"),
        flags="all" if flags == "all" else "varying",
    )


def parse_part(given: Mapping[str, Sequence[str]]) -> Part:
    """Which rows an address's parameters ask for. Raises Mistake."""
    offset = whole_number(given, "offset", 0)
    return Part(offset=offset, count=min(_MOST_ROWS, whole_number(given, "count", 100)))


def whole_number(given: Mapping[str, Sequence[str]], name: str, otherwise: int) -> int:
    """A parameter that is a whole number, not below 0. Raises Mistake."""
    text = _one(given, name)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Mistake(f"{name}={text[:40]}: give a whole number, 0 or greater")
    return int(text)


def _one(given: Mapping[str, Sequence[str]], name: str) -> str | None:
    values = [text for text in given.get(name, ()) if text]
    if len(values) > 1:
        raise Mistake(f"{name} is given twice: give it once")
    return values[0] if values else None
