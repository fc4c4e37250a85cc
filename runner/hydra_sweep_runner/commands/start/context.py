"""What every use case is given: the project, its store and the rest of the world."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hydra_sweep_runner.model import Run
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import Clock
from hydra_sweep_runner.terminal.render import escape
from hydra_sweep_runner.terminal.reporter import Reporter


@dataclass(frozen=True, kw_only=True)
class Context:
    """The world as a use case sees it.

    `new_id` makes the id of a run, `new_seed` a seed where none was given. `restart_command`
    is how the user goes on with what is recorded here, up to the id.
    """

    project_dir: Path
    store: RunStore
    reporter: Reporter
    clock: Clock
    new_id: Callable[[], str]
    new_seed: Callable[[], int]
    restart_command: str

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
        return self.shown_path(self.store.folder(run.id) / "output.log")
