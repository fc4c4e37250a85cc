"""What was measured as a table on the terminal, as JSON, and as a table in README.md."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.model import Figure, Row, Size, Spread

PAGE = Path(__file__).parent / "README.md"

COLUMNS = ("what", "against", "ours", "theirs", "figure", "to reach", "")

_WORDS = {Figure.TIMES_LESS: "times less", Figure.TIMES: "times", Figure.SHARE: "%"}

_WIDTH = 200  # of the table where no terminal says how wide it may be

_PLACE = re.compile(r"(<!-- table: .*? -->\n).*?(<!-- end of table -->)", re.DOTALL)


def to_dict(rows: Sequence[Row], size: Size, machine: Mapping[str, str]) -> dict[str, Any]:
    """All that was measured, in JSON's types."""
    return {
        "size": size.value,
        "rounds": size.rounds,
        "machine": dict(machine),
        "rows": [_row(row) for row in rows],
    }


def _row(row: Row) -> dict[str, Any]:
    benchmark = row.benchmark
    found: dict[str, Any] = {
        "name": benchmark.name,
        "what": benchmark.what,
        "against": benchmark.against,
        "figure_is": benchmark.figure.value,
        "target": benchmark.target,
        "unit": benchmark.unit,
        "left_out": row.left_out,
    }
    if row.left_out is not None:
        return {**found, "figure": None, "reached": None, "ours": None, "theirs": None}
    return {
        **found,
        "figure": _spread(row.figure),
        "reached": row.reached,
        "ours": {**_spread(Spread.over(row.ours)), "samples": row.ours},
        "theirs": {**_spread(Spread.over(row.theirs)), "samples": row.theirs}
        if row.theirs
        else None,
    }


def _spread(spread: Spread) -> dict[str, float]:
    return {"median": spread.median, "min": spread.least, "max": spread.most}


def cells(row: Mapping[str, Any]) -> list[str]:
    """A row of the JSON as texts under COLUMNS: medians, with least and most behind."""
    kind, unit = Figure(row["figure_is"]), row["unit"]
    asked = _target(kind, row["target"], unit)
    if row["left_out"] is not None:
        return [row["what"], row["against"], "", "", f"left out: {row['left_out']}", asked, ""]
    return [
        row["what"],
        row["against"],
        _samples(row["ours"], unit),
        _samples(row["theirs"], unit),
        _figure(kind, row["figure"], unit),
        asked,
        {None: "", True: "reached", False: "missed"}[row["reached"]],
    ]


def _samples(samples: Mapping[str, float] | None, unit: str) -> str:
    return "" if samples is None else _told(samples, *_scaled(samples, unit))


def _figure(kind: Figure, spread: Mapping[str, float], unit: str) -> str:
    if kind.is_test:
        return f"p = {spread['median']:.2g}"
    if kind in _WORDS:
        return _told(spread, 1, _WORDS[kind])
    return _told(spread, *_scaled(spread, unit), sign="+" if kind is Figure.MORE else "")


def _target(kind: Figure, value: float | None, unit: str) -> str:
    if value is None:
        return ""
    bound = "at least" if kind.is_least else "at most"
    if kind.is_test:
        return f"p {bound} {value:g}"
    sign = "+" if kind is Figure.MORE else ""
    return f"{bound} {value:{sign}g} {_WORDS.get(kind, unit)}"


def _scaled(spread: Mapping[str, float], unit: str) -> tuple[float, str]:
    """The factor and the unit with which times are told: milliseconds if they are short."""
    return (1000, "ms") if unit == "s" and abs(spread["median"]) < 0.1 else (1, unit)


def _told(spread: Mapping[str, float], factor: float, unit: str, sign: str = "") -> str:
    texts = [_number(factor * spread[key], sign) for key in ("median", "min", "max")]
    told = f"{texts[0]} {unit}".rstrip()
    return f"{told} ({texts[1]} … {texts[2]})"


def _number(value: float, sign: str) -> str:
    return f"{value:{sign}.3g}" if abs(value) < 1000 else f"{value:{sign}.0f}"


def to_markdown(results: Mapping[str, Any]) -> str:
    """The machine and the table, as they stand in README.md."""
    machine = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    lines = [
        f"Size `{results['size']}`, {results['rounds']} rounds, on: {machine}.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|---" * len(COLUMNS) + "|",
        *(f"| {' | '.join(cells(row))} |" for row in results["rows"]),
    ]
    return "\n".join(lines) + "\n"


def with_table(page: str, results: Mapping[str, Any]) -> str:
    """The page with the results in the table's place."""
    return _PLACE.sub(lambda match: match[1] + to_markdown(results) + match[2], page)


def print_table(results: Mapping[str, Any]) -> None:
    """Show the table on standard output."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*COLUMNS)
    for row in results["rows"]:
        table.add_row(*cells(row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    console.print(table)
