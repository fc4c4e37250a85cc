"""The arguments that a parser takes by their place, without a name, as flags. Pure.

They stand behind all options and a `--`, in the order in which the source declares them, so that
no option takes one of them for its value.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.script.parser_source import UNKNOWN

# How many arguments a place takes, as a regular expression over one letter an argument.
_TAKES = {None: "A", "?": "A?", "*": "A*", "+": "A+"}
_STORES = (None, "store")


@dataclass(frozen=True, kw_only=True)
class Place:
    """An argument without a name: how many values it takes (argparse's `nargs`), its default as
    the source shows it, and the name of its type."""

    name: str
    nargs: int | str | None = None
    default: Any = None
    type: str | None = None

    @property
    def takes(self) -> str:
        """The numbers of arguments that it takes, as a regular expression."""
        return f"A{{{self.nargs}}}" if isinstance(self.nargs, int) else _TAKES[self.nargs]

    def check_number(self, script: str, number: int, written: str) -> None:
        """Raise Mistake for another number of values than it takes."""
        if re.fullmatch(self.takes, "A" * number) is None:
            what = f"{self.nargs} values"
            if not isinstance(self.nargs, int):
                what = "at least one value" if self.nargs == "+" else "one value"
            raise Mistake(f"{self.name}={written}: {script} takes {what} of {self.name}")


def argparse_place(call: ast.Call, name: str) -> Place | None:
    """The place that `add_argument(name, …)` declares; None if its values cannot be given for
    certain (`argparse.REMAINDER`, an action of the script's own)."""
    words = {word.arg: word.value for word in call.keywords}
    nargs = _literal(words.get("nargs"))
    is_known = nargs in ("?", "*", "+", None) or (isinstance(nargs, int) and nargs > 0)
    if not is_known or None in words or _literal(words.get("action")) not in _STORES:
        return None
    default = _literal(words.get("default"))
    return Place(name=name, nargs=nargs, default=default, type=_type(words.get("type")))


def click_place(call: ast.Call, name: str) -> Place | None:
    """The place that `click.argument(name, …)` declares; None if it is unclear."""
    words = {word.arg: word.value for word in call.keywords}
    nargs, required = _literal(words.get("nargs")), _literal(words.get("required"))
    default = _literal(words.get("default"))
    if UNKNOWN in (nargs, required) or None in words:
        return None
    if nargs in (None, 1):
        optional = required is False or (required is None and default is not None)
        return Place(name=name, nargs="?" if optional else None, default=default)
    if nargs == -1:
        return Place(name=name, nargs="+" if required else "*", default=default)
    return Place(name=name, nargs=nargs) if isinstance(nargs, int) else None


def places_of(
    tree: ast.AST,
    calls: Iterable[tuple[ast.Call, str]],
    read: Callable[[ast.Call, str], Place | None],
) -> tuple[Place, ...]:
    """The places that these calls declare, each with its name, in the order of the source; none
    if one of them is unclear, or is declared under a condition."""
    conditional = {
        id(below)
        for node in ast.walk(tree)
        if isinstance(node, (ast.For, ast.While, ast.Try, ast.If)) and not _is_guard(node)
        for below in ast.walk(node)
    }
    found: list[Place] = []
    for call, name in sorted(calls, key=lambda each: (each[0].lineno, each[0].col_offset)):
        place = read(call, name)
        if place is None or id(call) in conditional:
            return ()
        found.append(place)
    return tuple(found) if len({each.name for each in found}) == len(found) else ()


def check_given(script: str, places: Sequence[Place], names: Collection[str]) -> None:
    """Raise Mistake if a place before one of these flags has no flag: its value would be taken for
    that of the other."""
    last = max((n for n, place in enumerate(places) if place.name in names), default=-1)
    missing = [place.name for place in places[:last] if place.name not in names]
    if missing:
        raise Mistake(
            f"{script} takes {', '.join(missing)} by place, before {places[last].name}: the "
            f"configuration needs a flag {missing[0]}"
        )


def check_order(script: str, given: Iterable[tuple[Place, int]]) -> None:
    """Raise Mistake for numbers of values that the parser would hand out otherwise: each place
    takes as many as it can."""
    places = list(given)
    pattern = "".join(f"({place.takes})" for place, _ in places)
    found = re.fullmatch(pattern, "A" * sum(number for _, number in places))
    if found is None or [len(group) for group in found.groups()] != [n for _, n in places]:
        names = ", ".join(place.name for place, _ in places)
        raise Mistake(
            f"{script} takes {names} by place, and would take the values of one for another's: "
            "give those before it, too"
        )


def _is_guard(node: ast.stmt) -> bool:
    """Whether it is `if __name__ == "__main__":`."""
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def _type(node: ast.expr | None) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def _literal(node: ast.expr | None) -> Any:
    try:
        return None if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError):
        return UNKNOWN
