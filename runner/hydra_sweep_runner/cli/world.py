"""The world of a project: the environment of the use cases of `runner`."""

from __future__ import annotations

import argparse
import os
import secrets
import shlex
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from omegaconf import OmegaConf

from hydra_sweep_runner.commands.start.composing import Typed
from hydra_sweep_runner.commands.start.world import OpenExecutor, World, store_override
from hydra_sweep_runner.compose.composer import Composer, SweepConfig
from hydra_sweep_runner.compose.project import (
    ProjectConfig,
    find_project,
    kept_searchpath,
    open_loader,
    project_in_snapshot,
)
from hydra_sweep_runner.compose.resolution_errors import one_line
from hydra_sweep_runner.compose.settings import check_launcher
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.attempt.stop_signals import Graces
from hydra_sweep_runner.execute.local.devices import check_devices
from hydra_sweep_runner.execute.local.executor import LocalExecutor
from hydra_sweep_runner.model import MAX_SEED, Recipe
from hydra_sweep_runner.store import location
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.terminal.console import Console
from hydra_sweep_runner.terminal.streams import terminal_input

JOB_NAME = "runner"

#: The default target of `hydra.sweeper`.
SWEEPER = "hydra_plugins.runner.sweeper.RunnerSweeper"


@dataclass(frozen=True, kw_only=True)
class ProjectYaml:
    """The place of the YAML of a project in `folder`, according to Hydra's options; None for those
    that are not given."""

    folder: Path
    config_path: str | None = None
    config_name: str | None = None
    config_dir: str | None = None

    @classmethod
    def of_options(cls, args: argparse.Namespace) -> ProjectYaml:
        """The YAML in the current folder, unless the options name another place."""
        return cls(
            folder=Path.cwd(),
            config_path=args.config_path,
            config_name=args.config_name,
            config_dir=args.config_dir,
        )

    def completed_by(self, recipe: Recipe) -> ProjectYaml:
        """The place with a recipe's options for those that are not given."""
        return ProjectYaml(
            folder=self.folder,
            config_path=self.config_path or recipe.config_path,
            config_name=self.config_name or recipe.config_name,
            config_dir=self.config_dir or recipe.config_dir,
        )

    def find(self) -> ProjectConfig:
        """The present YAML. Raises Mistake."""
        return find_project(self.folder, self.config_path, self.config_name, self.config_dir)

    def composer(self, hydra_overrides: Sequence[str], kept: Path | None = None) -> Composer:
        """A composer on the present YAML, or on the copy in the folder `kept`. Raises Mistake."""
        if kept is None:
            project, passing = self.find(), []
        else:
            project, passing = project_in_snapshot(kept, self.config_name), kept_searchpath(kept)
        return Composer(
            open_loader(project, JOB_NAME),
            project.config_name,
            hydra_overrides,
            passing=passing,
            copy=kept,
            config_path=self.config_path,
            config_dir=self.config_dir,
        )

    def store(self) -> str | None:
        """The store in the main config, if it can be read without composing."""
        try:
            project = self.find()
        except Mistake:
            return None
        return location.store_in_yaml(Path(str(project.main)) / f"{project.config_name}.yaml")


@dataclass(frozen=True, kw_only=True)
class ProjectWorld(World):
    """The world of a project whose YAML is `yaml`."""

    yaml: ProjectYaml

    def open_composer(
        self, folder: Path | None, recipe: Recipe, hydra_overrides: Sequence[str]
    ) -> Composer:
        """A composer on the project's present YAML, or on a kept copy. Raises Mistake."""
        if folder is not None:
            self._refuse_other_place(recipe)
        return self.yaml.completed_by(recipe).composer(hydra_overrides, folder)

    def _refuse_other_place(self, recipe: Recipe) -> None:
        """Raise Mistake if options name another configuration than that of the copy: they would
        change nothing, and the copy would be compared with what it is no copy of."""
        for name, given, was in (
            ("config-name", self.yaml.config_name, recipe.config_name),
            ("config-path", self.yaml.config_path, recipe.config_path),
            ("config-dir", self.yaml.config_dir, recipe.config_dir),
        ):
            if given is not None and was is not None and given != was:
                raise Mistake(
                    f"--{name}={given}: it was started with {was}, and a restart composes from "
                    "its copy of that: leave it out, or add +refresh=true to take the other"
                )

    def executor_of_run(self, config: TrialConfig) -> OpenExecutor:
        """The executor of a single run, which gets the first of the launcher's devices. Raises
        Mistake for a launcher that runs trials elsewhere."""
        graces = Graces.given(*config.launcher("interrupt_grace_s", "terminate_grace_s"))
        devices, backend = config.launcher("devices", "backend")
        if backend is not None:
            raise Mistake(
                f"hydra.launcher.backend={backend} is for the trials of a batch: add -m, or take "
                "it back with hydra.launcher.backend=null"
            )
        first = check_devices(devices)[:1]
        return lambda: LocalExecutor(
            self.store, self.reporter, devices=first, graces=graces, stdin=terminal_input()
        )

    def executor_of_sweep(self, sweep: SweepConfig) -> OpenExecutor:
        """The executor for the launcher that a sweep's configuration names. Raises Mistake for a
        launcher that cannot run operations, and for another sweeper."""
        _check_sweeper(sweep.config)
        launcher = _instantiate_launcher(sweep.config)
        opener: Any = getattr(launcher, "executor", None)
        if opener is None:
            raise Mistake(
                f"hydra/launcher: {type(launcher).__name__} cannot run operations; use "
                "hydra/launcher=runner"
            )

        def open_executor() -> Any:
            return opener(self.store, self.reporter)

        return open_executor


def open_world(yaml: ProjectYaml, typed: Typed, store_in_yaml: str | None) -> ProjectWorld:
    """The world of a command line in a project. Raises Mistake if the store's path is no store."""
    path = location.store_path(
        yaml.folder, typed=typed.store, environment=os.environ, in_yaml=store_in_yaml
    )
    return ProjectWorld(
        project_dir=yaml.folder,
        store=RunStore.open(path, create=False),
        reporter=Console(),
        clock=now,
        new_id=lambda: uuid.uuid4().hex,
        new_seed=lambda: secrets.randbelow(MAX_SEED + 1),
        restart_prefix=f"runner {_named(yaml, path)}+restart=",
        yaml=yaml,
    )


def _named(yaml: ProjectYaml, store: Path) -> str:
    """The options that a restart needs to find the project's YAML and its store, if any."""
    options = (("path", yaml.config_path), ("dir", yaml.config_dir))
    words = [shlex.quote(f"--config-{name}={text}") for name, text in options if text is not None]
    return "".join(f"{word} " for word in [*words, *store_override(store, yaml.folder)])


def _check_sweeper(config: Any) -> None:
    """Raise Mistake if another sweeper is composed, because it would sweep differently."""
    chosen = config.hydra.runtime.choices.get("hydra/sweeper")
    target = None if config.hydra.sweeper is None else config.hydra.sweeper.get("_target_")
    if target != SWEEPER:
        raise Mistake(
            f"hydra/sweeper={chosen} is not the runner's: leave it out, or choose "
            "hydra/sweeper=runner"
        )


def _instantiate_launcher(config: Any) -> Any:
    node = config.hydra.launcher
    if not OmegaConf.is_dict(node) or "_target_" not in node:
        raise Mistake("hydra.launcher is no launcher's configuration; use hydra/launcher=runner")
    check_launcher(node)
    try:
        return Plugins.instance()._instantiate(node)
    except (HydraException, ImportError, RuntimeError, TypeError) as error:
        raise Mistake(f"hydra.launcher cannot be made: {one_line(error)}") from error
