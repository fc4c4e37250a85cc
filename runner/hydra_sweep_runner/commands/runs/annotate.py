"""`runner runs label`, `tag` and `note`: changes what is recorded beside a run's identity."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Kind, Run, Value
from hydra_sweep_runner.store.runs import RunStore

#: Returns the run with a changed label, tags or note.
Change = Callable[[Run], Run]


def change_runs(store: RunStore, run_ids: Sequence[str], change: Change) -> int:
    """Change recorded runs; returns how many are different afterwards.

    Raises Busy, before any is changed, if one is running: only its owner may write its record.
    """
    for run_id in run_ids:
        with store.claim(run_id):
            store.read(run_id)
    changed = 0
    for run_id in run_ids:
        with store.claim(run_id):
            run = store.read(run_id)
            again = change(run)
            if again != run:
                store.write(again)
                changed += 1
    return changed


def labelled(text: str) -> Change:
    """Sets a run's label; an empty one removes it. A restart keeps the label."""
    label = text or None
    return lambda run: replace(run, label=label, options=_options(run, "label", label))


def tagged(add: Sequence[str], remove: Sequence[str]) -> Change:
    """Adds tags after a run's own, and removes tags. A restart keeps the tags."""

    def change(run: Run) -> Run:
        tags = dict.fromkeys([*run.tags, *add])
        kept = [tag for tag in tags if tag not in remove]
        return replace(run, tags=tuple(kept), options=_options(run, "tags", [*kept] or None))

    return change


def noted(text: str) -> Change:
    """Sets a run's note; an empty one removes it."""
    return lambda run: replace(run, note=text or None)


def parse_tags(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The tags to add and to remove, from `+A`, `+A,B` and `-C`; what is removed may also be a tag
    with a comma in it. Raises Mistake."""
    for word in words:
        if any(tag.startswith(("+", "-")) for tag in word[1:].split(",")[1:]):
            raise Mistake(f"runner runs tag: {word}: each sign begins a word: {_with_signs(word)}")
    add = [tag for word in words if word.startswith("+") for tag in word[1:].split(",")]
    gone = [word[1:] for word in words if word.startswith("-")]
    remove = list(dict.fromkeys(tag for text in gone for tag in (text, *text.split(","))))
    if not words:
        raise Mistake("runner runs tag: give +TAG to add a tag, -TAG to remove one")
    if "" in [*add, *remove]:
        raise Mistake("runner runs tag: a tag has a name: +TAG adds one, -TAG removes one")
    for tag in add:
        if tag in remove:
            raise Mistake(f"runner runs tag: {tag} is to be added and removed: give one of them")
    return add, remove


def _with_signs(word: str) -> str:
    """The tags of `+A,B,-C` as they are meant, `+A,B -C`: a sign holds until the next one."""
    pieces = word.split(",")
    words = pieces[:1]
    for piece in pieces[1:]:
        if piece.startswith(("+", "-")):
            words.append(piece)
        else:
            words[-1] += f",{piece}"
    return shlex.join(words)


def _options(run: Run, name: str, value: Value) -> Mapping[str, Value]:
    """The options that a restart remembers, with the present value of this one. Those of a trial
    are its batch's, and stay: by them the next start knows what was given by hand."""
    if run.kind is Kind.TRIAL:
        return run.options
    others = {option: given for option, given in run.options.items() if option != name}
    return others if value is None else {**others, name: value}
