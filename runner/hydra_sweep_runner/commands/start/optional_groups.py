"""Tells choices that choose nothing: the defaults list calls the group optional, and there is no
config of that name in it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from hydra.errors import HydraException

from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.composer import Composer
from hydra_sweep_runner.compose.overrides import name_in, parse_override, values_of
from hydra_sweep_runner.terminal.render import escape


def report_nothing_chosen(world: World, composer: Composer, task: Iterable[str]) -> None:
    """Print which of the overrides, which compose, choose a config that there is not."""
    for text in task:
        if not composer.is_group_choice(text):
            continue
        override, group = parse_override(text), name_in(text).partition("@")[0]
        chosen = [] if override.is_delete() else values_of(override)
        names = [
            name for value in chosen for name in (value if isinstance(value, list) else [value])
        ]
        try:
            known = set(composer.loader.get_group_options(group))
        except HydraException:  # 1.4 lists no group with a file that ends in `.yml`
            continue
        for name in names:
            if not isinstance(name, str) or name in known or "/" in name:
                continue
            near = get_close_matches(name, sorted(known), n=1)
            meant = f"; did you mean {group}={near[0]}?" if near else ""
            world.reporter.say(
                f"{escape(f'{group}={name}')} chooses nothing: there is no such config, and the "
                f"defaults list calls the group optional{escape(meant)}"
            )
