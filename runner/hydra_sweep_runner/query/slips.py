"""What is written in other languages, or as people say it, and how it is written here."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from hydra_sweep_runner.operation.duration import read_seconds
from hydra_sweep_runner.query.conditions import JOINED, NEGATED

#: A longer expression is not given back with what is wrong in it put right.
_MOST_GIVEN_BACK = 200

_PART = "a part of a text is looked for with in"
_COMPARED = "values are compared with ==, <= and >="
_LIKE = r"=~|!~|~|(?i:(?:not\s+)?(?:i?like|contains|matches|regexp|startswith|endswith))\b"
#: What other languages write, at the place where Python's parser stops.
_OTHER = (
    (re.compile(r"&&|\|\||(?<=&)&|(?<=\|)\|"), JOINED),
    (re.compile(r"<>|(?<=<)>"), "values differ with !="),
    (re.compile(r"="), _COMPARED),
    (re.compile(r"!(?!=)"), NEGATED),
    (
        re.compile(r"(?!(?:and|or|not|in)\b)(?i:and|or|not|in)\b"),
        "and, or, not and in are written in small letters",
    ),
)
_LOOKS_FOR_PART = re.compile(_LIKE)
_NAME = r"[A-Za-z_][\w.]*"
#: `data like 'dig%'`, with the text perhaps without quotes.
_PART_OF_NAME = re.compile(rf"({_NAME})\s*({_LIKE})\s*(?:'([^']*)'|\"([^\"]*)\"|([\w.%*-]+))")
#: What surrounds the part that a pattern looks for.
_AROUND_PART = re.compile(r"^(?:\^|\.\*|[%*])+|(?:\$|\.\*|[%*])+$")
_PLAIN_TEXT = re.compile(r"[\w .:/@+-]+")
_METHODS = ("contains", "startswith", "endswith", "like", "match")

#: A text in quotes; one without its end reaches to the end.
_QUOTED = r"'(?:\\.|[^'\\])*(?:'|\\?$)|\"(?:\\.|[^\"\\])*(?:\"|\\?$)"
#: `= value` as other languages compare, with the value perhaps as a shell has left it.
_EQUALS = re.compile(rf"{_QUOTED}|\s*(?<![=<>!~:])=(?![=~<>])\s*([\w.+-]+)?")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
#: A date, perhaps with a time, or a month with a leading zero, which no number has.
_DATE = re.compile(
    rf"{_QUOTED}|(?<![\w.])(\d{{4}}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
    r"(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?|\d{4}-0[1-9])(?![\w.-])",
    re.ASCII,
)
_UNITS = {
    **dict.fromkeys(("seconds", "second", "secs", "sec", "s"), "s"),
    **dict.fromkeys(("minutes", "minute", "mins", "min", "m"), "m"),
    **dict.fromkeys(("hours", "hour", "hrs", "hr", "h"), "h"),
    **dict.fromkeys(("days", "day", "d"), "d"),
}
_ONE_TIME = rf"(\d+(?:\.\d+)?)\s*({'|'.join(_UNITS)})"
#: Numbers with a unit of time after each, `1h30m`.
_TIME = re.compile(rf"{_QUOTED}|(?<![\w.])(?:{_ONE_TIME}\s*)+(?![\w.(])", re.ASCII)
#: What begins as a number and ends as a word, where a value stands.
_MIXED = re.compile(
    rf"{_QUOTED}|(?<=[=<>,\[])(\s*)(?!\d[\d.]*[eE][-+]?\d+\b|0[xXoObB])(\d[\d.]*[A-Za-z]\w*)",
    re.ASCII,
)


def date_in_quotes(text: str) -> str | None:
    """That a date stands in quotes, with the expression as it is then; None if no date stands
    without them. Most dates are arithmetic in Python: 2026-11-29 is 1986."""
    changed, dates = _replaced(_DATE, text, lambda date: f"'{date[1].replace(' ', 'T')}'")
    if not dates:
        return None
    return f"a date stands in quotes: {changed if len(changed) <= _MOST_GIVEN_BACK else dates[0]}"


def explain(text: str, place: int, parses: Callable[[str], bool]) -> tuple[int, str] | None:
    """What is written instead of what Python's parser refuses at this place in the text, and the
    place that is meant; None for anything that is not known. `parses` tells whether a text is an
    expression."""
    if _LOOKS_FOR_PART.match(text, place):
        return place, part_of(text)
    for form, why in _OTHER:
        if form.match(text, place):
            return place, why + _completed(why, text, parses)
    return _with_unit(text, parses)


def part_of(text: str) -> str:
    """How a part of a text is looked for: for `data like 'dig%'` with `'dig' in data`."""
    found = _PART_OF_NAME.search(text) if len(text) <= _MOST_GIVEN_BACK else None
    if found is not None:
        part = _AROUND_PART.sub("", found[3] or found[4] or found[5] or "")
        if _PLAIN_TEXT.fullmatch(part):
            relation = "not in" if found[2].lower().startswith(("!", "not")) else "in"
            return f"{_PART}: '{part}' {relation} {found[1]}"
    return f"{_PART}: 'part' in name"


def part_by_method(node: ast.Call) -> str | None:
    """The same for `data.contains('dig')`; None for any other call."""
    function = node.func
    if not isinstance(function, ast.Attribute) or function.attr not in _METHODS:
        return None
    name = ast.unparse(function.value).removesuffix(".str")
    return part_of(f"{name} like {ast.unparse(node.args[0])}" if node.args else "")


def _completed(why: str, text: str, parses: Callable[[str], bool]) -> str:
    """`: lr == 1 and opt == 'adam'` for `lr=1 and opt=adam`; empty if that is no expression."""
    if why != _COMPARED or len(text) > _MOST_GIVEN_BACK:
        return ""
    changed, _ = _replaced(_EQUALS, text, lambda sign: f" == {_as_constant(sign[1] or '')}")
    return f": {changed}" if parses(changed) else ""


def _as_constant(word: str) -> str:
    """A value without quotes as it stands in an expression; nothing stays nothing."""
    is_constant = word in ("", "true", "false", "null", "True", "False", "None", "nan", "inf")
    return word if is_constant or _NUMBER.fullmatch(word) else f"'{word}'"


def _with_unit(text: str, parses: Callable[[str], bool]) -> tuple[int, str] | None:
    """That durations are numbers of seconds, `duration > 60` for `duration > 1m`; for another name
    that what begins as a number and is none is a text."""
    if len(text) > _MOST_GIVEN_BACK:
        return None
    if "duration" in text:
        changed, _ = _replaced(_TIME, text, _in_seconds)
        if changed != text and parses(changed):
            return _first(_TIME, text), f"duration is in seconds: {changed}"
        return None
    changed, words = _replaced(_MIXED, text, lambda word: f"{word[1]}'{word[2]}'")
    if words and parses(changed):
        word = words[0].strip()
        why = f"{word} is no number, and a text stands in quotes: {changed}"
        return text.index(word, _first(_MIXED, text)), why
    return None


def _in_seconds(time: re.Match[str]) -> str:
    parts = re.findall(_ONE_TIME, time[0])
    seconds = [read_seconds(number + _UNITS[unit]) or 0 for number, unit in parts]
    return f"{sum(seconds):.15g}{' ' if time[0][-1].isspace() else ''}"


def _replaced(
    form: re.Pattern[str], text: str, change: Callable[[re.Match[str]], str]
) -> tuple[str, list[str]]:
    """The text with what has the form changed, outside of quotes, and what had it. The form has
    quoted texts as an alternative, so that nothing is found inside."""
    found = []

    def put(match: re.Match[str]) -> str:
        if match[0][0] in "'\"":
            return match[0]
        found.append(match[0])
        return change(match)

    return form.sub(put, text), found


def _first(form: re.Pattern[str], text: str) -> int:
    """Where the first match outside of quotes begins."""
    return next(m.start() for m in form.finditer(text) if m[0][0] not in "'\"")
