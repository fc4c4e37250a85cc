"""Composition, once for each combination of config groups.

Hydra composes the groups that a trial chooses; the trial's other overrides are applied to a
copy by Hydra's own code, in their order, exactly as Hydra does after it has merged the
defaults list. What Hydra derives from the overrides (`hydra.overrides`, the directory name
made of them) is derived again for each trial.
"""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import hydra
import yaml
from hydra._internal import config_loader_impl
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

from runner.compose.files import TASK_MARK, Marks, hydra_text, write_files
from runner.compose.grammar import is_for_hydra, name_of, one_line, parse_override
from runner.compose.job import drop_nodes
from runner.errors import Mistake
from runner.model import Value

#: What Hydra raises for a configuration or an override that it does not take, some of it
#: unawares: TypeError for `~list.0`, KeyError for an unset variable of `hydra.job.env_copy`.
REFUSALS = (
    HydraException,
    OmegaConfBaseException,
    yaml.YAMLError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)

#: Every base of this process by its key: a forked worker finds it here.
_BASES: dict[int, Base] = {}

#: Texts of hydra.yaml with marks, by base and settings.
_MARKED: dict[tuple[int, Marks], str] = {}


@dataclass(frozen=True, eq=False)
class Base:
    """The composition of one combination of config groups, before any value override.

    `whole` is the pickled configuration, Hydra's node included (a fresh copy is four times
    as fast as by deepcopy); `job` is the configuration without it, never changed. `sources`
    are Hydra's config sources, `mode` is `hydra.mode` (RUN, MULTIRUN or None), `chdir` is
    `hydra.job.chdir` (None where it is an interpolation); `output_subdir` is Hydra's, as it
    is written; `dirname` are the settings of `hydra.job.config.override_dirname`;
    `needs_hydra` tells whether a job's values or environment can depend on Hydra's node.
    """

    key: int
    whole: bytes
    job: DictConfig
    sources: Sequence[Mapping[str, str]]
    mode: str | None
    chdir: bool | None
    output_subdir: str | None
    dirname: Mapping[str, Any]
    needs_hydra: bool

    def marked_text(self, marks: Marks) -> str:
        """hydra.yaml with marks in the place of settings and of the task's overrides."""
        key = (self.key, marks)
        if key not in _MARKED:
            config = _with_settings(pickle.loads(self.whole), dict(marks), [TASK_MARK])
            _MARKED[key] = OmegaConf.to_yaml(OmegaConf.masked_copy(config, "hydra"))
        return _MARKED[key]

    def __reduce__(self) -> Any:
        return _known_base, (self.key,)


def _known_base(key: int) -> Base:
    return _BASES[key]


def take_in(fields: Mapping[str, Any]) -> Base:
    """A base of another process, from its fields, as one of this process's own."""
    base = Base(**{**fields, "key": len(_BASES)})
    _BASES[base.key] = base
    return base


def _base_of(config: DictConfig) -> Base:
    whole = pickle.dumps(config)
    mode = config.hydra.mode
    job = config.hydra.job
    sources: Any = OmegaConf.to_container(config.hydra.runtime.config_sources)
    dirname: Any = OmegaConf.to_container(job.config.override_dirname, resolve=True)
    subdir: Any = config.hydra._get_node("output_subdir")._value()
    base = Base(
        key=len(_BASES),
        whole=whole,
        sources=sources,
        mode=None if mode is None else mode.name,
        chdir=None if OmegaConf.is_interpolation(job, "chdir") else bool(job.chdir),
        output_subdir=subdir,
        dirname=dirname,
        needs_hydra=bool(job.env_set),
        job=drop_nodes(config, "hydra"),
    )
    if "hydra" in OmegaConf.to_yaml(base.job):
        base = replace(base, needs_hydra=True)
    _BASES[base.key] = base
    return base


def sweeper_settings(config: DictConfig) -> Mapping[str, Any]:
    """What `hydra.sweeper` holds in a configuration, as plain values. Raises Mistake for what
    cannot be resolved."""
    sweeper = config.hydra.sweeper
    try:
        plain: Any = OmegaConf.to_container(sweeper, resolve=True) if sweeper is not None else {}
    except (OmegaConfBaseException, ValueError) as error:
        name = getattr(error, "full_key", None) or "hydra.sweeper"
        raise Mistake(f"{name} cannot be resolved: {one_line(error)}") from error
    return plain if isinstance(plain, dict) else {}


@dataclass(frozen=True, eq=False)
class SweepConfig:
    """A batch's configuration as Hydra composes it, with all sweeps left out: what its
    launcher and its sweeper are made from."""

    config: DictConfig

    @property
    def sweeper(self) -> Mapping[str, Any]:
        """What `hydra.sweeper` holds, as plain values."""
        return sweeper_settings(self.config)

    @property
    def launcher_names(self) -> frozenset[str]:
        """The names of what `hydra.launcher` holds."""
        launcher = self.config.hydra.launcher
        return frozenset() if launcher is None else frozenset(str(name) for name in launcher)


@dataclass(frozen=True, eq=False)
class TrialConfig:
    """A trial's configuration: a base and what is applied to it (a `JobConfig`).

    `task` are all the trial's overrides as given, `values` those that are no config group
    choices; `hydra` maps dotted names below `hydra` to what is set there for this job.
    """

    base: Base
    task: tuple[str, ...]
    values: tuple[str, ...]
    hydra: Mapping[str, Value]

    def job(self) -> DictConfig:
        """The configuration without Hydra's node. Raises Mistake if it cannot be composed."""
        config = copy.deepcopy(self.base.job)
        apply_overrides(self.values, config)
        return config

    def load(self) -> DictConfig:
        """The whole configuration, as Hydra would hand it to this job."""
        config: DictConfig = pickle.loads(self.base.whole)
        apply_overrides(self.values, config)
        settings = {**_override_dirname(self.base, self.task), **self.hydra}
        return _with_settings(config, settings, self.task)

    def write_files(self, folder: Path) -> None:
        """Write the configuration where `hydra.output_subdir` says, as Hydra does; nothing
        if it is null. Nothing is resolved: what comes from the environment stays a reference.
        """
        subdir = self.base.output_subdir
        if subdir is not None and "${" in subdir:
            subdir = self.load().hydra.output_subdir
        if subdir is None:
            return
        settings = {**self.hydra, **_override_dirname(self.base, self.task)}
        text = hydra_text(settings, self.task, self.base.marked_text)
        if text is None:
            text = OmegaConf.to_yaml(OmegaConf.masked_copy(self.load(), "hydra"))
        write_files(folder / subdir, task=self.job(), hydra=text, overrides=self.task)

    @property
    def needs_hydra(self) -> bool:
        """Whether a flag, an argument or the environment can depend on Hydra's node."""
        return self.base.needs_hydra or any("hydra" in text for text in self.values)

    @property
    def sweeper(self) -> Mapping[str, Any]:
        """What `hydra.sweeper` holds for this trial, as plain values. Raises Mistake."""
        return sweeper_settings(self.load())

    def launcher(self, *names: str) -> tuple[Any, ...]:
        """What `hydra.launcher` holds under these names, None where there is no such. Nothing
        else of it is resolved. Raises Mistake."""
        config = self.load()
        try:
            return tuple(OmegaConf.select(config, f"hydra.launcher.{name}") for name in names)
        except OmegaConfBaseException as error:
            raise Mistake(f"hydra.launcher cannot be resolved: {one_line(error)}") from error

    @property
    def chdir(self) -> bool:
        """Whether the job works in its own folder (`hydra.job.chdir`)."""
        if self.base.chdir is None or any("hydra" in text for text in self.values):
            return bool(self.load().hydra.job.chdir)
        return self.base.chdir

    def with_hydra(self, settings: Mapping[str, Value]) -> TrialConfig:
        """The same with more set below `hydra`."""
        return replace(self, hydra={**self.hydra, **settings})


def _with_settings(
    config: DictConfig, settings: Mapping[str, Value], task: Sequence[str]
) -> DictConfig:
    """Set what differs from trial to trial below `hydra`, in place."""
    with read_write(config.hydra), open_dict(config.hydra):
        config.hydra.overrides.task = list(task)
        for name, value in settings.items():
            OmegaConf.update(config.hydra, name, value, force_add=True)
    return config


def _override_dirname(base: Base, task: Sequence[str]) -> dict[str, Value]:
    # Hydra 1.4 computes it by a resolver, when asked.
    compute = getattr(config_loader_impl, "get_overrides_dirname", None)
    if compute is None:
        return {}
    overrides = [parse_override(text) for text in task]
    return {"job.override_dirname": compute(overrides=overrides, **base.dirname)}


def apply_overrides(texts: Iterable[str], config: DictConfig) -> None:
    """Apply value overrides to a configuration, in their order, as Hydra does.

    Raises Mistake, naming the override, for one that the configuration does not take.
    """
    for text in texts:
        override = parse_override(text)
        try:
            ConfigLoaderImpl._apply_overrides_to_config([override], config)
        except REFUSALS as error:
            raise Mistake(_explain(error, override, config)) from error


def _explain(error: Exception, override: Override, config: DictConfig) -> str:
    text = override.input_line
    if "Could not override" in str(error):
        names = [str(key) for key in config if key not in ("hydra", "operation")]
        close = get_close_matches(override.key_or_group, names, n=1)
        known = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
        if not names and not close:
            known = "the configuration has no flags"
        return f"{text}: unknown flag {name_of(override)!r}; {known} (to add one: +{text})"
    cause = error.__cause__ or error.__context__ or error
    said = one_line(cause) if isinstance(cause, OmegaConfBaseException) else one_line(error)
    return f"{text}: {said}"


def explain_composition(error: Exception) -> str:
    """One line for an error that Hydra raised while it composed."""
    if isinstance(error, yaml.YAMLError):
        return f"YAML that does not parse: {one_line(error)}"
    said = one_line(error).split(" Config search path:")[0].removesuffix(";")
    cause = error.__cause__
    if isinstance(cause, OmegaConfBaseException):
        said = f"{said}: {one_line(cause)}"
    said = re.sub(r"(Available options in '[^']*':) (.*)", _listed, said)
    return f"the configuration does not compose: {said}"


def _listed(match: re.Match[str]) -> str:
    return f"{match[1]} {match[2].rstrip(';').replace(';', ',')}"


class Composer:
    """Composes a project's configurations. Not thread-safe: one process-wide Hydra."""

    def __init__(
        self,
        loader: ConfigLoader,
        config_name: str | None,
        hydra_overrides: Sequence[str],
        *,
        passing: Sequence[str] = (),
        cache: Mapping[str, Any] | None = None,
    ) -> None:
        """`passing` are more overrides of Hydra's configuration, which hold for this
        composer, in the place of those of the same name, and are not to be kept. `cache` is
        what every configuration takes as resolved already (`OmegaConf.get_cache`): the
        timestamps that a sweep's jobs share.
        """
        self._loader = loader
        self.config_name = config_name
        self.hydra_overrides = tuple(hydra_overrides)
        replaced = {name_of(parse_override(text)) for text in passing}
        kept = [text for text in hydra_overrides if name_of(parse_override(text)) not in replaced]
        self._in_force = (*kept, *passing)
        self._cache = cache
        self._bases: dict[tuple[str, ...], Base] = {}
        self._groups: dict[str, bool] = {}
        self._repository: Any = None

    @property
    def loader(self) -> ConfigLoader:
        """Hydra's loader, for what lists config groups."""
        return self._loader

    def sources(self) -> list[dict[str, str]]:
        """Hydra's config sources, as far as they are known without composing."""
        loader: Any = self._loader
        return [
            {"provider": source.provider, "schema": source.scheme(), "path": source.path}
            for source in loader.get_sources()
        ]

    def expand(self, texts: Sequence[str]) -> list[str]:
        """Override strings with the aliases that Hydra 1.4 knows replaced. Raises Mistake."""
        parse = getattr(self._loader, "parse_overrides", None)
        if parse is None:
            return list(texts)
        try:
            parsed = parse(self.config_name, list(texts))
        except REFUSALS as error:
            raise Mistake(explain_composition(error)) from error
        return [str(override.input_line) for override in parsed]

    def compose(self, task: Sequence[str], mode: RunMode) -> DictConfig:
        """Hydra's own composition with these overrides and Hydra's, sweeps left out in
        MULTIRUN mode. Raises Mistake."""
        try:
            return self._loader.load_configuration(
                config_name=self.config_name,
                overrides=[*self._in_force, *task],
                run_mode=mode,
                validate_sweep_overrides=True,
            )
        except REFUSALS as error:
            if "Could not override" in str(error):
                self._explain_values(task)
            raise Mistake(explain_composition(error)) from error

    def _explain_values(self, task: Sequence[str]) -> None:
        """Raise Mistake for the first value override that does not apply, if it is that."""
        single = [text for text in task if not parse_override(text).is_sweep_override()]
        values = [text for text in single if not self.is_group_choice(text)]
        if values:
            self.trial(single).job()

    def sweep(self, task: Sequence[str]) -> SweepConfig:
        """The configuration of a batch with these overrides. Raises Mistake."""
        return SweepConfig(self.compose(task, RunMode.MULTIRUN))

    def is_group_choice(self, text: str) -> bool:
        """Whether an override chooses a config of a group, rather than set a value."""
        override = parse_override(text)
        if isinstance(override._value, dict) or getattr(override, "is_value_path", False):
            return False
        name = override.key_or_group
        if name not in self._groups:
            self._groups[name] = bool(self._open_repository().group_exists(name))
        return self._groups[name] or (override.is_delete() and self._deletes_config(name))

    def _deletes_config(self, name: str) -> bool:
        # From Hydra 1.4 on `~path` takes a config out of the defaults list, groups or no.
        if hydra.__version__.startswith("1.3"):
            return False
        return bool(self._open_repository().config_exists(name))

    def _open_repository(self) -> Any:
        if self._repository is None:
            loader: Any = self._loader
            _, self._repository = loader._parse_overrides_and_create_caching_repo(
                self.config_name, list(self._in_force)
            )
        return self._repository

    def _compose_base(self, groups: Sequence[str]) -> Base:
        config = self.compose(groups, RunMode.RUN)
        if self._cache is not None:
            OmegaConf.set_cache(config, dict(self._cache))
        return _base_of(config)

    def trial(self, task: Sequence[str]) -> TrialConfig:
        """The configuration of one trial, given by overrides of one value each.

        Raises Mistake if Hydra cannot compose the groups; values are applied later.
        """
        groups = tuple(text for text in task if self.is_group_choice(text))
        values = tuple(text for text in task if text not in groups)
        base = self._bases.get(groups)
        if base is None:
            base = self._bases[groups] = self._compose_base(groups)
        return TrialConfig(base, tuple(task), values, {})


def split_overrides(texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """Override strings as those of Hydra's own configuration and those of the task."""
    hydra: list[str] = []
    task: list[str] = []
    for text in texts:
        (hydra if is_for_hydra(text) else task).append(text)
    return hydra, task
