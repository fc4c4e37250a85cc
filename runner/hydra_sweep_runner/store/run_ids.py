"""Run ids, and what may be typed for one: a unique prefix of at least four digits, or `last` and
`last:batch`, the newest run or trial and the newest batch. `observed.ObservedRuns.resolve` finds
them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from hydra_sweep_runner.errors import AmbiguousRun, Mistake, UnknownRun

_ID = re.compile(r"[0-9a-f]{32}")
_DIGITS = re.compile(r"[0-9a-fA-F]+")
_FEWEST_DIGITS = 4
_SHORT_DIGITS = 8
_MOST_SHOWN = 4


#: Words to use instead of the id of the newest run or trial, and of the newest batch.
LAST, LAST_BATCH = "last", "last:batch"


def is_id(name: str) -> bool:
    """Whether the name is a whole run id: exactly 32 lower-case hexadecimal digits."""
    return _ID.fullmatch(name) is not None


def may_be_id(text: str) -> bool:
    """Whether a word can be typed for a run: digits enough, `last` or `last:batch`."""
    is_prefix = _DIGITS.fullmatch(text) is not None and len(text) >= _FEWEST_DIGITS
    return is_prefix or text in (LAST, LAST_BATCH)


def check_one(text: str) -> None:
    """Raise Mistake for ids with commas between them, where several may be given."""
    words = [word for word in text.split(",") if word]
    if "," in text and words and all(map(may_be_id, words)):
        raise Mistake(f"{text!r} is not a run id: ids have blanks between them: {' '.join(words)}")


def parse_prefix(text: str) -> str:
    """The typed prefix of an id, in lower case. Raises Mistake."""
    if _DIGITS.fullmatch(text) is None:
        in_path = [part for part in text.split("/") if is_id(part)]
        if in_path:
            raise Mistake(f"{text!r} is a path, not a run id: give {in_path[-1][:_SHORT_DIGITS]}")
        if "," in text and all(map(may_be_id, text.split(","))):
            raise Mistake(f"{text!r} is not a run id but several: give one of them")
        raise Mistake(
            f"{text!r} is not a run id: an id is hexadecimal digits, or {LAST} (the newest run or "
            f"trial), or {LAST_BATCH} (the newest batch)"
        )
    if len(text) < _FEWEST_DIGITS:
        raise Mistake(f"{text!r} is too short for a run id: give at least four of its digits")
    return text.lower()


def choose(prefix: str, ids: Iterable[str], store: Path) -> str:
    """The id that begins with `prefix`. Raises UnknownRun if there is none, AmbiguousRun if there
    are several."""
    found = sorted(name for name in ids if name.startswith(prefix))
    if not found:
        raise UnknownRun(
            f"no run begins with {prefix!r} in {store}; runner runs list shows which there are"
        )
    if len(found) > 1:
        length = _distinct_length(found)
        shown = ", ".join(name[:length] for name in found[:_MOST_SHOWN])
        more = f" and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
        raise AmbiguousRun(
            f"{len(found)} runs begin with {prefix!r} in {store}: {shown}{more}; give more digits"
        )
    return found[0]


def _distinct_length(ids: list[str]) -> int:
    length = _SHORT_DIGITS
    while len({name[:length] for name in ids}) < len(ids):
        length += 1
    return length
