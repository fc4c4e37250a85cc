"""Finds a job's output folder before the job runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hydra_sweep_runner.compose.elements import quoted
from hydra_sweep_runner.compose.job import hydra_config
from hydra_sweep_runner.compose.resolution_errors import why_unresolved
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Value


@dataclass(frozen=True)
class OutputDir:
    """A job's output folder: the resolved `hydra.sweep.dir`, and `hydra.sweep.subdir` in it."""

    sweep_dir: str
    subdir: str

    @property
    def path(self) -> str:
        """The folder's absolute path, as in `hydra.runtime.output_dir`."""
        return os.path.abspath(os.path.join(self.sweep_dir, self.subdir))  # noqa: PTH100, PTH118

    def moved_to(self, path: str) -> OutputDir:
        """This output moved to another folder; if that folder is inside the sweep's folder, only
        `subdir` changes."""
        sweep_dir, wanted = PurePath(os.path.abspath(self.sweep_dir)), PurePath(path)  # noqa: PTH100
        if wanted.is_relative_to(sweep_dir):
            return OutputDir(self.sweep_dir, str(wanted.relative_to(sweep_dir)))
        return OutputDir(str(wanted.parent), wanted.name)

    def with_texts(self, texts: Mapping[str, str]) -> OutputDir:
        """This output with parts of its texts replaced."""
        sweep_dir, subdir = self.sweep_dir, self.subdir
        for before, text in texts.items():
            sweep_dir, subdir = sweep_dir.replace(before, text), subdir.replace(before, text)
        return OutputDir(sweep_dir, subdir)

    def settings(self, before: OutputDir) -> dict[str, Value]:
        """The settings below `hydra` that change a job's output from `before` to this."""
        wanted = {"sweep.dir": self.sweep_dir, "sweep.subdir": self.subdir}
        given = {"sweep.dir": before.sweep_dir, "sweep.subdir": before.subdir}
        return {name: value for name, value in wanted.items() if given[name] != value}


def find_output(config: DictConfig) -> OutputDir:
    """The output of a job with this whole configuration, resolved as Hydra does when it starts the
    job. Raises Mistake if it cannot be resolved."""
    with hydra_config(lambda: config):
        return OutputDir(*(_resolve(config, f"hydra.sweep.{name}") for name in ("dir", "subdir")))


def find_sweep_dir(config: DictConfig) -> str:
    """The absolute path of a sweep's folder. Raises Mistake if it cannot be resolved."""
    return os.path.abspath(_resolve(config, "hydra.sweep.dir"))  # noqa: PTH100


def _resolve(config: DictConfig, name: str) -> str:
    try:
        return str(OmegaConf.select(config, name))
    except (OmegaConfBaseException, ValueError) as error:
        raise Mistake(f"{name} cannot be resolved: {why_unresolved(error, config)}") from error


def as_overrides(settings: dict[str, Any]) -> list[str]:
    """Override strings that set these texts below `hydra`."""
    return [f"hydra.{name}={quoted(str(value))}" for name, value in settings.items()]
