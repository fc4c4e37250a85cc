"""Composition, once for each combination of config groups.

Hydra composes the groups that a trial chooses; the trial's other overrides are applied to a
copy by Hydra's own code, in their order, exactly as Hydra does after it has merged the
defaults list. What Hydra derives from the overrides (`hydra.overrides`, the directory name
made of them) is derived again for each trial.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

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

from runner.compose.changes import Plain, PlainValue, change_config, plain_changes, read_change
from runner.compose.closed import depends_on_marks_alone
from runner.compose.files import TASK_MARK, Marks, Template, list_text, marks_for, write_files
from runner.compose.grammar import (
    is_for_hydra,
    name_of,
    one_line,
    parse_override,
    why_unresolved,
)
from runner.compose.job import drop_nodes, hydra_config
from runner.compose.logs import LogSettings, find_log_settings
from runner.compose.output import Output, find_output
from runner.compose.project import not_utf8
from runner.compose.reference import read_entry, read_flags, read_operation
from runner.errors import Mistake
from runner.model import Flags, Operation, Value

_T = TypeVar("_T")

#: What Hydra raises for a configuration or an override that it does not take, some of it
#: unawares: TypeError for `~list.0`, KeyError for an unset variable of `hydra.job.env_copy`,
#: OSError for YAML that is a number, AssertionError for an entry below a null, RecursionError
#: for a config among its own defaults.
REFUSALS = (
    HydraException,
    OmegaConfBaseException,
    yaml.YAMLError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)

#: Every base of this process by its key: a forked worker finds it here.
_BASES: dict[int, Base] = {}


@dataclass(frozen=True, eq=False)
class Base:
    """The composition of one combination of config groups, before any value override.

    `whole` is the pickled configuration, Hydra's node included (a fresh copy is four times
    as fast as by deepcopy), `job` is that without it; `plain` is the latter as plain values,
    if it holds no others. `sources` are Hydra's config sources, `mode` is `hydra.mode` (RUN,
    MULTIRUN or None), `chdir` is `hydra.job.chdir` (None where it is an interpolation);
    `output_subdir` is Hydra's, as it is written; `dirname` are the settings of
    `hydra.job.config.override_dirname`; `needs_hydra` tells whether a job's values or
    environment can depend on Hydra's node, `sets_environment` whether there is any
    `hydra.job.env_set`, `has_chdir` whether `hydra.job.chdir` says yes or no.
    """

    key: int
    whole: bytes
    job: bytes
    plain: Plain | None
    sources: Sequence[Mapping[str, str]]
    mode: str | None
    chdir: bool | None
    output_subdir: str | None
    dirname: Mapping[str, Any]
    needs_hydra: bool
    sets_environment: bool
    has_chdir: bool

    @cached_property
    def _known(self) -> dict[Any, Any]:
        """What was found out for one trial and holds for others."""
        return {}

    def hydra_template(self, marks: Marks) -> Template:
        """hydra.yaml with places for settings and for the task's overrides."""

        def make() -> Template:
            config = OmegaConf.masked_copy(self._marked(marks), "hydra")
            return Template(OmegaConf.to_yaml(config), marks)

        return self._once(("hydra", marks), make)

    def job_template(self, marks: Marks) -> Template:
        """config.yaml with places for values."""

        def make() -> Template:
            config = change_config(pickle.loads(self.job), dict(marks))
            return Template(OmegaConf.to_yaml(config), marks)

        return self._once(("job", marks), make)

    def log_settings(self, marks: Marks) -> LogSettings | None:
        """How jobs log, if that depends on nothing but the settings with marks."""

        def make() -> LogSettings | None:
            config = self._marked(marks)
            with hydra_config(lambda: config):
                return find_log_settings(config, marks)

        return self._once(("log", marks), make)

    def output(self, marks: Marks) -> Output | None:
        """Where jobs put their output, if that depends on nothing but the settings with
        marks, which stand in it."""

        def make() -> Output | None:
            config = self._marked(marks)
            names = ("sweep.dir", "sweep.subdir")
            if all(
                depends_on_marks_alone(config.hydra, name, marks, or_now=True) for name in names
            ):
                return find_output(config)
            return None

        return self._once(("output", marks), make)

    def operation(self) -> Operation:
        """What to run. Raises Mistake."""
        return self._once("operation", lambda: read_operation(pickle.loads(self.job)))

    def flags(self, leave_out: tuple[str, ...], is_strict: bool) -> Flags:
        """The flags without any override, as `read_flags` gives them. Raises Mistake."""

        def make() -> Flags:
            return read_flags(pickle.loads(self.job), leave_out, is_strict=is_strict)

        return self._once(("flags", leave_out, is_strict), make)

    def _marked(self, marks: Marks) -> DictConfig:
        return _with_settings(pickle.loads(self.whole), dict(marks), [TASK_MARK])

    def _once(self, key: Any, make: Callable[[], _T]) -> _T:
        if key not in self._known:
            self._known[key] = make()
        found: _T = self._known[key]
        return found

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
    sets_environment = bool(job.env_set)
    task = drop_nodes(config, "hydra")
    base = Base(
        key=len(_BASES),
        whole=whole,
        job=pickle.dumps(task),
        plain=Plain.of(task),
        sources=sources,
        mode=None if mode is None else mode.name,
        chdir=None if OmegaConf.is_interpolation(job, "chdir") else bool(job.chdir),
        output_subdir=subdir,
        dirname=dirname,
        needs_hydra=sets_environment or "hydra" in OmegaConf.to_yaml(task),
        sets_environment=sets_environment,
        has_chdir=isinstance(job._get_node("chdir")._value(), bool),
    )
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
        raise Mistake(f"{name} cannot be resolved: {why_unresolved(error, config)}") from error
    if not isinstance(plain, dict):
        return {}
    # These are kept and shown as they are, so what comes from the environment stays out.
    return {
        **plain,
        **{name: read_entry(sweeper, name) for name in ("label", "tags") & plain.keys()},
    }


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
    `changes` is what `values` come to, where base and values are plain.
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
        apply_overrides(self.values, config)
        return config

    def load(self) -> DictConfig:
        """The whole configuration, as Hydra would hand it to this job."""
        config: DictConfig = pickle.loads(self.base.whole)
        if self.changes is not None:
            change_config(config, self.changes)
        else:
            apply_overrides(self.values, config)
        return _with_settings(config, self._settings, self.task)

    def plain(self) -> dict[str, Any] | None:
        """A copy of the job's configuration as plain values, nested, if it holds no others."""
        if self.changes is None or self.base.plain is None:
            return None
        return self.base.plain.tree(self.changes)

    def operation(self) -> Operation:
        """What to run. Raises Mistake."""
        return read_operation(self.job()) if self.changes is None else self.base.operation()

    def flags(self, leave_out: tuple[str, ...] = (), *, is_strict: bool = True) -> Flags:
        """The flags, as `runner.compose.reference.read_flags` gives them. Raises Mistake."""
        if self.changes is None:
            return read_flags(self.job(), leave_out, is_strict=is_strict)
        return {**self.base.flags(leave_out, is_strict), **self.changes}

    def write_files(self, folder: Path) -> None:
        """Write the configuration where `hydra.output_subdir` says, as Hydra does; nothing
        if it is null. Nothing is resolved: what comes from the environment stays a reference.
        """
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

    def output(self) -> Output:
        """Where the job puts its output as Hydra has it. Raises Mistake if only the job
        itself can tell."""
        marks = marks_for(self._settings)
        known = None if self.sets_hydra else self.base.output(marks)
        if known is None:
            return find_output(self.load())
        texts = {str(mark): str(self._settings[name]) for name, mark in marks}
        return known.with_texts(texts)

    @property
    def log_settings(self) -> tuple[LogSettings, Mapping[str, Value]] | None:
        """What the job's logging is, with the settings below `hydra` that it depends on, if
        it depends on nothing else."""
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
        return OmegaConf.to_yaml(OmegaConf.masked_copy(self.load(), "hydra"))

    @cached_property
    def sets_hydra(self) -> bool:
        """Whether a value of the trial's own mentions Hydra's node."""
        return self.changes is None and any("hydra" in text for text in self.values)

    @cached_property
    def _settings(self) -> Mapping[str, Value]:
        return {**_override_dirname(self.base, self.task), **self.hydra}

    @property
    def needs_hydra(self) -> bool:
        """Whether a flag, an argument or the environment can depend on Hydra's node."""
        return self.base.needs_hydra or self.sets_hydra

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
        if self.base.chdir is None or self.sets_hydra:
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
    overrides = [_named(text) for text in task]
    return {"job.override_dirname": compute(overrides=overrides, **base.dirname)}


def _named(text: str) -> Any:
    """What of an override makes the name of a folder."""
    change = read_change(text)
    if change is None:
        return parse_override(text)
    return SimpleNamespace(key_or_group=change[0], input_line=text)


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
    if isinstance(error, RecursionError):
        return "the configuration does not compose: a config is among its own defaults"
    if isinstance(error, AssertionError):
        return "the configuration does not compose: hydra must be a mapping of Hydra's settings"
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
            self._explain_cause(error, texts)
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
            self._explain_cause(error, [*self._in_force, *task])
            raise Mistake(explain_composition(error)) from error

    def _explain_cause(self, error: Exception, overrides: Sequence[str]) -> None:
        """Raise Mistake for what can be told better than Hydra does, if it is that."""
        for text in overrides:
            parse_override(text)
        if "codec can't decode" in str(error):
            for path in not_utf8(self.sources()):
                raise Mistake(f"YAML that does not parse: {path} is not UTF-8") from error
        if "Config group override must be a string or a list" in str(error):
            for text in overrides:
                value = parse_override(text)._value
                if self.is_group_choice(text) and not isinstance(value, (str, list)):
                    name = name_of(parse_override(text))
                    raise Mistake(
                        f"{text}: {name} is a config group: give the name of a config in it"
                    ) from error
        if isinstance(error, AssertionError) or "is None" in f"{error} {error.__cause__}":
            for text in overrides:
                if parse_override(text).key_or_group.startswith("hydra.sweeper.params."):
                    raise Mistake(
                        f"{text}: hydra.sweeper.params is for YAML; on the command line, "
                        "sweep with -m name=value,…"
                    ) from error

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
        change = read_change(text)
        if change is not None:
            return self._is_group(change[0])
        override = parse_override(text)
        if isinstance(override._value, dict) or getattr(override, "is_value_path", False):
            return False
        name = override.key_or_group
        return self._is_group(name) or (override.is_delete() and self._deletes_config(name))

    def _is_group(self, name: str) -> bool:
        if name not in self._groups:
            self._groups[name] = bool(self._open_repository().group_exists(name))
        return self._groups[name]

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
        changes = None if base.plain is None else plain_changes(base.plain, values)
        return TrialConfig(base, tuple(task), values, {}, changes)


def split_overrides(texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """Override strings as those of Hydra's own configuration and those of the task."""
    hydra: list[str] = []
    task: list[str] = []
    for text in texts:
        (hydra if is_for_hydra(text) else task).append(text)
    return hydra, task
