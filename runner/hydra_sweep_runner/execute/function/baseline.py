"""The state of a worker when its code was imported, in which every trial begins."""

from __future__ import annotations

import gc

from hydra_sweep_runner.compose.hydra_state import HydraState
from hydra_sweep_runner.execute.function.generators import Generators
from hydra_sweep_runner.execute.function.leftovers import ExitCallbacks, Leftovers, disarm
from hydra_sweep_runner.execute.function.module_state import ModuleState


class Baseline:
    """The state of the process when this is made; `generators` are passed if the process inherited
    them."""

    def __init__(self, exits: ExitCallbacks, generators: Generators | None = None) -> None:
        self._generators = generators or Generators.of_this_process()
        self._hydra = HydraState()
        self._modules = ModuleState()
        self._modules.renew_generators()
        self._leftovers = Leftovers(exits)
        gc.collect()
        gc.freeze()

    def begin_trial(self) -> None:
        """Set the random generators to their beginning."""
        self._generators.begin_trial()

    def finish_trial(self) -> bool:
        """Wait for what a trial has left running, as Python waits at the end of a process. Returns
        whether there was anything to wait for; the process then cannot run another trial."""
        disarm()
        return self._leftovers.finish() is not None

    def put_back(self) -> bool:
        """Restore everything; returns whether that was possible."""
        self._hydra.put_back()
        could = self._modules.put_back() is None
        could = self._leftovers.put_right() is None and could
        gc.collect()
        return could
