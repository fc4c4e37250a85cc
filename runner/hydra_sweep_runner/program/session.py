"""One sweep of a program: a new batch, or the restart of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from omegaconf import OmegaConf

from hydra_sweep_runner.commands.start.batch import start_batch
from hydra_sweep_runner.commands.start.composing import Composing, Typed, read_typed
from hydra_sweep_runner.commands.start.restart import find_run, restart
from hydra_sweep_runner.compose.composer import Composer, SweepConfig
from hydra_sweep_runner.compose.output_dir import find_sweep_dir
from hydra_sweep_runner.compose.overrides import name_in
from hydra_sweep_runner.program.world import HydraCall, ProgramWorld, open_world


class ProgramSession:
    """Carries out one sweep of the program that this process is. `returned` are its jobs'
    returns, where they are kept."""

    def __init__(self, hydra: HydraCall) -> None:
        self._hydra = hydra
        self.returned: list[Any] = []

    def carry_out(self, arguments: Sequence[str]) -> int:
        """Restart what is to be restarted, else start a batch; returns the exit status."""
        config = self._hydra.config
        overrides: Any = OmegaConf.to_container(config.hydra.overrides.hydra)
        typed = read_typed([*arguments, *overrides])
        composer = Composer(
            self._hydra.context.config_loader,
            config.hydra.job.config_name,
            typed.hydra,
            cache=OmegaConf.get_cache(config),
        )
        typed = typed.among(composer)
        world = replace(open_world(self._hydra, typed), returned=self.returned)
        if "restart" in typed.given:
            return _restart(world, typed)
        find_sweep_dir(config)  # from here on its timestamps are those of all jobs
        composing = Composing(
            composer=world.loaders.used_by(composer),
            task=typed.task,
            typed=typed,
            program=world.program,
        )
        return start_batch(world, composing, SweepConfig(config))


def _restart(world: ProgramWorld, typed: Typed) -> int:
    batch = world.store.read(find_run(world.store, typed))
    names = {name_in(text) for text in typed.hydra}
    if batch.job is not None and "hydra.sweep.dir" not in names:
        world = replace(world, sweep_dir=batch.job.output_dir)
    return restart(world, typed)
