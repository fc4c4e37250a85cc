"""The protocol of a run's composed configuration; `compose.trial.TrialConfig` implements it.

Hydra is not imported here, so that modules which only name the type stay light.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class JobConfig(Protocol):
    """A run's composed configuration, in a form that is cheap to pass to another process."""

    def load(self) -> Any:
        """The whole configuration, Hydra's own node included, as a DictConfig."""
        ...

    def job(self) -> Any:
        """A copy of the configuration without Hydra's node."""
        ...

    def plain(self) -> dict[str, Any] | None:
        """The same as nested plain values; None if some values may not be plain."""
        ...

    def write_files(self, folder: Path) -> None:
        """Write config.yaml, hydra.yaml and overrides.yaml to `folder`/.hydra, as Hydra does."""
        ...

    @property
    def needs_hydra(self) -> bool:
        """Whether any value outside Hydra's node, or the environment, may depend on it."""
        ...

    @property
    def log_settings(self) -> tuple[Any, Mapping[str, Any]] | None:
        """The job's logging settings (`compose.fast.job_logging.LogSettings`), with the settings
        below `hydra` that they depend on; None if they may depend on anything else."""
        ...
