"""One sweep of a program: the world put together for the use cases."""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.errors import HydraException
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf

from hydra_sweep_runner.commands.start.batch import start_batch
from hydra_sweep_runner.commands.start.composing import Composing, Typed, read_typed
from hydra_sweep_runner.commands.start.context import Context
from hydra_sweep_runner.commands.start.execution import OpenExecutor
from hydra_sweep_runner.commands.start.restart import restart
from hydra_sweep_runner.compose.composer import Composer, SweepConfig
from hydra_sweep_runner.compose.output_dir import as_overrides, find_sweep_dir
from hydra_sweep_runner.compose.overrides import name_in, one_line
from hydra_sweep_runner.compose.project import kept_searchpath, search_path_in_snapshot
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import MAX_SEED
from hydra_sweep_runner.program.foreign.handover import HandoverExecutor
from hydra_sweep_runner.program.foreign.recorded_task import RecordedTask
from hydra_sweep_runner.program.identify import go_on_command, identify_program
from hydra_sweep_runner.program.own.inherited import InheritedProgram
from hydra_sweep_runner.program.returns import CollectingExecutor, SweepExecutor
from hydra_sweep_runner.store import location
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.terminal.console import Console

#: Hydra's own launcher, which runs jobs one after another in this process.
_BASIC = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
#: hydra-joblib-launcher's, whose pool of processes breaks when one of them dies.
_JOBLIB = "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher"


class ProgramSession:
    """Carries out one sweep of the program that this process is. `returned` are its jobs'
    returns, where `keeps_returns` asks for them or a launcher gives them."""

    def __init__(
        self,
        hydra_context: HydraContext,
        task_function: Callable[[Any], Any],
        config: DictConfig,
        *,
        keeps_returns: bool,
    ) -> None:
        self._hydra_context = hydra_context
        self._task_function = task_function
        self._config = config
        self._keeps_returns = keeps_returns
        self._folder = Path.cwd()
        self._program = identify_program(task_function, self._folder)
        self._reporter = Console()
        self._sweep_dir: str | None = None
        self._loader: ConfigLoader | None = None
        self.returned: list[JobReturn] = []

    def carry_out(self, arguments: Sequence[str]) -> int:
        """Restart what is to be restarted, else start a batch."""
        hydra: Any = OmegaConf.to_container(self._config.hydra.overrides.hydra)
        typed = read_typed([*arguments, *hydra])
        context = self._context(typed)
        if "restart" in typed.options.values:
            return self._restart(context, typed)
        find_sweep_dir(self._config)  # from here on its timestamps are those of all jobs
        composing = Composing(
            composer=Composer(
                self._hydra_context.config_loader,
                self._config.hydra.job.config_name,
                typed.hydra,
                cache=OmegaConf.get_cache(self._config),
            ),
            task=typed.task,
            typed=typed,
            program=self._program,
        )
        return start_batch(context, composing, SweepConfig(self._config), self._launcher_of)

    def _restart(self, context: Context, typed: Typed) -> int:
        batch = context.store.read(context.store.resolve(typed.options.restart or ""))
        typed_names = {name_in(text) for text in typed.hydra}
        if batch.job is not None and "hydra.sweep.dir" not in typed_names:
            self._sweep_dir = batch.job.output_dir
        return restart(
            context,
            typed,
            self._open_composer,
            self._open_no_run,
            self._launcher_of,
            self._program,
        )

    def _open_composer(
        self, folder: Path | None, config_name: str | None, hydra_overrides: Sequence[str]
    ) -> Composer:
        """A composer for a restart, which goes on in the sweep's folder. The first one that
        is opened is that of the jobs."""
        loader: ConfigLoader = self._hydra_context.config_loader
        passing: list[str] = []
        if self._sweep_dir is not None:
            passing += as_overrides({"sweep.dir": self._sweep_dir})
        if folder is not None:
            loader = ConfigLoaderImpl(search_path_in_snapshot(loader.get_search_path(), folder))
            passing += kept_searchpath(folder)
        self._loader = self._loader or loader
        return Composer(loader, config_name, hydra_overrides, passing=passing)

    def _open_no_run(self, config: TrialConfig) -> Any:
        raise Mistake("a Hydra program restarts whole batches")

    def _context(self, typed: Typed) -> Context:
        path = location.store_path(
            self._folder,
            typed=typed.store,
            environment=os.environ,
            in_yaml=self._config.hydra.sweeper.get("store"),
        )
        return Context(
            project_dir=self._folder,
            store=RunStore.open(path, create=False),
            reporter=self._reporter,
            clock=now,
            new_id=lambda: uuid.uuid4().hex,
            new_seed=lambda: secrets.randbelow(MAX_SEED + 1),
            restart_command=go_on_command(typed),
        )

    def _launcher_of(self, master: SweepConfig) -> OpenExecutor:
        """The executor of whatever launcher the sweep's configuration names."""
        context = self._hydra_context_of(master)
        chunk = _batch_size(master.sweeper.get("max_batch_size"))

        def open_executor(store: RunStore) -> SweepExecutor:
            task = RecordedTask(
                self._task_function, store_root=store.root, project_dir=self._folder
            )
            launcher = _instantiate(context, task, master.config)
            if hasattr(launcher, "executor"):
                return self._own_executor(launcher, context, master, store)
            chunk_here = 1 if _class_name(launcher) == _BASIC else chunk
            executor = HandoverExecutor(
                launcher,
                task,
                store,
                self._reporter,
                chunk=chunk_here,
                forgets=_class_name(launcher) in (_BASIC, _JOBLIB),
                clock=now,
                returned=self.returned,
            )
            return SweepExecutor(executor, master.config)

        return open_executor

    def _own_executor(
        self, launcher: Any, context: HydraContext, master: SweepConfig, store: RunStore
    ) -> SweepExecutor:
        program = InheritedProgram(
            task_function=self._task_function,
            hydra_context=context,
            keeps_returns=self._keeps_returns,
        )
        executor = launcher.executor(store, self._reporter, program=program)
        if self._keeps_returns:
            return CollectingExecutor(executor, master.config, store, self.returned)
        return SweepExecutor(executor, master.config)

    def _hydra_context_of(self, master: SweepConfig) -> HydraContext:
        """Hydra's context for the jobs: on a restart, with what they are composed from."""
        if self._loader is None or self._loader is self._hydra_context.config_loader:
            return self._hydra_context
        hydra = GlobalHydra.instance().hydra
        if hydra is not None:
            hydra.config_loader = self._loader
        callbacks = self._hydra_context.callbacks
        if master.config.hydra.callbacks != self._config.hydra.callbacks:
            callbacks = Callbacks(master.config)
        return replace(self._hydra_context, config_loader=self._loader, callbacks=callbacks)


def _instantiate(context: HydraContext, task: RecordedTask, config: DictConfig) -> Any:
    try:
        return Plugins.instance().instantiate_launcher(
            hydra_context=context, task_function=task, config=config
        )
    except (HydraException, ImportError, RuntimeError) as error:
        raise Mistake(f"hydra.launcher cannot be made: {one_line(error)}") from error


def _batch_size(value: Any) -> int | None:
    if value is None or (isinstance(value, int) and value > 0):
        return value
    raise Mistake(f"hydra.sweeper.max_batch_size={value}: must be an integer of at least 1")


def _class_name(launcher: object) -> str:
    return f"{type(launcher).__module__}.{type(launcher).__qualname__}"
