"""Flags by name: dotted names, and which of a run's flags were given by somebody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from hydra_sweep_runner.model import Flags, Value
from hydra_sweep_runner.operation.values import canonical


def dotted(prefix: str, key: object) -> str:
    """The name of the flag `key` under `prefix` (empty at the top).

    A key that holds a dot itself stands in brackets, so that no two flags share a name.
    """
    text = str(key)
    if "." in text or "[" in text or text == "":
        return f"{prefix}[{text}]"
    return f"{prefix}.{text}" if prefix else text


def covered_by(name: str, given: str) -> bool:
    """Whether setting `given` sets the flag `name`: itself or a flag below it."""
    return name == given or name.startswith((f"{given}.", f"{given}["))


def given_flags(flags: Flags, given: Iterable[str]) -> dict[str, Value]:
    """The flags that the names in `given` set, in the order of `given`.

    A name that is no flag, as a config group is, gives nothing.
    """
    return {
        name: value for asked in given for name, value in flags.items() if covered_by(name, asked)
    }


#: The group that chooses what is run: it is no part of what is shown of a run's flags, as the
#: operation has a place of its own wherever runs are shown.
OPERATION_GROUP = "operation"


def node_of(group: str) -> str:
    """Where the configs of a group put their entries, as far as the group's name tells: `db`
    for `db`, `model.encoder` for `model/encoder`, `source` for `db@source`."""
    name, at, package = group.partition("@")
    return package if at else name.replace("/", ".")


def as_chosen(
    flags: Flags,
    choices: Mapping[str, Value],
    given: Iterable[str] = (),
    varying: Iterable[str] | None = None,
) -> Mapping[str, Value]:
    """The flags as people read them: each config group that was chosen stands as it was chosen
    (`model=resnet`), in the place of the flags below its node. Those that were `given`
    themselves stay. A group whose node has no flags, as an experiment's, comes first; it is
    shown where it is among `varying`, the names by which runs are told apart (None: all).
    """
    named = None if varying is None else tuple(varying)
    groups = tuple(name for name in choices if name != OPERATION_GROUP or (named and name in named))
    if not groups:
        return flags
    names = _in_place(tuple(flags), groups, tuple(given), named)
    return {name: choices[group] if group else flags[name] for name, group in names}


def named(shown: Mapping[str, Value], names: Iterable[str]) -> dict[str, Value]:
    """What stands under these names of what people see, in the names' order: a name's own
    entry or, where it has none, those below it."""
    found: dict[str, Value] = {}
    for name in names:
        found |= {name: shown[name]} if name in shown else given_flags(shown, [name])
    return found


@lru_cache(maxsize=256)
def _in_place(
    flags: tuple[str, ...],
    groups: tuple[str, ...],
    given: tuple[str, ...],
    varying: tuple[str, ...] | None,
) -> tuple[tuple[str, str], ...]:
    """What is shown in the place of flags, in order: names, each with itself where it is a
    group's."""
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


def differences(before: Flags, after: Flags) -> Mapping[str, tuple[Value | None, Value | None]]:
    """The flags that differ, in the order of `after` and then of what is gone.

    They differ as trials do: 1 and 1.0 are the same, 1 and true are not. A flag that is
    missing on one side has None there.
    """
    names = [*after, *(name for name in before if name not in after)]
    return {
        name: (before.get(name), after.get(name))
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
