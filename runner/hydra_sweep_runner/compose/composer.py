"""Composes configurations by Hydra itself, once for each combination of config groups.

`compose.value_overrides` applies a trial's other overrides to the result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import hydra
from hydra.core.config_loader import ConfigLoader
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hydra_sweep_runner.compose.base import Base, base_of
from hydra_sweep_runner.compose.elements import plain
from hydra_sweep_runner.compose.explain import (
    composition_mistake,
    explain_missing,
    explain_option_as_group,
    explain_second_choice,
    explain_unknown_group,
)
from hydra_sweep_runner.compose.fast.changes import plain_changes, read_change
from hydra_sweep_runner.compose.hydra_settings import different, hydra_settings
from hydra_sweep_runner.compose.number_names import with_name
from hydra_sweep_runner.compose.overrides import (
    is_group_of_step,
    is_sweep,
    name_in,
    parse_override,
)
from hydra_sweep_runner.compose.project import LEFT_OUT
from hydra_sweep_runner.compose.reading import Reading, ReadingLoader, reading_loader
from hydra_sweep_runner.compose.settings import explain_sweeper, unknown_setting
from hydra_sweep_runner.compose.trial import TrialConfig, sweeper_settings
from hydra_sweep_runner.compose.value_overrides import REFUSALS, apply_overrides
from hydra_sweep_runner.compose.within import settings_of_all, within
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Value
from hydra_sweep_runner.operation.flags import covered_by, flatten

_NO_SETTING = re.compile(r"Could not override '(hydra(?:\.|/sweeper/)[\w.]+)'")


@dataclass(frozen=True, eq=False)
class SweepConfig:
    """A batch's configuration as Hydra composes it, without all sweeps; its launcher and its
    sweeper are made from it."""

    config: DictConfig

    @property
    def sweeper(self) -> Mapping[str, Any]:
        """The content of `hydra.sweeper`, as plain values."""
        return sweeper_settings(self.config)

    @property
    def launcher(self) -> Mapping[str, Any]:
        """The content of `hydra.launcher`, as plain values; empty if it cannot be resolved."""
        launcher = self.config.hydra.launcher
        try:
            held: Any = OmegaConf.to_container(launcher, resolve=True) if launcher else {}
        except OmegaConfBaseException:
            return {}
        return held if isinstance(held, dict) else {}

    @property
    def launcher_names(self) -> frozenset[str]:
        """The keys of `hydra.launcher`."""
        launcher = self.config.hydra.launcher
        return frozenset() if launcher is None else frozenset(str(name) for name in launcher)


class Composer:
    """Composes a project's configurations. Not thread-safe: one process-wide Hydra."""

    def __init__(
        self,
        loader: ConfigLoader,
        config_name: str | None,
        hydra_overrides: Sequence[str],
        *,
        passing: Sequence[str] = (),
        copy: Path | None = None,
        cache: Mapping[str, Any] | None = None,
        config_path: str | None = None,
        config_dir: str | None = None,
    ) -> None:
        """`config_path` and `config_dir` are those of the `Recipe`. `copy` is the kept copy of the
        YAML that the loader reads, if it does. `passing` are further overrides of Hydra's
        configuration for this composer; they replace those of the same name and are not recorded.
        `cache` holds the resolved values that all configurations share (`OmegaConf.get_cache`): the
        timestamps of a sweep's jobs."""
        self._reading = Reading(copy)
        self._loader = reading_loader(loader, self._reading)
        self.config_name = config_name
        self.config_path = config_path
        self.config_dir = config_dir
        self.hydra_overrides = tuple(hydra_overrides)
        replaced = {name_in(text) for text in passing}
        kept = [text for text in hydra_overrides if name_in(text) not in replaced]
        self._in_force = (*kept, *passing)
        self._cache = cache
        self._bases: dict[tuple[str, ...], Base] = {}
        self._step_bases: dict[tuple[tuple[str, ...], tuple[str, ...]], Base] = {}
        self._ignored: dict[int, tuple[str, ...]] = {}
        self._settings_of_all = settings_of_all(self._compose_base)
        self._groups: dict[str, bool] = {}
        self._repository: Any = None

    @property
    def loader(self) -> ReadingLoader:
        """Hydra's loader, for listing config groups, and for launchers that compose by themselves:
        it composes from the same files as this composer."""
        return self._loader

    @property
    def environment(self) -> Mapping[str, str | None]:
        """The environment variables that determine which configs are composed, with their
        values."""
        return self._reading.environment

    def use_environment(self, environment: Mapping[str, str | None]) -> None:
        """Compose as if these variables had these values, where they determine which configs are
        composed."""
        self._reading.use_environment(environment)

    def files(self) -> dict[str, bytes]:
        """The project's own YAML as it was read, by its path in a copy."""
        return self._reading.files()

    def expand(self, texts: Sequence[str]) -> list[str]:
        """The override strings with Hydra 1.4's aliases replaced. Raises Mistake."""
        parse = getattr(self._loader, "parse_overrides", None)
        if parse is None:
            return list(texts)
        plain = [text for text in texts if not is_group_of_step(text)]
        try:
            parsed = parse(self.config_name, plain)
        except REFUSALS as error:
            self._explain_cause(error, plain)
            raise composition_mistake(error) from error
        expanded = [str(override.input_line) for override in parsed]
        for place, text in enumerate(texts):
            if is_group_of_step(text):  # in its place, unless an alias stood for several
                expanded.insert(place, text)
        return expanded

    def compose(self, task: Sequence[str], mode: RunMode) -> DictConfig:
        """Hydra's own composition with these overrides and Hydra's; in MULTIRUN mode without
        sweeps. Raises Mistake."""
        try:
            return self._loader.load_configuration(
                config_name=self.config_name,
                overrides=[*self._in_force, *self.named(task)],
                run_mode=mode,
                validate_sweep_overrides=True,
            )
        except REFUSALS as error:
            self._explain_words(error, [*self._in_force, *task])
            if "Could not append" in str(error):
                self._explain_values(task)
            if "Could not override" in str(error):
                self._explain_values(task)
                self._explain_setting(error, task, mode)
            self._explain_cause(error, [*self._in_force, *task])
            raise composition_mistake(error, self._on_the_copy(str(error))) from error

    def _on_the_copy(self, said: str) -> str:
        """An addition to the message if a config is missing in a kept copy."""
        if self._reading.copy is None or "Could not find" not in said:
            return ""
        left_out = ""
        if (self._reading.copy / LEFT_OUT).is_file():
            lines = (self._reading.copy / LEFT_OUT).read_text(errors="replace").splitlines()
            left_out = f" which leaves out {'; '.join(lines)},"
        return (
            f" (in the copy of the YAML that was kept with it,{left_out} "
            "+refresh=true takes the project's present one)"
        )

    def _explain_cause(self, error: Exception, overrides: Sequence[str]) -> None:
        """Raise Mistake if the error has a known cause that can be explained better than Hydra
        does."""
        for text in overrides:
            key = parse_override(text).key_or_group
            if "." in key.partition("/")[0] and "/" in key:
                raise Mistake(
                    f"{text}: STEP.GROUP/SUB chooses for a step of a pipeline, which this is not"
                ) from error
        if "codec can't decode" in str(error):
            path = self._reading.last
            raise Mistake(f"YAML that does not parse: {path} is not UTF-8") from error
        if "Config group override must be a string or a list" in str(error):
            for text in overrides:
                value = parse_override(text)._value
                if self.is_group_choice(text) and not isinstance(value, (str, list)):
                    name = name_in(text)
                    said = f"{text}: {name} is a config group: give the name of a config in it"
                    none = f", for none that of an empty {name}/none.yaml" if value is None else ""
                    raise Mistake(said + none) from error
        about_params = "hydra.sweeper.params=" in str(error) or "NoneType" in str(error)
        if isinstance(error, AssertionError) or about_params or "is None" in str(error.__cause__):
            for text in overrides:
                if covered_by(parse_override(text).key_or_group, "hydra.sweeper.params"):
                    raise Mistake(
                        f"{text}: hydra.sweeper.params is for YAML; on the command line, "
                        "sweep with -m name=value,…"
                    ) from error

    def _explain_words(self, error: Exception, overrides: Sequence[str]) -> None:
        """Raise Mistake if an override or `hydra.sweeper` in the YAML was written for something
        else than Hydra takes it for."""
        said = f"{error} {error.__cause__}"
        why = None
        if "Could not find" in said:
            configs = self._loader.get_group_options
            why = explain_option_as_group(overrides, self.is_group, configs)
        why = why or explain_missing(said, self.is_group, self._reading.files())
        why = why or explain_second_choice(said, overrides)
        why = why or explain_unknown_group(said, self._loader.list_groups)
        why = why or explain_sweeper(said, self._reading.files())
        if why is not None:
            raise Mistake(why) from error

    def _explain_values(self, task: Sequence[str]) -> None:
        """Raise Mistake for the first value override that cannot be applied, if that is the
        cause."""
        single = [text for text in task if not parse_override(text).is_sweep_override()]
        values = [text for text in single if not self.is_group_choice(text)]
        if values:
            self.trial(single).job()

    def _explain_setting(self, error: Exception, task: Sequence[str], mode: RunMode) -> None:
        """Raise Mistake for an override of a setting of Hydra's, such as its launcher's, that does
        not exist."""
        found = _NO_SETTING.search(str(error))
        texts = [text for text in self._in_force if found and name_in(text) == found[1]]
        if found is None or not texts:
            return
        others = [text for text in self._in_force if text not in texts]
        try:
            config = self._loader.load_configuration(
                config_name=self.config_name,
                overrides=[*others, *self.named(task)],
                run_mode=mode,
                validate_sweep_overrides=True,
            )
        except REFUSALS:
            return  # that fails, too: Hydra's own message is shown
        raise Mistake(unknown_setting(texts[-1], config)) from error

    def sweep(self, task: Sequence[str]) -> SweepConfig:
        """The configuration of a batch with these overrides. Raises Mistake.

        Overrides whose key exists only in a swept config are left out here; they are applied when
        the trials are composed.
        """
        known = self._on_known_base(task)
        if known is not None:
            with suppress(Mistake):  # Hydra's composition, below, is what explains it
                return SweepConfig(known.load())
        swept = [text for text in task if self._is_swept_group(text)]
        try:
            return SweepConfig(self.compose(task, RunMode.MULTIRUN))
        except Mistake:
            values = [text for text in task if swept and self._is_value(text)]
            if not values:
                raise
        config = self.compose([text for text in task if text not in values], RunMode.MULTIRUN)
        for text in values:
            with suppress(Mistake):
                apply_overrides([text], config)
        return SweepConfig(config)

    def _on_known_base(self, task: Sequence[str]) -> TrialConfig | None:
        """The configuration with these overrides, on a base that is known already; None if it is
        not known, or if a config group is swept. Hydra composes the same for one job and for
        several then, and leaves out swept values."""
        named = self.named(task)
        if any(self._is_swept_group(text) for text in named):
            return None
        single = [text for text in named if not is_sweep(text)]
        if tuple(text for text in single if self.is_group_choice(text)) not in self._bases:
            return None
        return replace(self.trial(single), task=tuple(named))

    def _is_swept_group(self, text: str) -> bool:
        return parse_override(text).is_sweep_override() and self.is_group_choice(text)

    def _is_value(self, text: str) -> bool:
        return not parse_override(text).is_sweep_override() and not self.is_group_choice(text)

    def named(self, texts: Sequence[str]) -> list[str]:
        """The overrides with names of configs as texts (`number_names`)."""
        return [
            with_name(text, self, lambda group: self._open_repository().get_group_options(group))
            for text in texts
        ]

    def check_settings(self, sweep: SweepConfig, typed: Collection[str] = ()) -> None:
        """Raise Mistake if a combination of config groups that was composed here changes settings
        of the sweeper or the launcher: they would have no effect. Run options in `typed` are the
        batch's own in any case."""
        parts = ("sweeper", "launcher")
        common = hydra_settings(sweep.config, parts)
        for groups, base in self._bases.items():
            changed = different(hydra_settings(base.load(), parts), common)
            other = [name for name in changed if name.removeprefix("hydra.sweeper.") not in typed]
            if other and groups:
                raise Mistake(
                    f"{', '.join(groups)} sets {', '.join(other)}: settings of hydra.sweeper and "
                    "hydra.launcher hold for a whole batch and have no effect in what is swept "
                    "over; give them on the command line, or start a batch for each"
                )

    def is_group_choice(self, text: str) -> bool:
        """Whether an override chooses a config of a group instead of setting a value."""
        change = read_change(text)
        if change is not None:
            return self.is_group(change[0])
        override = parse_override(text)
        if isinstance(override._value, dict) or getattr(override, "is_value_path", False):
            return False
        name = override.key_or_group
        return self.is_group(name) or (override.is_delete() and self._deletes_config(name))

    def names_set(self, text: str) -> Iterable[str]:
        """The names of what an override sets: a flag, a config group or, of a mapping that is
        merged into a group's node, the flags in it, which the group's choice does not tell."""
        name = name_in(text)
        if "={" in text and self.is_group(name):
            value = plain(parse_override(text)._value)
            if isinstance(value, dict):
                return flatten(value, name) or [name]
        return [name]

    def is_group(self, name: str) -> bool:
        """Whether a config group of this name exists."""
        if name not in self._groups:
            self._groups[name] = bool(self._open_repository().group_exists(name))
        return self._groups[name]

    def _deletes_config(self, name: str) -> bool:
        # From Hydra 1.4 on `~path` removes a config from the defaults list, in a group or not.
        if hydra.__version__.startswith("1.3"):
            return False
        return bool(self._open_repository().config_exists(name))

    def choices(self, task: Sequence[str]) -> Mapping[str, Value]:
        """The choice of each config group but Hydra's own, in the configuration of one trial.
        Raises as `trial`."""
        named = self.named(task)
        return self._base(tuple(text for text in named if self.is_group_choice(text))).choices

    def _open_repository(self) -> Any:
        if self._repository is None:
            loader: Any = self._loader
            try:
                _, self._repository = loader._parse_overrides_and_create_caching_repo(
                    self.config_name, list(self._in_force)
                )
            except REFUSALS as error:
                self._explain_cause(error, self._in_force)
                raise composition_mistake(error) from error
        return self._repository

    def _compose_base(self, groups: Sequence[str]) -> Base:
        config = self.compose(groups, RunMode.RUN)
        if self._cache is not None:
            OmegaConf.set_cache(config, dict(self._cache))
        return base_of(config)

    def trial(self, task: Sequence[str]) -> TrialConfig:
        """The configuration of one trial, given by overrides of one value each.

        Raises Mistake if Hydra cannot compose the groups; values are applied later.
        """
        return self._trial(task, self._base)

    def step(self, task: Sequence[str], pipeline: Sequence[str]) -> TrialConfig:
        """The configuration of one trial of a pipeline's step: that of the step's operation alone,
        but with Hydra's node from the configuration that `pipeline` gives.

        Raises Mistake, as `trial` does.
        """
        return self._trial(task, lambda groups: self._step_base(groups, tuple(pipeline)))

    def ignored_settings(self, step: TrialConfig) -> tuple[str, ...]:
        """The names of Hydra's settings in a step's own configuration that `step` replaced."""
        return self._ignored.get(step.base.key, ())

    def _trial(
        self, task: Sequence[str], base_of_groups: Callable[[tuple[str, ...]], Base]
    ) -> TrialConfig:
        task = self.named(task)
        groups = tuple(text for text in task if self.is_group_choice(text))
        values = tuple(text for text in task if text not in groups)
        base = base_of_groups(groups)
        changes = None if base.plain is None else plain_changes(base.plain, values)
        return TrialConfig(base, tuple(task), values, {}, changes)

    def _base(self, groups: tuple[str, ...]) -> Base:
        base = self._bases.get(groups)
        if base is None:
            base = self._bases[groups] = self._compose_base(groups)
        return base

    def _step_base(self, groups: tuple[str, ...], pipeline: tuple[str, ...]) -> Base:
        key = (groups, pipeline)
        if key not in self._step_bases:
            common = self.trial(pipeline).base
            base, ignored = within(self._compose_base(groups), common, self._settings_of_all)
            self._step_bases[key], self._ignored[base.key] = base, ignored
        return self._step_bases[key]
