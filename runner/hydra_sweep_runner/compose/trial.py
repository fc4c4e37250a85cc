"""A trial's configuration: the composition of its config groups, with its other overrides applied.

A base is composed once for all trials that choose the same groups. A trial's other overrides are
applied to a copy, in order: by Hydra's own code, exactly as Hydra does after merging the defaults
list, or without it if all values are plain. What Hydra derives from the overrides
(`hydra.overrides`, the folder name made from them) is derived again for each trial.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hydra._internal import config_loader_impl
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hydra_sweep_runner.compose.base import Base, hydra_yaml, with_settings
from hydra_sweep_runner.compose.fast.changes import (
    PlainValue,
    change_config,
    read_change,
)
from hydra_sweep_runner.compose.fast.job_logging import LogSettings
from hydra_sweep_runner.compose.fast.templates import (
    list_text,
    marks_for,
    write_files,
)
from hydra_sweep_runner.compose.output_dir import OutputDir, find_output
from hydra_sweep_runner.compose.overrides import gives_sweep, parse_override
from hydra_sweep_runner.compose.reference import read_entry, read_flags, read_operation
from hydra_sweep_runner.compose.resolution_errors import one_line, why_unresolved
from hydra_sweep_runner.compose.value_overrides import apply_overrides
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Flags, Operation, Value


@dataclass(frozen=True, eq=False)
class TrialConfig:
    """A trial's configuration: a base, and the changes to it (a `JobConfig`).

    `task` are all the trial's overrides as given, `values` those that are not config group choices.
    `hydra` maps dotted names below `hydra` to this job's settings. `changes` are the effects of
    `values`, if base and values are plain.
    """

    base: Base
    task: tuple[str, ...]
    values: tuple[str, ...]
    hydra: Mapping[str, Value]
    changes: Mapping[str, PlainValue] | None = None

    def job(self) -> DictConfig:
        """The configuration without Hydra's node. Raises Mistake if it cannot be composed."""
        config: DictConfig = pickle.loads(self.base.job)
        if self.changes is not None:
            return change_config(config, self.changes)
        apply_overrides(self.values, config, self.base.choices)
        return config

    def load(self) -> DictConfig:
        """The whole configuration, as Hydra would pass it to this job."""
        config: DictConfig = pickle.loads(self.base.whole)
        if self.changes is not None:
            change_config(config, self.changes)
        else:
            apply_overrides(self.values, config, self.base.choices)
        return with_settings(config, self._settings, self.task)

    def with_values(
        self, texts: Sequence[str], is_group: Callable[[str], bool]
    ) -> TrialConfig | None:
        """The configuration with these overrides after its own, which is found quickly where each
        gives a plain value to another name; None if one does anything else. `is_group` tells the
        names of config groups."""
        if self.changes is None or self.base.plain is None:
            return None
        changes, names = dict(self.changes), self.base.plain.names
        for text in texts:
            change = read_change(text)
            if change is None:
                return None
            name, value = change
            if name in changes or name not in names or is_group(name):
                return None
            changes[name] = value
        given = tuple(texts)
        return TrialConfig(self.base, self.task + given, self.values + given, {}, changes)

    def plain(self) -> dict[str, Any] | None:
        """A copy of the job's configuration as nested plain values; None if some are not plain."""
        if self.changes is None or self.base.plain is None:
            return None
        return self.base.plain.tree(self.changes)

    def operation(self) -> Operation:
        """The operation to run. Raises Mistake."""
        return read_operation(self.job()) if self.changes is None else self.base.operation()

    def flags(
        self,
        leave_out: tuple[str, ...] = (),
        *,
        is_strict: bool = True,
        keeps_unknown: bool = False,
    ) -> Flags:
        """The flags, as `compose.reference.read_flags` returns them. Raises Mistake."""
        if self.changes is None:
            how = {"is_strict": is_strict, "keeps_unknown": keeps_unknown}
            return read_flags(self.job(), leave_out, **how)
        return {**self.base.flags(leave_out, is_strict, keeps_unknown), **self.changes}

    def write_files(self, folder: Path) -> None:
        """Write the configuration to the folder in `hydra.output_subdir`, as Hydra does; nothing if
        it is null. Values from the environment stay references."""
        subdir = self.base.output_subdir
        if subdir is not None and "${" in subdir:
            subdir = self.load().hydra.output_subdir
        if subdir is None:
            return
        texts = (
            ("config.yaml", self._job_text() or OmegaConf.to_yaml(self.job())),
            ("hydra.yaml", self._hydra_text() or self._hydra_text_anew()),
            ("overrides.yaml", list_text(self.task)),
        )
        write_files(f"{folder}/{subdir}", texts)

    def output(self) -> OutputDir:
        """The job's output folder, as Hydra determines it. Raises Mistake if only the job itself
        can resolve it."""
        marks = marks_for(self._settings)
        known = None if self.sets_hydra else self.base.output(marks)
        if known is None:
            return find_output(self.load())
        texts = {str(mark): str(self._settings[name]) for name, mark in marks}
        return known.with_texts(texts)

    @property
    def log_settings(self) -> tuple[LogSettings, Mapping[str, Value]] | None:
        """The job's logging settings, with the settings below `hydra` that they depend on; None if
        they may depend on anything else."""
        if self.sets_hydra:
            return None
        known = self.base.log_settings(marks_for(self._settings))
        return None if known is None else (known, self._settings)

    def _job_text(self) -> str | None:
        if self.changes is None:
            return None
        return self.base.job_template(marks_for(dict.fromkeys(self.changes, ""))).fill(self.changes)

    def _hydra_text(self) -> str | None:
        template = self.base.hydra_template(marks_for(self._settings))
        return template.fill(self._settings, self.task)

    def _hydra_text_anew(self) -> str:
        return hydra_yaml(self.load())

    @cached_property
    def sets_hydra(self) -> bool:
        """Whether a value of the trial's own refers to Hydra's node."""
        return self.changes is None and any("hydra" in text for text in self.values)

    @cached_property
    def _settings(self) -> Mapping[str, Value]:
        return {**_override_dirname(self.base, self.task), **self.hydra}

    @property
    def needs_hydra(self) -> bool:
        """Whether a flag, an argument or the environment may depend on Hydra's node."""
        return self.base.needs_hydra or self.sets_hydra

    @property
    def sweeper(self) -> Mapping[str, Any]:
        """The content of `hydra.sweeper` for this trial, as plain values. Raises Mistake."""
        return sweeper_settings(self.load())

    def launcher(self, *names: str) -> tuple[Any, ...]:
        """The values of these keys in `hydra.launcher`, None for missing ones. Its other keys are
        not resolved. Raises Mistake."""
        config = self.load()
        try:
            return tuple(OmegaConf.select(config, f"hydra.launcher.{name}") for name in names)
        except OmegaConfBaseException as error:
            raise Mistake(f"hydra.launcher cannot be resolved: {one_line(error)}") from error

    @property
    def chdir(self) -> bool:
        """Whether the job works in its own folder (`hydra.job.chdir`)."""
        if self.base.chdir is None or self.sets_hydra:
            return bool(self.load().hydra.job.chdir)
        return self.base.chdir

    def with_hydra(self, settings: Mapping[str, Value]) -> TrialConfig:
        """The same configuration with further settings below `hydra`."""
        return replace(self, hydra={**self.hydra, **settings})


def sweeper_settings(config: DictConfig) -> Mapping[str, Any]:
    """The content of `hydra.sweeper` in a configuration, as plain values. Raises Mistake for values
    that cannot be resolved."""
    sweeper = config.hydra.sweeper
    try:
        plain: Any = OmegaConf.to_container(sweeper, resolve=True) if sweeper is not None else {}
    except (OmegaConfBaseException, ValueError) as error:
        name = getattr(error, "full_key", None) or "hydra.sweeper"
        raise Mistake(f"{name} cannot be resolved: {why_unresolved(error, config)}") from error
    if not isinstance(plain, dict):
        return {}
    # These are recorded and shown, so they must not contain values of the environment.
    shown = ("label", "tags", "params")
    kept = {name: read_entry(sweeper, name) for name in shown if name in plain}
    _refuse_hidden_sweeps(plain.get("params"), kept.get("params"))
    return {**plain, **kept}


def _refuse_hidden_sweeps(params: Any, kept: Any) -> None:
    """Raise Mistake for a sweep whose values come from the environment: only the reference would be
    recorded, which is a single value."""
    for name in kept if isinstance(kept, dict) else ():
        is_hidden = not gives_sweep(f"{name}={kept[name]}")
        if kept[name] != params[name] and is_hidden and gives_sweep(f"{name}={params[name]}"):
            raise Mistake(
                f"hydra.sweeper.params.{name} is {kept[name]}, which gives several values: what "
                f"comes from the environment is never recorded, so it is no sweep; write "
                f"{name}=… with the values, in YAML or on the command line"
            )


def _override_dirname(base: Base, task: Sequence[str]) -> dict[str, Value]:
    # Hydra 1.4 computes it by a resolver, on access.
    compute = getattr(config_loader_impl, "get_overrides_dirname", None)
    if compute is None:
        return {}
    overrides = [_named(text) for text in task]
    return {"job.override_dirname": compute(overrides=overrides, **base.dirname)}


def _named(text: str) -> Any:
    """The part of an override that its folder name is made from."""
    change = read_change(text)
    if change is None:
        return parse_override(text)
    return SimpleNamespace(key_or_group=change[0], input_line=text)
