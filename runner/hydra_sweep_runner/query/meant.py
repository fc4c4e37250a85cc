"""What may have been meant by an expression that has an unknown name, or selects nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from hydra_sweep_runner.query.evaluate import Subject, value_of
from hydra_sweep_runner.query.tree import (
    Arithmetic,
    ComparisonChain,
    Constant,
    Expression,
    Items,
    Name,
    Relation,
    Scope,
    walk,
)

_MOST_VALUES = 8
# Texts with more characters, as times have, are fewer.
_LONG = 24
_MOST_LONG = 3

#: How the words of expressions are called elsewhere, in small letters.
_WORDS = {
    **dict.fromkeys(("true", "yes", "on"), "true"),
    **dict.fromkeys(("false", "no", "off"), "false"),
    **dict.fromkeys(("null", "none", "nil", "undefined"), "null"),
}


def one_name(expression: Expression, subjects: Sequence[Subject]) -> tuple[str, str] | None:
    """A name with `-` or `/` in it that was written without quotes, `batch-size`, as it has to be
    written: `flag["batch-size"]`. None if there is none, or if its parts are names, too."""
    for part in walk(expression):
        text = _joined(part) if isinstance(part, Arithmetic) else None
        if text is None:
            continue
        names = [name.name for name in walk(part) if isinstance(name, Name)]
        if all(_scope(name, subjects) is not None for name in names):
            continue
        scope = _scope(text, subjects)
        if scope is not None:
            return text, f'{scope.value}["{text}"]'
    return None


def quoted(name: Name, expression: Expression, subjects: Sequence[Subject]) -> str | None:
    """The comparison of a name that no run has, as a text in quotes: `status == 'error'` for
    `status == error`, and `'good' in tags` for `tags == good`, as tags are a list. None if it is
    not compared with a name that has texts."""
    for left, relation, right in _comparisons(expression):
        for one, other in ((left, right), (right, left)):
            if other == name and isinstance(one, Name) and is_list(one, subjects):
                return in_list(one.name, relation, name.name)
        if right == name and isinstance(left, Name) and texts_of(left, subjects):
            return f"{left.name} {relation} '{name.name}'"
        if left == name and isinstance(right, Name) and texts_of(right, subjects):
            return f"'{name.name}' {relation} {right.name}"
    return None


def word_for(name: Name, expression: Expression) -> str | None:
    """For a name as other languages call true, false and null: `the words are true and false: amp
    == true`, for `amp == yes`. None for any other name."""
    word = _WORDS.get(name.name.lower())
    if word is None or name.scope not in (Scope.ANY, Scope.FLAG):
        return None
    meant = word
    for left, relation, right in _comparisons(expression):
        if right == name and isinstance(left, Name):
            meant = f"{left.name} {relation} {word}"
        elif left == name and isinstance(right, Name):
            meant = f"{word} {relation} {right.name}"
    there_are = "the word is null" if word == "null" else "the words are true and false"
    return there_are if meant == "null" else f"{there_are}: {meant}"


def unlike_kinds(expression: Expression, subjects: Sequence[Subject]) -> Iterator[tuple[str, str]]:
    """For each text, number or truth that a name is compared with, while the subjects have nothing
    of that kind there, so that the comparison holds for none: the name, and what there is instead,
    `lr has numbers, written without quotes: 0.01, 0.1`."""
    for left, relation, right in _comparisons(expression):
        for one, other in ((left, right), (right, left)):
            if not isinstance(one, Name) or relation in ("!=", "not in"):
                continue
            for item in other.items if isinstance(other, Items) else (other,):
                value = item.value if isinstance(item, Constant) else None
                there = None if value is None else _of_other_kind(one, value, subjects)
                if there is not None:
                    yield one.name, f"{one.name} has {there}"


def _of_other_kind(
    name: Name, wanted: bool | float | str, subjects: Sequence[Subject]
) -> str | None:
    """What the subjects have under a name, if nothing of it is of the kind of a value."""
    truths: dict[str, None] = {}
    numbers: set[float] = set()
    for subject in subjects:
        value = value_of(name, subject)
        for item in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(item, bool):
                truths["true" if item else "false"] = None
            elif isinstance(item, (int, float)):
                numbers.add(item)
    texts = texts_of(name, subjects)
    has = {bool: bool(truths), str: bool(texts)}
    if has.get(type(wanted), bool(numbers)) or not (truths or numbers or texts):
        return None
    typed = str(wanted)
    how = ", written without quotes" if isinstance(wanted, str) else ""
    if truths:
        return f"{' and '.join(sorted(truths, reverse=True))}{how}"
    if numbers:
        return f"numbers{how}: {_listed(typed, [f'{each}' for each in sorted(numbers)])}"
    quoted_texts = [f"'{each}'" for each in sorted(texts)]
    return f"texts, written in quotes: {_listed(typed, quoted_texts)}"


def values_for_lists(expression: Expression, subjects: Sequence[Subject]) -> Iterator[str]:
    """For each text or number that a list is compared with: the condition that was meant."""
    for left, relation, right in _comparisons(expression):
        for one, other in ((left, right), (right, left)):
            value = other.value if isinstance(other, Constant) else None
            if relation != "==" or value is None or not isinstance(one, Name):
                continue
            if is_list(one, subjects):
                yield in_list(one.name, relation, value)


def is_list(name: Name, subjects: Sequence[Subject]) -> bool:
    """Whether the subjects have lists under a name, and nothing else."""
    values = [value for subject in subjects if (value := value_of(name, subject)) is not None]
    return bool(values) and all(isinstance(value, (list, tuple)) for value in values)


def in_list(name: str, relation: Relation, value: bool | float | str) -> str:
    """`'good' in tags`, or `not in` for what is not to be equal."""
    shown = f"'{value}'" if isinstance(value, str) else str(value)
    shown = shown.lower() if isinstance(value, bool) else shown
    return f"{shown} {'not in' if relation in ('!=', 'not in') else 'in'} {name}"


def texts_that_none_has(
    expression: Expression, subjects: Sequence[Subject]
) -> Iterator[tuple[str, str, Sequence[str]]]:
    """For each text that a name is compared with and that no subject has there: the name, the text,
    and the texts that there are instead."""
    for left, relation, right in _comparisons(expression):
        for one, other in ((left, right), (right, left)):
            if not isinstance(one, Name) or relation not in ("==", "in"):
                continue
            wanted = other.items if isinstance(other, Items) else (other,)
            known = texts_of(one, subjects)
            for item in wanted:
                text = item.value if isinstance(item, Constant) else None
                if isinstance(text, str) and known and text not in known:
                    yield one.name, text, known


def texts_of(name: Name, subjects: Sequence[Subject]) -> list[str]:
    """The texts that the subjects have under a name, in order of appearance; the elements of
    lists, too."""
    found: dict[str, None] = {}
    for subject in subjects:
        value = value_of(name, subject)
        for item in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(item, str):
                found[item] = None
    return list(found)


def instead(name: str, text: str, known: Sequence[str]) -> str:
    """`status has: completed, error`: what there is, the most similar first."""
    return f"{name} has: {_listed(text, sorted(known))}"


def _listed(text: str, known: Sequence[str]) -> str:
    """The known texts in their order, after those that are most similar."""
    near = get_close_matches(text, known, n=_MOST_VALUES, cutoff=0.5)
    ordered = list(dict.fromkeys([*near, *known]))
    most = _MOST_LONG if max(map(len, ordered), default=0) > _LONG else _MOST_VALUES
    more = ", …" if len(ordered) > most else ""
    return f"{', '.join(ordered[:most])}{more}"


def _comparisons(expression: Expression) -> Iterator[tuple[Expression, Relation, Expression]]:
    for part in walk(expression):
        if isinstance(part, ComparisonChain):
            left = part.first
            for relation, right in part.rest:
                yield left, relation, right
                left = right


def _joined(expression: Expression) -> str | None:
    """Names, perhaps numbers, with `-` and `/` between them, as one name; else None."""
    match expression:
        case Name(Scope.ANY | Scope.FLAG, name):
            return name
        case Constant(value) if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        case Arithmetic("-" | "/" as sign, left, right):
            one, other = _joined(left), _joined(right)
            return None if one is None or other is None else f"{one}{sign}{other}"
    return None


def _scope(name: str, subjects: Sequence[Subject]) -> Scope | None:
    """Whether a name is a flag's or a scalar's; None if it is neither."""
    if any(name in subject.flags for subject in subjects):
        return Scope.FLAG
    return Scope.SCALAR if any(name in subject.scalars for subject in subjects) else None
