"""Where Hydra puts a job's output, found before the job runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hydra_sweep_runner.compose.job import hydra_config
from hydra_sweep_runner.compose.overrides import quoted, why_unresolved
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Value


@dataclass(frozen=True)
class Output:
    """A job's output folder as `hydra.sweep.dir` and the `hydra.sweep.subdir` in it, each as
    it is written once resolved."""

    sweep_dir: str
    subdir: str

    @property
    def path(self) -> str:
        """The folder, absolute, as `hydra.runtime.output_dir` has it."""
        return os.path.abspath(os.path.join(self.sweep_dir, self.subdir))  # noqa: PTH100, PTH118

    def moved_to(self, path: str) -> Output:
        """The same job's output in another folder: where that lies in this sweep's folder,
        another `subdir`."""
        sweep_dir, wanted = PurePath(os.path.abspath(self.sweep_dir)), PurePath(path)  # noqa: PTH100
        if wanted.is_relative_to(sweep_dir):
            return Output(self.sweep_dir, str(wanted.relative_to(sweep_dir)))
        return Output(str(wanted.parent), wanted.name)

    def with_texts(self, texts: Mapping[str, str]) -> Output:
        """The same with other texts in the place of some."""
        sweep_dir, subdir = self.sweep_dir, self.subdir
        for before, text in texts.items():
            sweep_dir, subdir = sweep_dir.replace(before, text), subdir.replace(before, text)
        return Output(sweep_dir, subdir)

    def settings(self, before: Output) -> dict[str, Value]:
        """What has to be set below `hydra` for a job that would put its output in `before`."""
        wanted = {"sweep.dir": self.sweep_dir, "sweep.subdir": self.subdir}
        given = {"sweep.dir": before.sweep_dir, "sweep.subdir": before.subdir}
        return {name: value for name, value in wanted.items() if given[name] != value}


def find_output(config: DictConfig) -> Output:
    """The output of a job with this whole configuration, resolved as Hydra does when it
    starts the job. Raises Mistake for what cannot be resolved."""
    with hydra_config(lambda: config):
        return Output(*(_resolve(config, f"hydra.sweep.{name}") for name in ("dir", "subdir")))


def find_sweep_dir(config: DictConfig) -> str:
    """The folder of a sweep, absolute. Raises Mistake if it cannot be resolved."""
    return os.path.abspath(_resolve(config, "hydra.sweep.dir"))  # noqa: PTH100


def _resolve(config: DictConfig, name: str) -> str:
    try:
        return str(OmegaConf.select(config, name))
    except (OmegaConfBaseException, ValueError) as error:
        raise Mistake(f"{name} cannot be resolved: {why_unresolved(error, config)}") from error


def as_overrides(settings: dict[str, Any]) -> list[str]:
    """Texts set below `hydra`, as override strings that say just these texts."""
    return [f"hydra.{name}={quoted(str(value))}" for name, value in settings.items()]
