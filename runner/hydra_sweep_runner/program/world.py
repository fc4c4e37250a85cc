"""The world of a Hydra program: the environment of the use cases in its process."""

from __future__ import annotations

import os
import secrets
import shlex
import uuid
from collections.abc import Callable, Sequence
from dataclasses import field, replace
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

from hydra_sweep_runner.commands.start.composing import Typed
from hydra_sweep_runner.commands.start.world import OpenExecutor, World
from hydra_sweep_runner.compose.composer import Composer, SweepConfig
from hydra_sweep_runner.compose.output_dir import as_overrides
from hydra_sweep_runner.compose.project import kept_searchpath, search_path_in_snapshot
from hydra_sweep_runner.compose.resolution_errors import one_line
from hydra_sweep_runner.compose.settings import check_launcher
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake, OtherPlace
from hydra_sweep_runner.model import MAX_SEED, Recipe
from hydra_sweep_runner.program.foreign.executor import ForeignExecutor
from hydra_sweep_runner.program.foreign.recorded_task import RecordedTask
from hydra_sweep_runner.program.identify import (
    go_on_command,
    identify_program,
    named_store,
    program_dir,
    typed_option,
)
from hydra_sweep_runner.program.own.inherited import InheritedProgram
from hydra_sweep_runner.program.returns import CollectingExecutor, SweepExecutor
from hydra_sweep_runner.store import location
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.terminal.console import Console
from hydra_sweep_runner.terminal.render import escape

#: Hydra's own launcher, which runs jobs one after another in this process.
_BASIC = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
#: The launcher of hydra-joblib-launcher, whose process pool breaks when one process dies.
_JOBLIB = "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher"


@dataclass(frozen=True, kw_only=True)
class HydraCall:
    """The arguments of Hydra's call to the sweeper, and whether its caller uses the jobs'
    returns."""

    context: HydraContext
    task_function: Callable[[Any], Any]
    config: DictConfig
    keeps_returns: bool


class Loaders:
    """The config loaders of a sweep. Jobs are composed by the first composer's loader."""

    def __init__(self, present: ConfigLoader) -> None:
        self._present = present
        self._first: ConfigLoader | None = None

    def open(self, kept: Path | None) -> ConfigLoader:
        """The loader of the present YAML, or of the copy in the folder `kept`."""
        if kept is None:
            return self._present
        return ConfigLoaderImpl(search_path_in_snapshot(self._present.get_search_path(), kept))

    def used_by(self, composer: Composer) -> Composer:
        """The composer; the first one's loader becomes that of the jobs."""
        self._first = self._first or composer.loader
        return composer

    @property
    def of_jobs(self) -> ConfigLoader:
        """The loader by which the jobs are composed."""
        return self._first or self._present


@dataclass(frozen=True, kw_only=True)
class ProgramWorld(World):
    """The world of one sweep of a program.

    It was started in `working_dir`, where its jobs work, too; paths in records are relative to
    `project_dir`. `sweep_dir` is the output folder that a restart goes on in. `returned` are the
    jobs' returns, where `hydra.keeps_returns` asks for them or a launcher gives them.
    """

    hydra: HydraCall
    loaders: Loaders
    working_dir: Path
    sweep_dir: str | None = None
    returned: list[JobReturn] = field(default_factory=list)

    def open_composer(
        self, folder: Path | None, recipe: Recipe, hydra_overrides: Sequence[str]
    ) -> Composer:
        """A composer for a restart, which goes on in the sweep's folder. Raises Mistake, and
        OtherPlace for present YAML that is not composed from where the run's was."""
        if folder is None:
            self._check_place(recipe)
        passing: list[str] = []
        if self.sweep_dir is not None:
            passing += as_overrides({"sweep.dir": self.sweep_dir})
        if folder is not None:
            passing += kept_searchpath(folder)
        loader = self.loaders.open(folder)
        return self.loaders.used_by(
            Composer(
                loader,
                recipe.config_name,
                hydra_overrides,
                passing=passing,
                copy=folder,
                config_path=recipe.config_path,
                config_dir=recipe.config_dir,
            )
        )

    @staticmethod
    def _check_place(recipe: Recipe) -> None:
        for name, was in recipe.place.items():
            if typed_option(name) != was:
                raise OtherPlace(
                    f"it was started with --{name}={was}: its present YAML is found by that alone"
                )

    @property
    def jobs_dir(self) -> Path:
        """The working folder of the program's jobs: the folder in which the program was started."""
        return self.working_dir

    @property
    def store_words(self) -> str:
        """The words that `runner runs` needs in the current folder to find the store, if any."""
        if self.project_dir != self.working_dir:
            return f" --store={shlex.quote(str(self.store.root))}"
        return super().store_words

    def shown_path(self, path: Path) -> str:
        """A path as lines show it: relative to the current folder if inside it."""
        base = self.working_dir
        return escape(str(path.relative_to(base) if path.is_relative_to(base) else path))

    def executor_of_run(self, config: TrialConfig) -> OpenExecutor:
        """Raises Mistake: a program's jobs belong to a batch."""
        raise Mistake("a Hydra program restarts whole batches")

    def executor_of_sweep(self, sweep: SweepConfig) -> OpenExecutor:
        """The executor for the launcher that the sweep's configuration names. Raises Mistake."""
        context = self._hydra_context_of(sweep)
        chunk = _batch_size(sweep.sweeper.get("max_batch_size"))

        def open_executor() -> SweepExecutor:
            task = RecordedTask(
                self.hydra.task_function,
                store_root=self.store.root,
                project_dir=self.project_dir,
            )
            launcher = _instantiate(context, task, sweep.config)
            if hasattr(launcher, "executor"):
                return self._own_executor(launcher, context, sweep)
            chunk_here = 1 if _class_name(launcher) == _BASIC else chunk
            executor = ForeignExecutor(
                launcher,
                task,
                self.store,
                self.reporter,
                chunk=chunk_here,
                forgets=_class_name(launcher) in (_BASIC, _JOBLIB),
                clock=now,
                returned=self.returned,
            )
            return SweepExecutor(executor, sweep.config)

        return open_executor

    def _own_executor(
        self, launcher: Any, context: HydraContext, sweep: SweepConfig
    ) -> SweepExecutor:
        program = InheritedProgram(
            task_function=self.hydra.task_function,
            hydra_context=context,
            keeps_returns=self.hydra.keeps_returns,
        )
        executor = launcher.executor(self.store, self.reporter, program=program)
        if self.hydra.keeps_returns:
            return CollectingExecutor(executor, sweep.config, self.store, self.returned)
        return SweepExecutor(executor, sweep.config)

    def _hydra_context_of(self, sweep: SweepConfig) -> HydraContext:
        """Hydra's context for the jobs, with the loader they are composed by."""
        context, loader = self.hydra.context, self.loaders.of_jobs
        if loader is context.config_loader:
            return context
        hydra = GlobalHydra.instance().hydra
        if hydra is not None:
            hydra.config_loader = loader
        callbacks = context.callbacks
        if sweep.config.hydra.callbacks != self.hydra.config.hydra.callbacks:
            callbacks = Callbacks(sweep.config)
        return replace(context, config_loader=loader, callbacks=callbacks)


def open_world(hydra: HydraCall, typed: Typed) -> ProgramWorld:
    """The world of a program's sweep, with the store that the user named, or that of the program's
    project; a line says so if it is elsewhere. Raises Mistake if the store's path is no store."""
    here = Path.cwd()
    in_yaml = hydra.config.hydra.sweeper.get("store")
    is_named = named_store(typed.store, os.environ, in_yaml)
    folder = here if is_named else location.project_of_program(program_dir(), here)
    path = location.store_path(folder, typed=typed.store, environment=os.environ, in_yaml=in_yaml)
    reporter = Console()
    if folder != here:
        reporter.say(f"The store is {path}")
    return ProgramWorld(
        project_dir=folder,
        working_dir=here,
        store=RunStore.open(path, create=False),
        reporter=reporter,
        clock=now,
        new_id=lambda: uuid.uuid4().hex,
        new_seed=lambda: secrets.randbelow(MAX_SEED + 1),
        restart_prefix=go_on_command(path, folder),
        program=identify_program(hydra.task_function, folder),
        hydra=hydra,
        loaders=Loaders(hydra.context.config_loader),
    )


def _instantiate(context: HydraContext, task: RecordedTask, config: DictConfig) -> Any:
    if OmegaConf.is_dict(config.hydra.launcher):
        check_launcher(config.hydra.launcher)
    try:
        return Plugins.instance().instantiate_launcher(
            hydra_context=context, task_function=task, config=config
        )
    except (HydraException, ImportError, RuntimeError, TypeError) as error:
        raise Mistake(f"hydra.launcher cannot be made: {one_line(error)}") from error


def _batch_size(value: Any) -> int | None:
    if value is None or (isinstance(value, int) and value > 0):
        return value
    raise Mistake(f"hydra.sweeper.max_batch_size={value}: must be an integer of at least 1")


def _class_name(launcher: object) -> str:
    return f"{type(launcher).__module__}.{type(launcher).__qualname__}"
