"""Prints at a start what has changed since a restarted run, or one that is taken, was made: the
YAML, the environment, the code."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

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
from hydra_sweep_runner.model import Flags, Kind, Operation, Provenance, Run, Status, Value
from hydra_sweep_runner.operation.flags import (
    MISSING,
    Differences,
    Missing,
    differences,
    flatten,
)
from hydra_sweep_runner.operation.run_options import OPTIONS
from hydra_sweep_runner.record.job_output import output_folder
from hydra_sweep_runner.store.layout import HYDRA, OWN
from hydra_sweep_runner.system.provenance import changed_files, code_changes, digests
from hydra_sweep_runner.terminal.render import escape, short, shown_change, shown_value

#: The name of an entry of the operation, or of a step's: `train.operation.requires`.
_OF_OPERATION = re.compile(r"(?:([^.]+)\.)?operation\.(.+)")


def report_code_changes(
    world: World, run: Run, now: Provenance, trials: Iterable[Run] = ()
) -> None:
    """Print a line if the code differs from that of the run's last start, or if modules of the
    project that it, or the trials of a batch, had imported have changed."""
    imports = [one.provenance.imports for one in (run, *trials)]
    names = dict.fromkeys(name for one in imports for name in one if name not in now.sources)
    present = digests(world.project_dir, (world.project_dir / name for name in names))
    other = [
        f"{name} differs"
        for name in names
        if any(name in one and one[name] != present.get(name) for one in imports)
    ]
    changes = [*code_changes(run.provenance, now), *other]
    if changes:
        world.reporter.say(
            f"The code has changed since {short(run.id)} was last started: "
            f"{escape(', '.join(changes))}"
        )


def report_replaced_code(
    world: World, batch: Run, now: Provenance, replaced: Iterable[Run]
) -> None:
    """Print a line if completed trials that run again were made by another script than the present
    one, and the batch's last start, which skipped them, had the present one already."""
    if code_changes(batch.provenance, now):
        return
    changes = dict.fromkeys(
        change for run in replaced for change in code_changes(run.provenance, now)
    )
    if changes:
        world.reporter.say(
            f"The code has changed since trials of {short(batch.id)} were last started: "
            f"{escape(', '.join(changes))}"
        )


def report_older_code(
    world: World, runs: Sequence[Run], *, which: tuple[str, str] = ("run", "taken")
) -> None:
    """Print a line about completed runs that are used instead of running again: the files, scripts
    and imported modules of the project, whose content has changed since. `which` are the words for
    such a run and for what is done with it."""
    files = dict.fromkeys(name for run in runs for name in run.provenance.files)
    now = digests(world.project_dir, (world.project_dir / name for name in files))
    changed = [changed_files(run.provenance, now) for run in runs]
    names = list(dict.fromkeys(name for one in changed for name in one))
    if not names:
        return
    count = sum(map(bool, changed))
    has = "was" if len(runs) == 1 else "were"
    noun, done = which
    told_of = (
        f"The {noun} that is {done}" if len(runs) == 1 else f"{count} of {len(runs)} {noun}s {done}"
    )
    owned = {name for run in runs for name in run.provenance.sources}
    imports = [name for name in names if name not in owned]
    how = "to run such again: +needed=strict"
    if imports and world.program is not None:
        how = "to run all of them again, leave +needed out"
    elif imports:
        how += f", with {escape(', '.join(imports))} among operation.code"
    told = escape(", ".join(names))
    world.reporter.say(f"{told_of} {has} made by other code ({told} changed since); {how}")


def report_new_required(
    world: World,
    used: Sequence[tuple[Operation, Run]],
    *,
    which: tuple[str, str] = ("run", "taken"),
) -> None:
    """Print how many completed runs that are used instead of running again had not the files that
    their present operations require. `which` as for `report_older_code`."""
    lacked = [
        [
            name
            for name in map(os.path.normpath, operation.requires)
            if name not in run.provenance.files
        ]
        for operation, run in used
    ]
    names = dict.fromkeys(name for one in lacked for name in one)
    if not names:
        return
    noun, done = which
    count = sum(map(bool, lacked))
    told_of = (
        f"The {noun} that is {done}" if len(used) == 1 else f"{count} of {len(used)} {noun}s {done}"
    )
    world.reporter.say(
        f"{told_of} ran without {escape(', '.join(names))}, which operation.requires names now; to "
        "run such again: +needed=strict"
    )


def report_gone_output(world: World, runs: Iterable[Run]) -> None:
    """Print how many completed jobs of a Hydra program, which are used instead of running again,
    have lost their output folders."""
    folders = (output_folder(run, world.store.root) for run in runs)
    count = sum(folder is not None and not folder.is_dir() for folder in folders)
    if count:
        which, are = ("folder of 1", "is") if count == 1 else (f"folders of {count}", "are")
        world.reporter.say(
            f"The output {which} completed trial{'s' * (count > 1)} {are} not there any more; to "
            "run such again, leave +needed out"
        )


def report_last_of_batch(
    world: World,
    run: Run,
    typed: object,
    *,
    is_skipped: bool = False,
    words: str = "(with +needed=true, what is not completed)",
) -> None:
    """Print that the newest run, `+restart=last`, is one trial of a batch, and how the whole batch
    is restarted. `is_skipped` says that the trial does not run, `words` follow the batch's id."""
    if typed != "last" or run.kind is not Kind.TRIAL:
        return
    from hydra_sweep_runner.commands.start.programs import batch_of  # not for first starts

    what = "runs again though it is completed" if run.state.status is Status.COMPLETED else "runs"
    what = "is skipped" if is_skipped else what
    batch_id = batch_of(world.store, run)
    if batch_id is None:
        world.reporter.say(
            f"The last run is a trial of a batch that is not in the store any more; it alone {what}"
        )
        return
    world.reporter.say(
        f"The last run is a trial of a batch; it alone {what}; the whole batch: "
        f"{world.restart_prefix}{short(batch_id)} {words}"
    )


def report_left_batches(world: World, run: Run, batch_ids: Sequence[str]) -> None:
    """Print a line if a run is no longer in the plans of batches, and how they get another one."""
    for batch_id in batch_ids:
        world.reporter.say(
            f"{short(run.id)} is no longer in the batch {short(batch_id)}, which plans it with "
            f"other flags; to have another made in its place: "
            f"{world.restart_prefix}{short(batch_id)} +needed=true"
        )


def report_kept_folder(world: World, run: Run, again: Run) -> None:
    """Print a line if a run that has worked in its folder is to go on there with other flags: a
    script that finds its checkpoint goes on from what the former values made."""
    changed = differences(run.flags, again.flags)
    if changed and _has_files(world.store.folder(run.id)):
        told = ", ".join(change_text(name, *values) for name, values in changed.items())
        world.reporter.say(
            f"{short(run.id)} keeps its folder, whose files were made with other flags: {told}; "
            "without +restart it is a run of its own"
        )


def _has_files(folder: Path) -> bool:
    """Whether an operation has put something into a run's folder."""
    found = folder.iterdir() if folder.is_dir() else ()
    return any(not path.is_symlink() and path.name not in (OWN, HYDRA) for path in found)


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


def report_environment(world: World, run: Run, environment: Mapping[str, str]) -> None:
    """Print the variables that determine which configs are composed and whose values have
    changed."""
    was = run.recipe.environment
    other = [name for name, value in was.items() if environment.get(name) != value]
    if other:
        world.reporter.say(
            f"{escape(', '.join(other))} had another value when {short(run.id)} was made: it is "
            "composed as it was; to take the present value: +refresh=true"
        )


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
