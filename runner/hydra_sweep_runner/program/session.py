"""Runs one sweep of a program: a new batch, or the restart of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from omegaconf import OmegaConf

from hydra_sweep_runner.commands.start.batch import start_batch
from hydra_sweep_runner.commands.start.composing import Composing, Typed, read_typed
from hydra_sweep_runner.commands.start.restart import find_run, restart
from hydra_sweep_runner.compose.composer import Composer, SweepConfig
from hydra_sweep_runner.compose.output_dir import as_overrides, find_sweep_dir
from hydra_sweep_runner.compose.overrides import name_in
from hydra_sweep_runner.program.identify import typed_option
from hydra_sweep_runner.program.sweep_folder import own_sweep_dir
from hydra_sweep_runner.program.world import HydraCall, ProgramWorld, open_world


class ProgramSession:
    """Carries out one sweep of this process's program. `returned` are its jobs' returns, if they
    are kept."""

    def __init__(self, hydra: HydraCall) -> None:
        self._hydra = hydra
        self.returned: list[Any] = []

    def carry_out(self, arguments: Sequence[str]) -> int:
        """Restart a batch or trial if the arguments say so, else start a batch; returns the exit
        status."""
        config = self._hydra.config
        overrides: Any = OmegaConf.to_container(config.hydra.overrides.hydra)
        typed = read_typed([*arguments, *overrides])
        composer = self._composer(typed, None)
        typed = typed.among(composer)
        world = replace(open_world(self._hydra, typed), returned=self.returned)
        if "restart" in typed.given:
            return _restart(world, typed)
        find_sweep_dir(config)  # resolves the timestamps that all jobs will share
        names = ("print_trials", "init_trials")
        if any(typed.given.get(name) or config.hydra.sweeper.get(name) for name in names):
            return self._start(world, typed, composer, SweepConfig(config))
        with own_sweep_dir(config) as other:
            if other is None:
                return self._start(world, typed, composer, SweepConfig(config))
            composer = self._composer(typed, other)
            return self._start(world, typed, composer, composer.sweep(typed.task))

    def _composer(self, typed: Typed, sweep_dir: str | None) -> Composer:
        """A composer of the present YAML; with `sweep_dir`, its jobs put their output into that
        folder."""
        config = self._hydra.config
        return Composer(
            self._hydra.context.config_loader,
            config.hydra.job.config_name,
            typed.hydra,
            passing=() if sweep_dir is None else as_overrides({"sweep.dir": sweep_dir}),
            cache=OmegaConf.get_cache(config),
            config_path=typed_option("config-path"),
            config_dir=typed_option("config-dir"),
        )

    def _start(
        self, world: ProgramWorld, typed: Typed, composer: Composer, master: SweepConfig
    ) -> int:
        composing = Composing(
            composer=world.loaders.used_by(composer),
            task=typed.task,
            typed=typed,
            program=world.program,
        )
        return start_batch(world, composing, master)


def _restart(world: ProgramWorld, typed: Typed) -> int:
    batch = world.store.read(find_run(world.store, typed))
    names = {name_in(text) for text in typed.hydra}
    if batch.job is not None and "hydra.sweep.dir" not in names:
        kept = batch.job.output_dir
        if kept is not None and world.project_dir != world.working_dir:
            kept = str(world.project_dir / kept)
        world = replace(world, sweep_dir=kept)
    return restart(world, typed)
