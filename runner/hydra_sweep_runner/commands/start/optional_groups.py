"""Tells choices that choose nothing: the defaults list calls the group optional, and there is no
config of that name in it."""

from __future__ import annotations

from collections.abc import Iterable

from hydra_sweep_runner.commands.start.composing import Composing
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.composer import Composer
from hydra_sweep_runner.compose.unknown_groups import nothing_chosen
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Run
from hydra_sweep_runner.terminal.render import escape, short


def report_nothing_chosen(world: World, composer: Composer, task: Iterable[str]) -> None:
    """Print which of the overrides, which compose, choose a config that there is not."""
    configs_of = composer.loader.get_group_options
    for _, _, line in nothing_chosen(task, composer.is_group_choice, configs_of):
        world.reporter.say(escape(line))


def check_kept_choices(world: World, run: Run, composing: Composing) -> None:
    """Raise Mistake for a choice, typed at a restart, of a config that the kept copy of the YAML
    has not and the project's present YAML has: without it, a trial of its name would run."""
    if composing.typed.option("refresh"):
        return
    kept = composing.composer
    configs_of = kept.loader.get_group_options
    for group, name, _ in nothing_chosen(composing.typed.task, kept.is_group_choice, configs_of):
        present = world.open_composer(None, run.recipe, kept.hydra_overrides)
        if name.removesuffix(".yaml") in present.loader.get_group_options(group):
            raise Mistake(
                f"{group}={name}: the copy of the YAML that {short(run.id)} was made with has no "
                "such config; the project's present YAML has it, and +refresh=true takes that"
            )
