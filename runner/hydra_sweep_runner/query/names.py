"""Checks the names in expressions: unknown names are a mistake, which lists the known ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.query.evaluate import Subject, has_name
from hydra_sweep_runner.query.meant import one_name, quoted, word_for
from hydra_sweep_runner.query.tree import ATTRIBUTES, Expression, Name, Scope, names_in

_MOST_LISTED = 40
_MOST_NEAR = 3
_WORDS = {Scope.ANY: "flag, scalar or attribute", Scope.FLAG: "flag", Scope.SCALAR: "scalar"}
_HOW_REPORTED = (
    "what is returned, report(loss=0.25), and a printed line with nothing but pairs in it, "
    "`loss: 0.25`; of other lines operation.scalars, a regular expression, takes them, but not in "
    "a Hydra program"
)


def check_names(
    expressions: Iterable[Expression],
    subjects: Sequence[Subject],
    *,
    one: str = "the one run that is meant has",
) -> None:
    """Raise Mistake if an expression has a name that none of the subjects has.

    Without subjects no names are known, so every name is accepted. `one` begins the message if
    there is a single subject.
    """
    if not subjects:
        return
    asked = {name: each for each in reversed(list(expressions)) for name in names_in(each)}
    for name, expression in asked.items():
        if any(has_name(name, subject) for subject in subjects):
            continue
        split = one_name(expression, subjects)
        if split is not None:
            raise Mistake(f"{split[0]} is read as arithmetic: as one name it is {split[1]}")
        raise Mistake(_unknown(name, expression, subjects, one))


def _unknown(name: Name, expression: Expression, subjects: Sequence[Subject], one: str) -> str:
    flags = list({flag: None for subject in subjects for flag in subject.flags})
    scalars = list({scalar: None for subject in subjects for scalar in subject.scalars})
    known = {
        Scope.ANY: [*flags, *scalars, *ATTRIBUTES],
        Scope.FLAG: flags,
        Scope.SCALAR: scalars,
    }[name.scope]
    near = _near(name.name, known)
    meant = f" (did you mean {' or '.join(near)}?)" if near else ""
    text, word = quoted(name, expression, subjects), word_for(name, expression)
    if text is not None:
        meant = f" (a text stands in quotes: {text})"
    elif word is not None and name.name not in known:
        meant = f" ({word})"
    there_are = []
    if name.scope in (Scope.ANY, Scope.FLAG):
        there_are.append(f"flags: {_listed(flags)}")
    if name.scope in (Scope.ANY, Scope.SCALAR):
        none = "" if scalars or near else f" ({_HOW_REPORTED})"
        there_are.append(f"scalars: {_listed(scalars)}{none}")
    if name.scope is Scope.ANY:
        there_are.append(f"attributes: {', '.join(ATTRIBUTES)}")
    count = len(subjects)
    said = f"none of the {count} runs has a" if count > 1 else f"{one} no"
    return f"{said} {_WORDS[name.scope]} {name.name}{meant}; {'; '.join(there_are)}"


def _near(name: str, known: Sequence[str]) -> list[str]:
    """The names that may be meant: those whose last part is the name, as in `val/loss` and
    `val_loss`, else the one that is spelt most alike, as a whole or in its last part."""
    leaves = [one for one in known if _last_part(one) == name]
    if leaves:
        return leaves[:_MOST_NEAR]
    alike = get_close_matches(name, known, n=1)
    if alike:
        return alike
    lasts: dict[str, str] = {}
    for one in known:
        lasts.setdefault(_last_part(one), one)
    return [lasts[last] for last in get_close_matches(name, lasts, n=1)]


def _last_part(name: str) -> str:
    return re.split("[./_-]", name)[-1]


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "none"
    more = len(names) - _MOST_LISTED
    shown = ", ".join(names[:_MOST_LISTED])
    return f"{shown} and {more} more" if more > 0 else shown
