"""The world of the use cases: the project, its store, and what opens composers and executors."""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

from hydra_sweep_runner.compose.composer import Composer, SweepConfig
from hydra_sweep_runner.compose.elements import typed_text
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.execute.executor import Executor
from hydra_sweep_runner.model import Operation, Recipe, Run
from hydra_sweep_runner.store import layout, location
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import Clock
from hydra_sweep_runner.terminal.render import escape
from hydra_sweep_runner.terminal.reporter import Reporter

#: Makes an executor; entering it starts its processes.
OpenExecutor: TypeAlias = Callable[[], AbstractContextManager[Executor]]


def store_override(store: Path, project_dir: Path) -> list[str]:
    """The override that names a store, as typed in the project's folder; empty if the store is in
    its default place."""
    if store == project_dir / location.DEFAULT_STORE:
        return []
    shown = store.relative_to(project_dir) if store.is_relative_to(project_dir) else store
    return [shlex.quote(f"hydra.sweeper.store={typed_text(str(shown))}")]


@dataclass(frozen=True, kw_only=True)
class World(ABC):
    """The environment of every use case. It is made once, at the edge: by `cli.world` for a
    project, by `program.world` for a Hydra program.

    `new_id` makes the id of a run, `new_seed` a seed if none was given. `restart_prefix` is the
    command that continues a batch, up to the id. `program` is the `@hydra.main` program of this
    process, whose whole configuration are flags; None if the configuration's `operation` node says
    what to run.
    """

    project_dir: Path
    store: RunStore
    reporter: Reporter
    clock: Clock
    new_id: Callable[[], str]
    new_seed: Callable[[], int]
    restart_prefix: str
    program: Operation | None = None

    @abstractmethod
    def open_composer(
        self, folder: Path | None, recipe: Recipe, hydra_overrides: Sequence[str]
    ) -> Composer:
        """A composer with these Hydra overrides for the restart of a run with this recipe, on the
        copy of the YAML in `folder` or (None) on the project's present YAML. Raises Mistake."""

    @abstractmethod
    def executor_of_run(self, config: TrialConfig) -> OpenExecutor:
        """The executor of a single run with this configuration. Raises Mistake."""

    @abstractmethod
    def executor_of_sweep(self, sweep: SweepConfig) -> OpenExecutor:
        """The executor for the launcher of a composed sweep. Raises Mistake for a launcher that
        cannot be used."""

    @property
    def jobs_dir(self) -> Path:
        """The working folder of a Hydra program's jobs."""
        return self.project_dir

    @property
    def store_words(self) -> str:
        """The words that `runner runs` needs in the project's folder to find the store, if any."""
        if self.store.root == self.project_dir / location.DEFAULT_STORE:
            return ""
        return f" --store={shlex.quote(str(self.store.root))}"

    def shown_path(self, path: Path) -> str:
        """A path as lines show it: relative to the project if inside it."""
        base = self.project_dir
        return escape(str(path.relative_to(base) if path.is_relative_to(base) else path))

    def log_path(self, run: Run) -> str:
        """The path of a run's log, as lines show it."""
        return self.shown_path(self.store.folder(run.id) / layout.LOG)
