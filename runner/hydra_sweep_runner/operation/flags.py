"""Flags by dotted name, and which flags of a run were given by an override or a sweep."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Literal, TypeAlias

from hydra_sweep_runner.model import Flags, Value
from hydra_sweep_runner.operation.values import canonical, same


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"


#: In the place of a value: there is no such flag. (A flag that is null has None.)
MISSING: Literal[Missing.MISSING] = Missing.MISSING

#: Maps the names of what differs to their values before and after.
Differences: TypeAlias = "Mapping[str, tuple[Value | Missing, Value | Missing]]"

#: A line shows all flags if there are at most this many.
MOST_FLAGS = 8


def dotted(prefix: str, key: object) -> str:
    """The name of the flag `key` under `prefix` (empty at the top).

    A key that contains a dot is put in brackets, so that no two flags share a name.
    """
    text = str(key)
    if "." in text or "[" in text or text == "":
        return f"{prefix}[{text}]"
    return f"{prefix}.{text}" if prefix else text


def covered_by(name: str, given: str) -> bool:
    """Whether setting `given` sets the flag `name`: they are the same, `name` is below `given`, or
    `given` is an element of the list `name`."""
    return (
        name == given
        or name.startswith((f"{given}.", f"{given}["))
        or (given[-1:].isdecimal() and given.rpartition(".")[0] == name)
    )


def repeats_flag(name: str, value: Value, flags: Flags) -> bool:
    """Whether a scalar merely repeats a flag of its name, as it does where a program prints its
    configuration: `optimizer.lr` is printed as `lr: 0.1`."""
    return any(
        (flag == name or flag.endswith(f".{name}")) and same(held, value)
        for flag, held in flags.items()
    )


def given_flags(flags: Flags, given: Iterable[str]) -> dict[str, Value]:
    """The flags that the names in `given` set, in the order of `given`.

    A name that is not a flag, such as a config group, is skipped.
    """
    return {
        name: value for asked in given for name, value in flags.items() if covered_by(name, asked)
    }


#: The config group that chooses the operation. It is not shown among a run's flags, because
#: the operation is shown in a place of its own.
OPERATION_GROUP = "operation"


def repeat_name(flags: Flags) -> str:
    """The name under which the number among repeats stands beside these flags: `repeat`, unless
    that is a flag's."""
    return "run.repeat" if "repeat" in flags else "repeat"


def node_of(group: str) -> str:
    """The node where a group's configs put their entries, as far as the group's name says: `db` for
    `db`, `model.encoder` for `model/encoder`, `source` for `db@source`."""
    name, at, package = group.partition("@")
    return package if at else name.replace("/", ".")


def shown_choices(
    choices: Mapping[str, Value], given: Collection[str], also: Collection[str] = ()
) -> Mapping[str, Value]:
    """The choices that stand for the flags below their nodes: those that were `given` by an
    override or a sweep, and those among `also`, the names that distinguish runs. The others were
    made by the defaults list."""
    if not choices:
        return choices
    return {group: choice for group, choice in choices.items() if group in given or group in also}


def as_chosen(
    flags: Flags,
    choices: Mapping[str, Value],
    given: Iterable[str] = (),
    varying: Iterable[str] | None = None,
) -> Mapping[str, Value]:
    """The flags as they are shown: a chosen config group (`model=resnet`) replaces the flags below
    its node.

    Flags that were `given` themselves stay. A group whose node has no flags, as an experiment's,
    comes first; it is shown only if it is among `varying`, the names that distinguish the runs
    (None: all).
    """
    named = None if varying is None else tuple(varying)
    groups = tuple(name for name in choices if name != OPERATION_GROUP or (named and name in named))
    if not groups:
        return flags
    names = _in_place(tuple(flags), groups, tuple(given), named)
    return {name: choices[group] if group else flags[name] for name, group in names}


def replaced(
    flags: Flags, choices: Mapping[str, Value], given: Iterable[str] = ()
) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The flags that `as_chosen` replaces, each with the group that stands in its place, and all
    groups that have such flags below their nodes."""
    groups = tuple(name for name in choices if name != OPERATION_GROUP)
    return _replaced(tuple(flags), groups, tuple(given)) if groups else ({}, ())


def named(shown: Mapping[str, Value], names: Iterable[str]) -> dict[str, Value]:
    """The shown entries with these names, in the names' order: the entry itself or, if there is
    none, the entries below it."""
    found: dict[str, Value] = {}
    for name in names:
        found |= {name: shown[name]} if name in shown else given_flags(shown, [name])
    return found


def agreed(several: Iterable[Mapping[str, Value]]) -> dict[str, Value]:
    """The entries that all of the mappings have, with the same value; none if there is no
    mapping."""
    mappings = iter(several)
    found = dict(next(mappings, {}))
    for one in mappings:
        if not found:
            break
        found = {n: value for n, value in found.items() if n in one and same(value, one[n])}
    return found


def fitting(shown: Mapping[str, Value], told: Iterable[str]) -> Mapping[str, Value]:
    """The entries that a line or a table has room for: all if there are at most eight, else those
    with the names in `told`, in the order of these names."""
    return shown if len(shown) <= MOST_FLAGS else named(shown, told)


@lru_cache(maxsize=256)
def _in_place(
    flags: tuple[str, ...],
    groups: tuple[str, ...],
    given: tuple[str, ...],
    varying: tuple[str, ...] | None,
) -> tuple[tuple[str, str], ...]:
    """The names to show for the flags, in order, each with its config group, or an empty text if
    the name is a flag."""
    nodes = {group: node_of(group) for group in groups}
    own = [name for name in given if name not in groups]
    placed: dict[str, str] = {}
    shown: dict[str, str] = {}
    for flag in flags:
        group = next((group for group, node in nodes.items() if covered_by(flag, node)), "")
        if group:
            shown[group] = placed[group] = group
        if not group or any(covered_by(flag, name) for name in own):
            shown.setdefault(flag, "")
    first = {
        group: group
        for group in groups
        if group not in placed and (varying is None or group in varying)
    }
    return tuple({**first, **shown}.items())


@lru_cache(maxsize=256)
def _replaced(
    flags: tuple[str, ...], groups: tuple[str, ...], given: tuple[str, ...]
) -> tuple[Mapping[str, str], tuple[str, ...]]:
    shown = dict(_in_place(flags, groups, given, None))
    above = {
        flag: [group for group in groups if covered_by(flag, node_of(group))]
        for flag in flags
        if flag not in shown
    }
    having = tuple(group for group in groups if any(group in some for some in above.values()))
    return {flag: some[0] for flag, some in above.items()}, having


def differences(before: Flags, after: Flags) -> Differences:
    """The flags that differ, in the order of `after`, followed by those that only `before` has.

    Values are compared as trials' flags are: 1 equals 1.0, but not true. A flag that is not there
    on one side has MISSING there.
    """
    names = [*after, *(name for name in before if name not in after)]
    return {
        name: (before.get(name, MISSING), after.get(name, MISSING))
        for name in names
        if (name in before) != (name in after) or canonical(before[name]) != canonical(after[name])
    }


def flatten(tree: Mapping[str, Value], prefix: str = "") -> dict[str, Value]:
    """The leaves of nested flags by dotted name, in their order; an empty dict is a leaf."""
    flat: dict[str, Value] = {}
    for key, value in tree.items():
        name = dotted(prefix, key)
        if isinstance(value, dict) and value:
            flat.update(flatten(value, name))
        else:
            flat[name] = value
    return flat
