"""Added overrides that were meant to choose a config of a group, and name no group.

Hydra takes `+experimnt=fine` and `+model/sub=x` for new flags where there are no such groups, so
that nothing is chosen and nothing is said.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
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


def _listed(names_in: Callable[[str], Iterable[str]], group: str) -> list[str]:
    """The names in a group; none where Hydra refuses to list it, as 1.4 does if a file there ends
    in `.yml`: then nothing is suggested."""
    try:
        return list(names_in(group))
    except HydraException:
        return []


def _chooses(override: Override, configs: Iterable[str]) -> bool:
    """Whether a value of the override is the name of one of the configs."""
    known = set(configs)
    return any(isinstance(value, str) and value in known for value in values_of(override))
