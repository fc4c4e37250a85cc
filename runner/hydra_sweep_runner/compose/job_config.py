"""A run's composed configuration as execution sees it; `compose.trial.TrialConfig` is one.

No Hydra is imported here: what only names the type stays light.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class JobConfig(Protocol):
    """A run's composed configuration, in a form that is cheap to hand to another process."""

    def load(self) -> Any:
        """The whole configuration, Hydra's own node included, as a DictConfig."""
        ...

    def job(self) -> Any:
        """A copy of the configuration without Hydra's node."""
        ...

    def plain(self) -> dict[str, Any] | None:
        """The same as plain values, nested, where it holds no others; None where it may."""
        ...

    def write_files(self, folder: Path) -> None:
        """Write config.yaml, hydra.yaml and overrides.yaml to `folder`/.hydra, as Hydra
        does."""
        ...

    @property
    def needs_hydra(self) -> bool:
        """Whether anything outside Hydra's node, or the environment, can depend on it."""
        ...

    @property
    def log_settings(self) -> tuple[Any, Mapping[str, Any]] | None:
        """What the job's logging is (`compose.fast.logs.LogSettings`), with the settings
        below `hydra` that it depends on, if it depends on nothing else."""
        ...
