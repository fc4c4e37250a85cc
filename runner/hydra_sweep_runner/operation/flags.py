"""Flags by name: dotted names, and which of a run's flags were given by somebody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
