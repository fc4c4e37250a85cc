"""The input of a start's composition: typed overrides and options, and the project's YAML or its
copy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hydra_sweep_runner.commands.start.gone_flags import take_back_choices
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.chosen_pipeline import find_pipeline
from hydra_sweep_runner.compose.composer import Composer, SweepConfig
from hydra_sweep_runner.compose.elements import plain
from hydra_sweep_runner.compose.overrides import (
    merge,
    name_in,
    name_of,
    params_as_overrides,
    parse_override,
    read_path,
)
from hydra_sweep_runner.compose.settings import swept_setting, unknown_sweeper_setting
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.compose.typed_options import check_added, check_choice, take_options
from hydra_sweep_runner.compose.unknown_groups import check_groups
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake, UnknownFlag, UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import Flags, Kind, Operation, Recipe, Run, Value
from hydra_sweep_runner.operation.kinds.known import KINDS
from hydra_sweep_runner.operation.run_options import OPTIONS, Options
from hydra_sweep_runner.record.redaction import redact, references
from hydra_sweep_runner.store.snapshots import digest

if TYPE_CHECKING:
    from hydra_sweep_runner.compose.pipeline import PipelineComposer
    from hydra_sweep_runner.compose.sweeps import ConfigGroups
    from hydra_sweep_runner.planning.trials import Identify

#: The prefix of our own settings, which a restart does not compose from.
_SWEEPER = "hydra.sweeper."

_LAUNCHER = "hydra.launcher."
_LAUNCHER_CHOICE = "hydra/launcher"


@dataclass(frozen=True, kw_only=True)
class Typed:
    """The typed command line: options, overrides of the task and of Hydra, and the store if given.

    `arguments` are all words. `given` are the options' values, not yet checked, because a config
    group may have the name of an option.
    """

    arguments: tuple[str, ...]
    given: Mapping[str, object]
    task: tuple[str, ...]
    hydra: tuple[str, ...]
    store: str | None = None

    @property
    def options(self) -> Options:
        """The options, checked. Raises Mistake."""
        return Options.read(self.given)

    def option(self, name: str) -> Value:
        """The checked value of an option; None if it was not given. Raises Mistake."""
        given = self.given.get(name)
        return None if given is None else OPTIONS[name].read(name, given)

    def among(self, composer: Composer) -> Typed:
        """The same command line, but config groups that the composer knows are Hydra's: `+label=a`
        then chooses from a group `label`. Raises Mistake for an option with an invalid value, for
        an added flag that looks like a misspelt option or config group, for an added setting that
        the sweeper does not have, and for a sweep over a setting of Hydra."""
        typed = read_typed(self.arguments, composer.is_group)
        Options.read(typed.given)
        for text in typed.hydra:
            wrong = unknown_sweeper_setting(text) or swept_setting(text)
            if wrong is not None:
                raise Mistake(wrong)
        check_added(typed.task, composer.is_group, lambda: _flags_of(composer))
        loader = composer.loader
        check_groups(typed.task, composer.is_group, loader.list_groups, loader.get_group_options)
        return typed


def _flags_of(composer: Composer) -> Flags:
    """The flags that the configuration has by itself; none if it does not compose."""
    try:
        return composer.trial(()).flags(("operation",), is_strict=False, keeps_unknown=True)
    except Mistake:
        return {}


def read_typed(
    arguments: Sequence[str], is_group: Callable[[str], bool] = lambda name: False
) -> Typed:
    """Sort the words of a command line. Raises Mistake for a word that cannot be parsed.

    An option may be written `+name=value` or `hydra.sweeper.name=value`. The former takes
    precedence; it is no option if `is_group` knows a config group of that name.
    """
    given, rest = take_options(arguments, is_group)
    as_settings: dict[str, object] = {}
    task: list[str] = []
    hydra: list[str] = []
    store: str | None = None
    for text in rest:
        override = parse_override(text)
        check_choice(text)
        setting = override.key_or_group.removeprefix(_SWEEPER)
        ours = override.key_or_group.startswith(_SWEEPER) and not override.is_delete()
        if ours and setting == "store":
            store = read_path(text)
        elif ours and setting in OPTIONS:
            named, _ = take_options([f"+{setting}={text.split('=', 1)[1]}"])
            as_settings.update(named)
        elif override.is_hydra_override():
            hydra.append(text)
        else:
            task.append(text)
    return Typed(
        arguments=tuple(arguments),
        given={**as_settings, **given},
        task=tuple(task),
        hydra=tuple(hydra),
        store=store,
    )


@dataclass(frozen=True, kw_only=True)
class Composing:
    """A composer with its input, and the way its configurations are read as flags.

    `program` is the operation of a `@hydra.main` program, whose whole configuration are flags; None
    if the configuration's `operation` node says what to run. `dropped` are remembered overrides
    that the restart leaves out. `pipeline` composes the combinations of an operation with steps;
    None for any other. `within` are the overrides that choose the pipeline if a single trial is one
    of its steps.
    """

    composer: Composer
    task: tuple[str, ...]
    typed: Typed
    program: Operation | None = None
    dropped: tuple[str, ...] = ()
    pipeline: PipelineComposer | None = None
    within: tuple[str, ...] | None = None

    def config(self, overrides: Sequence[str]) -> TrialConfig:
        """The configuration of one trial. Raises Mistake."""
        within = self.within if self.pipeline is None else self.pipeline.chosen_by
        if within is None:
            return self.composer.trial(overrides)
        return self.composer.step(overrides, within)

    def compose(self, overrides: Sequence[str]) -> None:
        """Compose one trial, or one combination of a pipeline. Raises Mistake, as its start
        would."""
        if self.pipeline is None:
            self.config(overrides).job()
        else:
            self.pipeline.combination(overrides)

    def sweep(self) -> SweepConfig:
        """The configuration of the batch. Raises Mistake."""
        try:
            return self.composer.sweep(_own(self.pipeline, self.task))
        except UnknownFlag as mistake:
            if self.pipeline is None:
                raise
            raise self.pipeline.naming_steps(mistake) from mistake

    @property
    def groups(self) -> ConfigGroups:
        """Lists the config groups that overrides can name."""
        return self.composer.loader if self.pipeline is None else self.pipeline

    def describe_combination(self, overrides: Sequence[str]) -> tuple[Operation, Flags]:
        """The operation and the flags that identify a combination: those of a trial, or those of a
        pipeline with its steps."""
        if self.pipeline is not None:
            return self.pipeline.describe(overrides)
        return self.describe(overrides)

    @property
    def identify_combination(self) -> Identify | None:
        """Computes the identities of a pipeline's combinations; None for any other operation."""
        return None if self.pipeline is None else self.pipeline.identify

    def describe(self, overrides: Sequence[str]) -> tuple[Operation, Flags]:
        """The operation and the flags that a trial's overrides compose to."""
        return self.describe_config(self.config(overrides))

    def describe_config(self, config: TrialConfig) -> tuple[Operation, Flags]:
        """The operation and the flags of a composed configuration."""
        if self.program is not None:
            return self.program, config.flags(is_strict=False)
        operation = config.operation()
        may_register = KINDS[operation.kind].may_register_resolvers
        flags = config.flags(leave_out=("operation",), keeps_unknown=may_register)
        return operation, flags

    @contextmanager
    def quoting_no_secrets(self) -> Iterator[None]:
        """Remove, inside the context, values of variables that the YAML or an override refers to
        from the messages of mistakes."""
        try:
            yield
        except Mistake as error:
            texts = [*self.composer.hydra_overrides, *self.task]
            texts += [data.decode(errors="replace") for data in self.composer.files().values()]
            clean = redact(str(error), references(" ".join(texts)), os.environ)
            if clean == str(error):
                raise
            raise Mistake(clean) from error

    def choices(self, overrides: Iterable[str]) -> dict[str, Value]:
        """The choice of each config group in the configuration that overrides of one value each
        give; of a pipeline, or one of its steps, the choices that the overrides make."""
        is_choice = self.composer.is_group_choice
        chosen = (parse_override(text) for text in overrides if is_choice(text))
        made = {name_of(one): plain(one._value) for one in chosen if not one.is_delete()}
        if self.pipeline is not None or self.within is not None:
            return made
        return {**self.composer.choices(tuple(overrides)), **made}

    def recipe(self) -> Recipe:
        """The recipe for composing the same again."""
        return Recipe(
            config_name=self.composer.config_name,
            snapshot=digest(self.composer.files()),
            config_path=self.composer.config_path,
            config_dir=self.composer.config_dir,
            environment=self.composer.environment,
            task=self.task,
            hydra=self.composer.hydra_overrides,
        )

    def options(self, sweeper: Mapping[str, Any], remembered: Mapping[str, Value]) -> Options:
        """The options that apply: typed ones, else remembered ones, else those in YAML's
        `hydra.sweeper`."""
        in_yaml = Options.read(
            {name: sweeper[name] for name in OPTIONS if sweeper.get(name) is not None}
        )
        return self.typed.options.over(remembered).over(in_yaml.values)

    def names(self) -> tuple[str, ...]:
        """The names of given flags and groups, without repetition, in order."""
        names_set = self.composer.names_set
        return tuple(dict.fromkeys(name for text in self.task for name in names_set(text)))


def _own(pipeline: PipelineComposer | None, task: Sequence[str]) -> Sequence[str]:
    """The overrides that the configuration itself takes: all except those of a pipeline's steps."""
    return task if pipeline is None else pipeline.own(task)


def compose_restart(world: World, run: Run, typed: Typed) -> Composing:
    """The composing for a restart of `run`: from its kept copy, or with `refresh` from the
    project's present YAML; new overrides replace former ones of the same name.

    If another launcher is chosen, settings of the former one that it does not have are dropped.
    """
    folder = None if typed.option("refresh") else world.store.snapshot_folder(run.recipe.snapshot)

    def opened(overrides: Sequence[str]) -> Composer:
        composer = world.open_composer(folder, run.recipe, overrides)
        if folder is not None:
            composer.use_environment(run.recipe.environment)
        return composer

    hydra = tuple(merge(run.recipe.hydra, typed.hydra))
    composer = opened(hydra)
    typed = typed.among(composer)
    task = take_back_choices(composer, merge(run.recipe.task, typed.task), run, typed)
    dropped: tuple[str, ...] = ()
    given = {name_in(text) for text in typed.hydra}
    if _LAUNCHER_CHOICE in given:
        dropped = _not_for_launcher(
            [text for text in run.recipe.hydra if name_in(text) not in given],
            lambda without: opened([text for text in hydra if text not in without]),
            task,
            of_project=world.program is None,
        )
        if dropped:
            hydra = tuple(text for text in hydra if text not in dropped)
            composer = opened(hydra)
    is_batch = run.kind is Kind.BATCH and world.program is None
    return Composing(
        within=_pipeline_of(world, run, composer),
        composer=composer,
        task=task,
        typed=typed,
        program=world.program,
        dropped=dropped,
        pipeline=find_pipeline(composer, task) if is_batch else None,
    )


def _pipeline_of(world: World, run: Run, composer: Composer) -> tuple[str, ...] | None:
    """The overrides that choose the pipeline that a run is a step of; None if it is no step's."""
    if run.step is None:
        return None
    try:
        batch = world.store.read(run.generated_by or "")
    except (UnknownRun, UnreadableRecord):
        return ()  # its pipeline is gone: Hydra's settings are those of the project
    return tuple(text for text in batch.recipe.task if composer.is_group_choice(text))


def _not_for_launcher(
    remembered: Sequence[str],
    open_without: Callable[[Sequence[str]], Composer],
    task: Sequence[str],
    of_project: bool,
) -> tuple[str, ...]:
    """The remembered overrides of `hydra.launcher` that the launcher now chosen has no settings
    for."""
    settings = [text for text in remembered if name_in(text).startswith(_LAUNCHER)]
    if not settings:
        return ()
    composer = open_without(settings)
    pipeline = find_pipeline(composer, task) if of_project else None
    known = composer.sweep(_own(pipeline, task)).launcher_names
    return tuple(
        text
        for text in settings
        if name_in(text).removeprefix(_LAUNCHER).split(".")[0] not in known
    )


def sweep_overrides(composing: Composing, sweeper: Mapping[str, Any]) -> list[str]:
    """All overrides of a batch: those in `hydra.sweeper.params`, then the given ones."""
    params = params_as_overrides(sweeper.get("params"))
    return composing.composer.named([*params, *composing.task])
