"""Flags that a run was given at an earlier start and that its configuration no longer has.

A restart composes with what the run was given before. If the project's YAML has lost such a flag,
`~name` takes back what was given, although there is no flag to delete.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from hydra_sweep_runner.compose.composer import Composer
from hydra_sweep_runner.compose.overrides import is_sweep, name_in, parse_override
from hydra_sweep_runner.compose.single_values import single_values
from hydra_sweep_runner.errors import Mistake, NotTaken, UnknownFlag
from hydra_sweep_runner.model import Run
from hydra_sweep_runner.terminal.render import escape, short

if TYPE_CHECKING:
    from hydra_sweep_runner.commands.start.composing import Composing, Typed


def take_back(composing: Composing, run: Run, typed: Typed) -> Composing:
    """Without the deletions of what the run was given before and the configuration does not have:
    there is nothing left to delete. Raises Mistake."""
    deletions = _deletions(run, typed)
    if not deletions:
        return composing
    absent = {text for text in gone_flags(composing).values() if text in deletions}
    kept = tuple(text for text in composing.task if text not in absent)
    return replace(composing, task=kept)


def take_back_choices(
    composer: Composer, task: Sequence[str], run: Run, typed: Typed
) -> tuple[str, ...]:
    """The overrides without deletions of choices that the run made before, in config groups that
    the defaults list no longer has. Raises Mistake."""
    deletions = [text for text in _deletions(run, typed) if composer.is_group(name_in(text))]
    if not deletions:
        return tuple(task)
    others = [text for text in task if text not in deletions]
    known = composer.choices([text for text in others if not is_sweep(text)])
    return tuple(text for text in task if text in others or name_in(text) in known)


def _deletions(run: Run, typed: Typed) -> list[str]:
    """The typed deletions of what the run was given before."""
    before = {name_in(text) for text in run.recipe.task}
    return [
        text for text in typed.task if parse_override(text).is_delete() and name_in(text) in before
    ]


def gone_flags(composing: Composing) -> dict[str, str]:
    """The overrides, by the names of their flags, whose flags the configuration does not have,
    whichever of the swept configs is chosen; those found so far if something else is wrong."""
    found = [_gone_from(composing, combination) for combination in _combinations(composing)]
    names = [name for name in found[0] if all(name in other for other in found)]
    given = {name_in(text): text for text in composing.task}
    return {name: given[name] for name in names if name in given}


def added_before(mistake: Mistake, run: Run, typed: Typed) -> list[str]:
    """The flags that what is run does not take and that an earlier start added, with `+` or
    `++`."""
    names = mistake.names if isinstance(mistake, NotTaken) else ()
    now = {name_in(text) for text in typed.task}
    added = {name_in(text) for text in run.recipe.task if text.startswith("+")} - now
    return [name for name in names if name in added]


def without_flags(texts: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """The overrides of all other flags."""
    left_out = set(names)
    return tuple(text for text in texts if name_in(text) not in left_out)


def taking_back(names: Iterable[str]) -> str:
    """The words that take flags back, as they are typed in a shell; each after white space."""
    return "".join(f" {shlex.quote(f'~{name}')}" for name in names)


@contextmanager
def naming_taken_back(run: Run, typed: Typed, composing: Composing) -> Iterator[None]:
    """Say of an unknown flag that the run was given it before, if it was, and how that and all
    others of its kind are taken back."""
    try:
        yield
    except UnknownFlag as mistake:
        before = {name_in(text) for text in run.recipe.task}
        remembered = before - {name_in(text) for text in typed.task}
        gone = {n: text for n, text in gone_flags(composing).items() if n in remembered}
        if mistake.name not in gone:
            raise
        given = escape(" ".join(gone.values()))
        which = "it" if len(gone) == 1 else "them"
        near = f" ({mistake.near})" if mistake.near else ""
        raise Mistake(
            f"{given}: given to {short(run.id)} at an earlier start, but there is no flag "
            f"{escape(' or '.join(gone))} any more{near}; to take {which} back:{taking_back(gone)}"
        ) from mistake


def _combinations(composing: Composing) -> list[list[str]]:
    """Overrides of one value each: one list for every config of every swept group, and at least
    one."""
    choices = [single_values(text, composing.groups) for text in composing.task]
    firsts = [values[0] for values in choices]
    found = [firsts]
    for place, text in enumerate(composing.task):
        if is_sweep(text) and composing.composer.is_group_choice(text):
            found += [[*firsts[:place], one, *firsts[place + 1 :]] for one in choices[place][1:]]
    return found


def _gone_from(composing: Composing, overrides: Sequence[str]) -> list[str]:
    """The names of the overrides that a combination has no flag for."""
    left, names = list(overrides), list[str]()
    while True:
        try:
            composing.compose(left)
        except UnknownFlag as mistake:
            if mistake.override not in left:
                return names
            left.remove(mistake.override)
            names.append(name_in(mistake.override))
        except Mistake:
            return names
        else:
            return names
