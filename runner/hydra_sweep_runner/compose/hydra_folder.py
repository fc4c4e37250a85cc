"""The configuration of a running trial, read from the files in its `.hydra`, for another process of
the same trial."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from hydra_sweep_runner.dataclass import dataclass


@dataclass(frozen=True)
class KeptConfig:
    """The configuration in a folder's `.hydra` (a `JobConfig`)."""

    folder: Path

    def load(self) -> DictConfig:
        """The whole configuration, Hydra's own node included. Raises FileNotFoundError."""
        config = self.job()
        with open_dict(config):
            config.hydra = self._read("hydra.yaml").hydra
        return config

    def job(self) -> DictConfig:
        """The configuration without Hydra's node. Raises FileNotFoundError."""
        return self._read("config.yaml")

    def plain(self) -> dict[str, Any] | None:
        """None: the values may not be plain."""
        return None

    def write_files(self, folder: Path) -> None:
        """Do nothing: the files exist."""

    @property
    def needs_hydra(self) -> bool:
        """True: values may depend on Hydra's node."""
        return True

    @property
    def log_settings(self) -> tuple[Any, Mapping[str, Any]] | None:
        """None: the logging settings may depend on anything."""
        return None

    def _read(self, name: str) -> DictConfig:
        config = OmegaConf.load(self.folder / ".hydra" / name)
        if not isinstance(config, DictConfig):
            raise TypeError(f"{self.folder / '.hydra' / name} is no mapping")
        return config
