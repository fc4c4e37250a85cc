"""Tells at a restart how the project's YAML differs from the copy that a run was made with."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property

from hydra_sweep_runner.commands.start.composing import Composing, Typed
from hydra_sweep_runner.commands.start.gone_flags import (
    added_before,
    gone_flags,
    taking_back,
    without_flags,
)
from hydra_sweep_runner.commands.start.remedies import Mended
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.chosen_pipeline import find_pipeline
from hydra_sweep_runner.compose.overrides import gives_sweep, name_in
from hydra_sweep_runner.compose.project import LEFT_OUT, read_snapshot
from hydra_sweep_runner.compose.value_overrides import has_flag
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake, OtherPlace, UnknownFlag
from hydra_sweep_runner.model import Flags, Kind, Operation, Run, Value
from hydra_sweep_runner.operation.flags import (
    MISSING,
    Differences,
    Missing,
    differences,
    flatten,
)
from hydra_sweep_runner.operation.run_options import OPTIONS
from hydra_sweep_runner.terminal.render import escape, short, shown_change, shown_value

#: The name of an entry of the operation, or of a step's: `train.operation.requires`.
_OF_OPERATION = re.compile(r"(?:([^.]+)\.)?operation\.(.+)")


@dataclass(frozen=True)
class YamlChanges:
    """How the project's present YAML differs from the kept copy. `gone` are the overrides that the
    run was given and that the present YAML has no flags for, by the flags' names; `has_steps` says
    whether the run is of a pipeline."""

    values: Differences
    gone: Mapping[str, str]
    has_steps: bool

    @property
    def words(self) -> str:
        """The words that make a restart use the present YAML."""
        return f"+refresh=true{taking_back(self.gone)}"

    def lines(self) -> list[str]:
        """Each difference in a few words; a step that is new or gone is one of them."""
        told: dict[str, None] = {}
        for name, (before, now) in self.values.items():
            step = name.removeprefix("operation.steps.").partition(".")[0]
            if step in self._new_steps:
                told[f"operation.steps.{escape(step)} (new)"] = None
            elif step in self._gone_steps:
                told[f"operation.steps.{escape(step)} (gone)"] = None
            else:
                told[change_text(name, before, now)] = None
        return [*told]

    def mended(self) -> Mended:
        """What of it may mend failures: what differs in the operations."""
        found = [(_OF_OPERATION.fullmatch(name), now) for name, (_, now) in self.values.items()]
        entries = [
            (match[1], match[2], now)
            for match, now in found
            if match and (match[1] is not None) == self.has_steps
        ]
        requires = {
            step: [*map(str, now)]
            for step, entry, now in entries
            if entry == "requires" and isinstance(now, list)
        }
        return Mended(requires, is_all=len(entries) == len(self.values))

    @cached_property
    def _new_steps(self) -> list[str]:
        return [step for step, (before, _) in self._operations_of_steps() if before is MISSING]

    @cached_property
    def _gone_steps(self) -> list[str]:
        return [step for step, (_, now) in self._operations_of_steps() if now is MISSING]

    def _operations_of_steps(self) -> Iterator[tuple[str, tuple[Value | Missing, Value | Missing]]]:
        """The steps that are filled by another operation than before (`train.operation`)."""
        for name, values in self.values.items() if self.has_steps else ():
            step, _, flag = name.rpartition(".")
            if flag == "operation" and "." not in step:
                yield step, values

    @property
    def renamed(self) -> str:
        """What gives a new flag the values of the one that is gone, in brackets; nothing unless
        there is one of each, or a step of each, which looks like another name for the same."""
        if len(self._new_steps) == len(self._gone_steps) == 1:
            ((was,), (step,)) = self._gone_steps, self._new_steps
            words = [text.replace(f"{was}.", f"{step}.", 1) for text in self.gone.values()]
            return f" (if {was} is now {step}, with {shlex.join(words)})" if words else ""
        new = [
            name
            for name, (before, _) in self.values.items()
            if before is MISSING and not name.startswith(("operation.", "hydra."))
        ]
        if len(self.gone) != 1 or len(new) != 1:
            return ""
        ((name, text),) = self.gone.items()
        value = text.partition("=")[2]
        return f" (if {name} is now {new[0]}, with {shlex.quote(f'{new[0]}={value}')})"


def report_yaml_changes(
    world: World,
    run: Run,
    kept: Composing,
    trials: Iterable[Sequence[str]],
) -> Mended:
    """Print what has another value in the project's present YAML than in the kept copy: flags, the
    operation, and the content of `hydra.sweeper`. Returns what to say of trials that fail although
    the YAML was corrected since.

    `trials` are the overrides of one trial for each combination of config groups, those of the
    run, or those of combinations of a pipeline. Nothing is composed if the files are the same.
    """
    try:
        changes = yaml_changes(world, run, kept, trials)
    except OtherPlace as error:
        world.reporter.say(f"{short(run.id)} goes on with the kept copy of its YAML: {error}")
        return Mended(is_all=False)
    except Mistake as error:
        world.reporter.say(
            f"The project's YAML has changed since {short(run.id)} was made and cannot be "
            f"used now ({error}); the kept copy is used"
        )
        return Mended(is_all=False)
    changed = changes.values
    if changed:
        told = ", ".join(changes.lines())
        world.reporter.say(
            f"The project's YAML has changed since {short(run.id)} was made: {told}; to take "
            f"the new values: {changes.words}{changes.renamed}"
        )
    return changes.mended()


def report_replaced_params(world: World, batch: Run, composing: Composing) -> None:
    """Print which values in `hydra.sweeper.params` have changed in the project's YAML, and have no
    effect as the batch was given others at an earlier start."""
    typed = {name_in(text) for text in composing.typed.task}
    given = {name_in(text): text for text in composing.task if name_in(text) not in typed}
    params = _params(composing)
    if not any(name.lstrip("+") in given for name in params):
        return
    refresh = bool(composing.typed.option("refresh"))
    folder = world.store.snapshot_folder(batch.recipe.snapshot)
    with suppress(Mistake):  # what does not compose is told by what composes it
        other = world.open_composer(
            folder if refresh else None, batch.recipe, composing.composer.hydra_overrides
        )
        others = _params(replace(composing, composer=other))
        before, now = (others, params) if refresh else (params, others)
        for name, value in now.items():
            text = given.get(name.lstrip("+"))
            if text is not None and before.get(name) != value:
                param = f"hydra.sweeper.params[{name}]"
                world.reporter.say(
                    f"{escape(param)} in the YAML is {escape(str(value))} now, and has no effect: "
                    f"{short(batch.id)} was given {escape(text)}; to sweep over the YAML's: "
                    f"{escape(shlex.quote(f'{name}={value}'))}"
                )


def _params(composing: Composing) -> Mapping[str, Value]:
    params = composing.sweep().sweeper.get("params")
    return params if isinstance(params, Mapping) else {}


@contextmanager
def naming_refresh(
    world: World, run: Run, kept: Composing, trials: Iterable[Sequence[str]]
) -> Iterator[None]:
    """Add a note to mistakes in what is composed from the kept copy, if the present YAML differs:
    the mistake may have been corrected there; and one on flags that an earlier start added and that
    what is run does not take."""
    try:
        yield
    except Mistake as mistake:
        changes = None
        if not kept.typed.options.refresh:
            with suppress(Mistake):  # the present YAML has a mistake, too: it is no solution
                changes = yaml_changes(world, run, kept, trials)
        added = added_before(mistake, run, kept.typed)
        if changes is None or not changes.values:
            if not added:
                raise
            raise Mistake(
                f"{mistake}; {', '.join(added)} was added at an earlier start: "
                f"{taking_back(added).strip()} takes it back"
            ) from mistake
        raise Mistake(
            f"{mistake}; the project's YAML has changed since ({', '.join(changes.values)}): "
            f"{changes.words}{taking_back(added)} takes the new values{changes.renamed}"
        ) from mistake


@contextmanager
def naming_present_flag(world: World, run: Run, typed: Typed) -> Iterator[None]:
    """Say of a flag that the kept copy of the YAML does not have that the present YAML has it, if
    it does."""
    try:
        yield
    except UnknownFlag as mistake:
        words = None
        if not typed.option("refresh"):
            with suppress(Mistake):  # the present YAML has a mistake, too
                words = _words_for_flag(world, run, typed, mistake.name)
        if words is None:
            raise
        raise Mistake(
            f"{mistake.name}: the copy of the YAML that {short(run.id)} was made with has no such "
            f"flag; the project's present YAML has it, and {words} takes that"
        ) from mistake


def _words_for_flag(world: World, run: Run, typed: Typed, name: str) -> str | None:
    """The words that make a restart use the present YAML, if that has a flag, with the run's own
    config groups; None if it has not. Raises Mistake."""
    composer = world.open_composer(None, run.recipe, run.recipe.hydra)
    groups = [
        text for text in run.recipe.task if composer.is_group_choice(text) and not gives_sweep(text)
    ]
    has_plan = run.kind is Kind.BATCH and world.program is None
    pipeline = find_pipeline(composer, groups) if has_plan else None
    of_steps = {} if pipeline is None else pipeline.describe(())[1]
    if name not in of_steps and not has_flag(composer.trial(groups).job(), name):
        return None
    replaced = [name_in(text) for text in typed.task]
    remembered = without_flags(run.recipe.task, replaced)
    present = Composing(
        composer=composer,
        task=remembered,
        typed=typed,
        program=world.program,
        pipeline=pipeline,
    )
    return f"+refresh=true{taking_back(gone_flags(present))}"


def yaml_changes(
    world: World, run: Run, kept: Composing, trials: Iterable[Sequence[str]]
) -> YamlChanges:
    """The differences between the kept copy and the project's present YAML, which composes without
    the flags that it no longer has. Raises Mistake if it does not compose."""
    folder = world.store.snapshot_folder(run.recipe.snapshot)
    composer = world.open_composer(None, run.recipe, kept.composer.hydra_overrides)
    if _is_same(read_snapshot(folder), composer.files()):
        return YamlChanges({}, {}, has_steps=False)
    pipeline = None if kept.pipeline is None else find_pipeline(composer, kept.task)
    present = replace(kept, composer=composer, pipeline=pipeline)
    gone = gone_flags(present)
    present = replace(present, task=without_flags(kept.task, gone))
    changed: Differences = {}
    for overrides in trials:
        before = _described(kept, overrides)
        after = _described(present, without_flags(overrides, gone))
        changed = {**differences(before, after), **changed}
    changed = {**changed, **differences(_sweeper(kept, run), _sweeper(present, run))}
    return YamlChanges(changed, gone, has_steps=kept.pipeline is not None)


def _is_same(kept: Mapping[str, bytes], present: Mapping[str, bytes]) -> bool:
    """Whether two copies are the same, except for their lists of what is left out."""
    return {**kept, LEFT_OUT: b""} == {**present, LEFT_OUT: b""}


def _described(composing: Composing, overrides: Sequence[str]) -> Flags:
    """The operation and flags that a trial's overrides compose to; for a pipeline's combination,
    those of all its steps, with their names as prefix, and their wiring."""
    operation, flags = composing.describe_combination(overrides)
    if composing.pipeline is None:
        return {**_as_written(operation, composing, overrides), **flags}
    pipeline = composing.pipeline
    found = {**flatten({"operation": {"steps": pipeline.written}}), **flags}
    for name, composed in zip(pipeline.wiring.names, pipeline.combination(overrides), strict=True):
        entries = _as_written(composed.operation, composing, composed.overrides)
        found |= {f"{name}.{entry}": value for entry, value in entries.items()}
    return found


def _as_written(
    operation: Operation, composing: Composing, overrides: Sequence[str]
) -> dict[str, Value]:
    """The entries of the `operation` node as they stand in the YAML, and not with one trial's
    values."""
    if composing.program is not None:
        return _operation(operation)
    from hydra_sweep_runner.compose.as_written import operation_as_written  # for changed YAML only

    written = operation_as_written(composing.config(overrides).load())
    entries = _operation(operation)
    for name, held in written.items():
        is_list = isinstance(entries[f"operation.{name}"], list)
        entries[f"operation.{name}"] = [held] if is_list and isinstance(held, str) else held
    return entries


def _operation(operation: Operation) -> dict[str, Value]:
    """The entries of the `operation` node."""
    entries: dict[str, Value] = {
        "name": operation.name,
        operation.kind: plain_value(operation.target),
        "flags_to": operation.flags_to.value,
        "requires": plain_value(operation.requires),
        "preload": plain_value(operation.preload),
        "scalars": operation.scalars,
        "code": plain_value(operation.code),
    }
    return {f"operation.{name}": value for name, value in entries.items()}


def plain_value(value: str | tuple[str, ...]) -> Value:
    """A text or several texts, as in a record."""
    return value if isinstance(value, str) else list(value)


def _sweeper(composing: Composing, run: Run) -> Flags:
    """The settings in `hydra.sweeper` that apply: options and, for a batch, the `params` that no
    override replaces."""
    is_batch = run.kind is Kind.BATCH
    composer = composing.composer
    node = composing.sweep() if is_batch else composer.trial(composing.task)
    names = {*OPTIONS, "params"} if is_batch else set(OPTIONS)
    given = composing.typed.options.over(run.options).values
    held = {k: v for k, v in node.sweeper.items() if k in names and k not in given}
    if isinstance(held.get("params"), Mapping):
        replaced = composing.names()
        held["params"] = {k: v for k, v in held["params"].items() if k.lstrip("+") not in replaced}
    return flatten({"hydra": {"sweeper": held}})


def change_text(name: str, before: Value | Missing, after: Value | Missing) -> str:
    """`name (1, now 2)`, `name (new: 2)` or `name (1, now gone)`."""
    if before is not MISSING and after is not MISSING:
        was, now = shown_change(before, after)
        return f"{escape(name)} ({was}, now {now})"
    if after is not MISSING:
        return f"{escape(name)} (new: {shown_value(after)})"
    assert before is not MISSING  # what is nowhere does not differ
    return f"{escape(name)} ({shown_value(before)}, now gone)"
