"""Overrides that were meant to choose a config of a group, and choose none.

Hydra takes `+experimnt=fine` and `+model/sub=x` for new flags where there are no such groups. Where
the defaults list calls a group optional, it takes the name of a config that there is not.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches

from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException

from hydra_sweep_runner.compose.overrides import is_group_of_step, parse_override, values_of
from hydra_sweep_runner.errors import Mistake


def check_groups(
    texts: Iterable[str],
    is_group: Callable[[str], bool],
    groups_in: Callable[[str], Iterable[str]],
    configs_of: Callable[[str], Iterable[str]],
) -> None:
    """Raise Mistake for an added flag with a slash in its name, and for one whose name is like that
    of a config group which has a config of its value; with `++` it counts as meant.

    `groups_in` lists the groups directly below one ("": all that stand at the top).
    """
    for text in texts:
        if is_group_of_step(text):
            continue
        override = parse_override(text)
        name, value = override.key_or_group, text.partition("=")[2]
        if override.type is not OverrideType.ADD or override.package is not None:
            continue
        if is_group(name):
            continue
        parent, slash, last = name.rpartition("/")
        near = get_close_matches(
            last, _listed(groups_in, parent), n=1, cutoff=0.6 if slash else 0.75
        )
        meant = f"{parent}{slash}{near[0]}" if near else None
        insist = f"(a flag of that name is added by {shlex.quote(f'++{name}={value}')})"
        if meant is not None and (slash or _chooses(override, _listed(configs_of, meant))):
            raise Mistake(
                f"{text}: there is no config group {name}; did you mean "
                f"{shlex.quote(f'+{meant}={value}')}? {insist}"
            )
        if slash:
            raise Mistake(f"{text}: there is no config group {name} {insist}")


def nothing_chosen(
    texts: Iterable[str],
    is_choice: Callable[[str], bool],
    configs_of: Callable[[str], Iterable[str]],
) -> Iterator[tuple[str, str, str]]:
    """Each choice of a config that there is not, among overrides that compose: the group, the
    config's name, and a line about it.

    `is_choice` knows whether an override chooses from a config group.
    """
    for text in texts:
        if not is_choice(text):
            continue
        override = parse_override(text)
        group = override.key_or_group
        known = [] if override.is_delete() else _listed(configs_of, group)
        for name in _names(override) if known else ():
            if name.removesuffix(".yaml") in known or "/" in name:
                continue
            near = get_close_matches(name, known, n=1)
            meant = f"; did you mean {group}={near[0]}?" if near else ""
            yield (
                group,
                name,
                f"{group}={name} chooses nothing: there is no such config, and the defaults list "
                f"calls the group optional{meant}",
            )


def _listed(names_in: Callable[[str], Iterable[str]], group: str) -> list[str]:
    """The names in a group; none where Hydra refuses to list it, as 1.4 does if a file there ends
    in `.yml`: then nothing is suggested."""
    try:
        return list(names_in(group))
    except HydraException:
        return []


def _chooses(override: Override, configs: Iterable[str]) -> bool:
    """Whether a value of the override is the name of one of the configs."""
    return not set(configs).isdisjoint(_names(override))


def _names(override: Override) -> list[str]:
    """The names of configs in an override's values, which may be lists of them."""
    held = values_of(override)
    flat = [each for value in held for each in (value if isinstance(value, list) else [value])]
    return [name for name in flat if isinstance(name, str)]
