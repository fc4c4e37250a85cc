"""A trial's configuration: the composition of its config groups, with its other overrides applied.

A base is composed once for all trials that choose the same groups. A trial's other overrides are
applied to a copy, in order: by Hydra's own code, exactly as Hydra does after merging the defaults
list, or without it if all values are plain. What Hydra derives from the overrides
(`hydra.overrides`, the folder name made from them) is derived again for each trial. Results that
are the same for other trials are kept with the base.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import yaml
from hydra._internal import config_loader_impl
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

from hydra_sweep_runner.compose.fast.changes import (
    NOT_FLAGS,
    Plain,
    PlainValue,
    change_config,
    read_change,
)
from hydra_sweep_runner.compose.fast.logs import LogSettings, find_log_settings
from hydra_sweep_runner.compose.fast.shared_settings import depends_on_marks_alone
from hydra_sweep_runner.compose.fast.templates import (
    TASK_MARK,
    Marks,
    Template,
    list_text,
    marks_for,
    write_files,
)
from hydra_sweep_runner.compose.job import drop_nodes, hydra_config
from hydra_sweep_runner.compose.job_environment import refer_to_environment
from hydra_sweep_runner.compose.output_dir import OutputDir, find_output
from hydra_sweep_runner.compose.overrides import (
    gives_sweep,
    name_of,
    one_line,
    option_as_meant,
    parse_override,
    why_unresolved,
)
from hydra_sweep_runner.compose.reference import read_entry, read_flags, read_operation
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Flags, Operation, Value
from hydra_sweep_runner.operation.run_options import OPTIONS, misspelt

_T = TypeVar("_T")

#: Names under which users may look for the number of trials at once.
JOBS_NAMES = frozenset(
    ("n_jobs", "n_job", "njobs", "jobs", "num_jobs", "max_jobs", "parallel", "workers")
)

# The most flags that are listed for an unknown one.
_MOST_NAMES = 20

#: The errors that Hydra raises for a configuration or an override that it does not accept, some
#: unintended: TypeError for `~list.0`, KeyError for an unset variable of `hydra.job.env_copy`,
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
    `has_chdir` whether `hydra.job.chdir` is set. `choices` maps each config group but Hydra's own
    to its choice.
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
    choices: Mapping[str, Value]

    @cached_property
    def _known(self) -> dict[Any, Any]:
        """Results for one trial that are the same for others."""
        return {}

    def hydra_template(self, marks: Marks) -> Template:
        """hydra.yaml with places for settings and for the task's overrides."""

        def make() -> Template:
            return Template(_hydra_yaml(self._marked(marks)), marks)

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


def register_base(fields: Mapping[str, Any]) -> Base:
    """Make a base of another process, given by its fields, one of this process."""
    base = Base(**{**fields, "key": len(_BASES)})
    _BASES[base.key] = base
    return base


def _choices(config: DictConfig) -> dict[str, Value]:
    found: Any = OmegaConf.to_container(config.hydra.runtime.choices)
    return {group: choice for group, choice in found.items() if not group.startswith("hydra/")}


def base_of(config: DictConfig) -> Base:
    whole = pickle.dumps(config)
    mode = config.hydra.mode
    job = config.hydra.job
    dirname: Any = OmegaConf.to_container(job.config.override_dirname, resolve=True)
    subdir: Any = config.hydra._get_node("output_subdir")._value()
    sets_environment = bool(job.env_set)
    choices = _choices(config)
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
        choices=choices,
    )
    _BASES[base.key] = base
    return base


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
        apply_overrides(self.values, config)
        return config

    def load(self) -> DictConfig:
        """The whole configuration, as Hydra would pass it to this job."""
        config: DictConfig = pickle.loads(self.base.whole)
        if self.changes is not None:
            change_config(config, self.changes)
        else:
            apply_overrides(self.values, config)
        return _with_settings(config, self._settings, self.task)

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
        return _hydra_yaml(self.load())

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


def _hydra_yaml(config: DictConfig) -> str:
    """Hydra's node as YAML, under its name."""
    config = refer_to_environment(config)
    alone: Any = OmegaConf.create({})
    alone._content["hydra"] = config._get_node("hydra")  # because masked_copy is slow
    return OmegaConf.to_yaml(alone)


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


def apply_overrides(texts: Iterable[str], config: DictConfig) -> None:
    """Apply value overrides to a configuration, in order, as Hydra does.

    Raises Mistake, naming the override, if the configuration does not accept it.
    """
    for text in texts:
        override = parse_override(text)
        try:
            ConfigLoaderImpl._apply_overrides_to_config([override], config)
        except REFUSALS as error:
            raise Mistake(_explain(error, override, config)) from error


def _names_near(name: str, config: DictConfig) -> str:
    """The flags to suggest for an unknown name: a similar one, or those of the deepest existing
    node on its path."""
    last = name.rpartition(".")[2]
    like = [each for each in _all_names(config, "") if _is_like(each.rpartition(".")[2], last)]
    same = [each for each in _all_names(config, "") if each.lower() == name.lower()]
    close = same or get_close_matches(name, like, n=1, cutoff=0.7)
    if close:
        return f"did you mean {close[0]}?"
    node, within, rest = config, "", name
    while "." in rest:
        key, _, rest = rest.partition(".")
        below = _below(node, key)
        if below is None:
            break
        node, within = below, f"{within}{key}."
    names = [str(key) for key in node if within or key not in NOT_FLAGS]
    near = get_close_matches(name.removeprefix(within).partition(".")[0], names, n=1)
    if near:
        return f"did you mean {within}{near[0]}?"
    if not names:
        return "the configuration has no flags" if not within else f"{within[:-1]} has none"
    where = f"{within[:-1]} has" if within else "there are"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{where} {', '.join(names[:_MOST_NAMES])}{more}"


def _below(node: DictConfig, key: Any) -> DictConfig | None:
    """The mapping under a key; None if there is none."""
    held: Any = node._content
    below = held.get(key) if isinstance(held, dict) else None
    is_mapping = isinstance(below, DictConfig) and isinstance(below._content, dict)
    return below if is_mapping else None


def jobs_hint(override: Override) -> str:
    """Where to set the number of jobs, if the override tried to set it as a flag or under another
    name."""
    value = str(override.input_line).partition("=")[2]
    return f"how many trials run at once is hydra.launcher.n_jobs={value}"


def _is_like(name: str, wanted: str) -> bool:
    return bool(get_close_matches(wanted, [name], n=1))


def _all_names(node: DictConfig, prefix: str) -> Iterator[str]:
    """The dotted names of all flags and of the nodes above them."""
    for key in node:
        if not prefix and key in NOT_FLAGS:
            continue
        yield f"{prefix}{key!s}"
        below = _below(node, key)
        if below is not None:
            yield from _all_names(below, f"{prefix}{key!s}.")


def _explain(error: Exception, override: Override, config: DictConfig) -> str:
    text = str(override.input_line)
    if "Could not override" in str(error):
        if override.key_or_group in OPTIONS:
            return f"{text}: unknown flag {name_of(override)!r}; the run option is +{text}"
        known = _names_near(override.key_or_group, config)
        if override.key_or_group in JOBS_NAMES and not known.startswith("did you mean"):
            return f"{text}: unknown flag {name_of(override)!r}; {jobs_hint(override)}"
        option = misspelt(override.key_or_group)
        if option is not None and not known.startswith("did you mean"):
            meant = option_as_meant(option, text.partition("=")[2])
            return f"{text}: unknown flag {name_of(override)!r}; did you mean {meant}?"
        return f"{text}: unknown flag {name_of(override)!r}; {known} (to add one: +{text})"
    cause = error.__cause__ or error.__context__ or error
    said = one_line(cause) if isinstance(cause, OmegaConfBaseException) else one_line(error)
    return f"{text}: {said}"
