"""The world as a use case sees it: the project, its store, and what opens the rest."""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from hydra_sweep_runner.compose.composer import Composer, SweepConfig
from hydra_sweep_runner.compose.overrides import typed_text
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.execute.executor import Executor
from hydra_sweep_runner.model import Operation, Run
from hydra_sweep_runner.store import layout, location
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import Clock
from hydra_sweep_runner.terminal.render import escape
from hydra_sweep_runner.terminal.reporter import Reporter

#: Makes an executor; entering it starts the processes that it works with.
OpenExecutor: TypeAlias = Callable[[], AbstractContextManager[Executor]]


def store_override(store: Path, project_dir: Path) -> list[str]:
    """The override that names a store, as it is typed in the project's folder, unless the store
    is where it is found anyway."""
    if store == project_dir / location.DEFAULT_STORE:
        return []
    shown = store.relative_to(project_dir) if store.is_relative_to(project_dir) else store
    return [shlex.quote(f"hydra.sweeper.store={typed_text(str(shown))}")]


@dataclass(frozen=True, kw_only=True)
class World(ABC):
    """What every use case is given. It is made once, at the edge: `cli.world` makes that of a
    project, `program.world` that of a Hydra program.

    `new_id` makes the id of a run, `new_seed` a seed where none was given. `restart_command`
    is how the user goes on with what is recorded here, up to the id. `program` is the
    `@hydra.main` program that this process is, whose whole configuration are flags; None
    where the configuration's `operation` node says what to run.
    """

    project_dir: Path
    store: RunStore
    reporter: Reporter
    clock: Clock
    new_id: Callable[[], str]
    new_seed: Callable[[], int]
    restart_command: str
    program: Operation | None = None

    @abstractmethod
    def open_composer(
        self, folder: Path | None, config_name: str | None, hydra_overrides: Sequence[str]
    ) -> Composer:
        """A composer with Hydra overrides: on the copy of the YAML in a folder, or (None) on
        the project's present one. Raises Mistake."""

    @abstractmethod
    def executor_of_run(self, config: TrialConfig) -> OpenExecutor:
        """The executor of one run on its own that is composed to this. Raises Mistake."""

    @abstractmethod
    def executor_of_sweep(self, sweep: SweepConfig) -> OpenExecutor:
        """The executor that the launcher of a composed sweep describes. Raises Mistake for a
        launcher that cannot be used."""

    @property
    def jobs_dir(self) -> Path:
        """Where a Hydra program's jobs work."""
        return self.project_dir

    @property
    def store_words(self) -> str:
        """What `runner runs` needs in the project's folder to find the store, if anything."""
        if self.store.root == self.project_dir / "runs":
            return ""
        return f" --store={shlex.quote(str(self.store.root))}"

    def shown_path(self, path: Path) -> str:
        """A path as lines show it: relative to the project where it lies below it."""
        base = self.project_dir
        return escape(str(path.relative_to(base) if path.is_relative_to(base) else path))

    def log_path(self, run: Run) -> str:
        """Where a run's output is kept, as lines show it."""
        return self.shown_path(self.store.folder(run.id) / layout.LOG)
