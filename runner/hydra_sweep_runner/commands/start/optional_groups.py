"""Tells choices that choose nothing: the defaults list calls the group optional, and there is no
config of that name in it."""

from __future__ import annotations

from collections.abc import Iterable

from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.composer import Composer
from hydra_sweep_runner.compose.unknown_groups import nothing_chosen
from hydra_sweep_runner.terminal.render import escape


def report_nothing_chosen(world: World, composer: Composer, task: Iterable[str]) -> None:
    """Print which of the overrides, which compose, choose a config that there is not."""
    configs_of = composer.loader.get_group_options
    for line in nothing_chosen(task, composer.is_group_choice, configs_of):
        world.reporter.say(escape(line))
