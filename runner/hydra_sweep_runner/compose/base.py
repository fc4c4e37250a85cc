"""A base: the composition of one combination of config groups, before any value override.

Results that are the same for all trials of a base are kept with it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from hydra_sweep_runner.compose.fast.changes import (
    Plain,
    change_config,
)
from hydra_sweep_runner.compose.fast.job_logging import LogSettings, find_log_settings
from hydra_sweep_runner.compose.fast.shared_settings import depends_on_marks_alone
from hydra_sweep_runner.compose.fast.templates import (
    TASK_MARK,
    Marks,
    Template,
)
from hydra_sweep_runner.compose.hydra_settings import (
    HydraSettings,
    hydra_settings,
    settings_for_programs,
)
from hydra_sweep_runner.compose.job import drop_nodes, hydra_config
from hydra_sweep_runner.compose.job_environment import refer_to_environment
from hydra_sweep_runner.compose.output_dir import OutputDir, find_output
from hydra_sweep_runner.compose.reference import read_flags, read_operation
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Flags, Operation, Value

_T = TypeVar("_T")

#: All bases of this process, by key; forked workers find them here.
_BASES: dict[int, Base] = {}


@dataclass(frozen=True, eq=False)
class Base:
    """The composition of one combination of config groups, before any value override.

    `whole` is the pickled configuration, Hydra's node included (unpickling is four times as fast as
    deepcopy); `job` is the same without that node, and `plain` is `job` as plain values, if all are
    plain. `mode` is `hydra.mode` (RUN, MULTIRUN or None). `chdir` is `hydra.job.chdir` (None if it
    is an interpolation). `output_subdir` is Hydra's, unresolved. `dirname` are the settings in
    `hydra.job.config.override_dirname`. `needs_hydra` says whether a job's values or environment
    may depend on Hydra's node, `sets_environment` whether `hydra.job.env_set` has entries,
    `has_chdir` whether `hydra.job.chdir` is set. `for_programs` are the settings of Hydra that have
    an effect in Hydra programs alone (`settings_for_programs`). `choices` maps each config group
    but Hydra's own to its choice.
    """

    key: int
    whole: bytes
    job: bytes
    plain: Plain | None
    mode: str | None
    chdir: bool | None
    output_subdir: str | None
    dirname: Mapping[str, Any]
    needs_hydra: bool
    sets_environment: bool
    has_chdir: bool
    for_programs: tuple[str, ...]
    choices: Mapping[str, Value]

    @cached_property
    def hydra_settings(self) -> HydraSettings:
        """The settings of Hydra, as `hydra_settings.hydra_settings` gives all of them."""
        return hydra_settings(self.load())

    @cached_property
    def _known(self) -> dict[Any, Any]:
        """Results for one trial that are the same for others."""
        return {}

    def hydra_template(self, marks: Marks) -> Template:
        """hydra.yaml with places for settings and for the task's overrides."""

        def make() -> Template:
            return Template(hydra_yaml(self._marked(marks)), marks)

        return self._once(("hydra", marks), make)

    def job_template(self, marks: Marks) -> Template:
        """config.yaml with places for values."""

        def make() -> Template:
            config = change_config(pickle.loads(self.job), dict(marks))
            return Template(OmegaConf.to_yaml(config), marks)

        return self._once(("job", marks), make)

    def log_settings(self, marks: Marks) -> LogSettings | None:
        """The logging settings of jobs; None if they may depend on anything but the marks."""

        def make() -> LogSettings | None:
            config = self._marked(marks)
            with hydra_config(lambda: config):
                return find_log_settings(config, marks)

        return self._once(("log", marks), make)

    def output(self, marks: Marks) -> OutputDir | None:
        """The output folder of jobs, which contains marks; None if it may depend on anything but
        the marks."""

        def make() -> OutputDir | None:
            config = self._marked(marks)
            names = ("sweep.dir", "sweep.subdir")
            if all(
                depends_on_marks_alone(config.hydra, name, marks, or_now=True) for name in names
            ):
                return find_output(config)
            return None

        return self._once(("output", marks), make)

    def load(self) -> DictConfig:
        """The whole configuration, a copy."""
        config: DictConfig = pickle.loads(self.whole)
        return config

    def operation(self) -> Operation:
        """The operation to run. Raises Mistake."""
        return self._once("operation", lambda: read_operation(pickle.loads(self.job)))

    def flags(self, leave_out: tuple[str, ...], is_strict: bool, keeps_unknown: bool) -> Flags:
        """The flags without any override, as `read_flags` returns them. Raises Mistake."""

        def make() -> Flags:
            job = pickle.loads(self.job)
            return read_flags(job, leave_out, is_strict=is_strict, keeps_unknown=keeps_unknown)

        return self._once(("flags", leave_out, is_strict, keeps_unknown), make)

    def _marked(self, marks: Marks) -> DictConfig:
        return with_settings(pickle.loads(self.whole), dict(marks), [TASK_MARK])

    def _once(self, key: Any, make: Callable[[], _T]) -> _T:
        if key not in self._known:
            self._known[key] = make()
        found: _T = self._known[key]
        return found

    def __reduce__(self) -> Any:
        return _known_base, (self.key,)


def _known_base(key: int) -> Base:
    return _BASES[key]


def count_bases() -> int:
    """How many bases this process has; one that is forked from it now knows those whose keys are
    less."""
    return len(_BASES)


def register_base(fields: Mapping[str, Any]) -> Base:
    """Make a base of another process, given by its fields, one of this process."""
    base = Base(**{**fields, "key": len(_BASES)})
    _BASES[base.key] = base
    return base


def _choices(config: DictConfig) -> dict[str, Value]:
    found: Any = OmegaConf.to_container(config.hydra.runtime.choices)
    return {group: choice for group, choice in found.items() if not group.startswith("hydra/")}


def base_of(config: DictConfig) -> Base:
    """The base of a composed configuration, registered in this process."""
    whole = pickle.dumps(config)
    mode = config.hydra.mode
    job = config.hydra.job
    dirname: Any = OmegaConf.to_container(job.config.override_dirname, resolve=True)
    subdir: Any = config.hydra._get_node("output_subdir")._value()
    sets_environment = bool(job.env_set)
    choices = _choices(config)
    for_programs = settings_for_programs(config)
    task = drop_nodes(config, "hydra")
    base = Base(
        key=len(_BASES),
        whole=whole,
        job=pickle.dumps(task),
        plain=Plain.of(task),
        mode=None if mode is None else mode.name,
        chdir=None if OmegaConf.is_interpolation(job, "chdir") else bool(job.chdir),
        output_subdir=subdir,
        dirname=dirname,
        needs_hydra=sets_environment or "hydra" in OmegaConf.to_yaml(task),
        sets_environment=sets_environment,
        has_chdir=isinstance(job._get_node("chdir")._value(), bool),
        for_programs=for_programs,
        choices=choices,
    )
    _BASES[base.key] = base
    return base


def hydra_yaml(config: DictConfig) -> str:
    """Hydra's node as YAML, under its name."""
    config = refer_to_environment(config)
    alone: Any = OmegaConf.create({})
    alone._content["hydra"] = config._get_node("hydra")  # because masked_copy is slow
    return OmegaConf.to_yaml(alone)


def with_settings(
    config: DictConfig, settings: Mapping[str, Value], task: Sequence[str]
) -> DictConfig:
    """Set what differs from trial to trial below `hydra`, in place."""
    with read_write(config.hydra), open_dict(config.hydra):
        config.hydra.overrides.task = list(task)
        for name, value in settings.items():
            OmegaConf.update(config.hydra, name, value, force_add=True)
    return config
