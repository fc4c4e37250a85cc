"""Executes a single run: a new one, or the restart of a run or trial in place."""

from __future__ import annotations

import os
from collections.abc import Mapping

from hydra_sweep_runner.commands.start.changed_texts import (
    report_texts_read_as_numbers,
    report_yaml_texts_read_as_numbers,
)
from hydra_sweep_runner.commands.start.code_notes import (
    report_code_changes,
    report_new_required,
    report_older_code,
)
from hydra_sweep_runner.commands.start.composing import Composing
from hydra_sweep_runner.commands.start.failures import report_failure
from hydra_sweep_runner.commands.start.hints import (
    report_given_twice,
    report_options_of_batches,
    report_texts_like_ranges,
    report_texts_like_sweeps,
    report_unused_params,
)
from hydra_sweep_runner.commands.start.notes import (
    report_environment,
    report_kept_folder,
    report_last_of_batch,
    report_left_batches,
)
from hydra_sweep_runner.commands.start.optional_groups import report_nothing_chosen
from hydra_sweep_runner.commands.start.other_kinds import report_other_kinds
from hydra_sweep_runner.commands.start.package_line import report_misplaced
from hydra_sweep_runner.commands.start.prepare import PreparedOperation, prepare
from hydra_sweep_runner.commands.start.records import Planned, as_planned
from hydra_sweep_runner.commands.start.remedies import Mended, Remedies
from hydra_sweep_runner.commands.start.signals import stoppable
from hydra_sweep_runner.commands.start.tasks import (
    Start,
    check_start,
    make_task,
)
from hydra_sweep_runner.commands.start.unused_flags import (
    report_settings_for_programs,
    report_unused_flags,
)
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.commands.start.yaml_changes import naming_refresh, report_yaml_changes
from hydra_sweep_runner.compose.overrides import check_values
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.executor import Executor
from hydra_sweep_runner.execute.source import TaskList
from hydra_sweep_runner.exit_status import FAILED, TERMINATED
from hydra_sweep_runner.model import Flags, Kind, Operation, Run, Status, Value
from hydra_sweep_runner.operation.run_options import Options, refuse_step_options
from hydra_sweep_runner.planning.identity import identity_of, trial_identity
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.provenance import read_provenance
from hydra_sweep_runner.terminal.render import short


@dataclass(frozen=True, kw_only=True)
class _Composed:
    """A single run's composed configuration, operation and flags."""

    config: TrialConfig
    operation: Operation
    flags: Flags


def _compose(composing: Composing, advice: str | None = None) -> _Composed:
    check_values(composing.task, advice)
    config = composing.config(composing.task)
    operation, flags = composing.describe_config(config)
    return _Composed(config=config, operation=operation, flags=flags)


def start_run(world: World, composing: Composing) -> int:
    """Execute a new run and return its exit status.

    With `needed`, a completed run with the same flags in the store is used instead. Raises Mistake
    before anything is created.
    """
    composed = _compose(composing)
    options = composing.options(composed.config.sweeper, {})
    options.check_new()
    _refuse_batch_options(composing, options, None)
    if options.needed and _is_completed(world, composing, composed, options):
        return 0
    new = Run(
        id=world.new_id(),
        kind=Kind.RUN,
        operation=composed.operation,
        flags=composed.flags,
        recipe=composing.recipe(),
        state=lifecycle.initialized(world.clock()),
    )
    seed = world.new_seed() if options.random_seed is None else options.random_seed
    with world.executor_of_run(composed.config)() as executor:
        prepared = _prepare(world, composed, executor)
        run = as_planned(new, _planned(world, composing, composed, prepared, options, {}, seed))
        start = Start(run=run, config=composed.config, prepared=prepared)
        check_start(world, start, options)
        RunStore.open(world.store.root, create=True)
        world.store.keep_snapshot(composing.composer.files())
        world.store.create(run)
        world.store.settle([run.id])
        with world.store.claim(run.id):
            report_given_twice(world, composing.task)
            report_texts_read_as_numbers(world, composing, composing.task, composing.task)
            report_other_kinds(world, composing, composing.task, composing.task)
            report_misplaced(world, composing.composer, composing.task)
            report_nothing_chosen(world, composing.composer, composing.task)
            report_unused_params(world, composed.config.sweeper)
            report_options_of_batches(world, composing.typed.options.values)
            report_texts_like_sweeps(world, composed.operation, composed.flags, composing.names())
            report_yaml_texts_read_as_numbers(world, composed.operation, composed.flags, composing)
            report_texts_like_ranges(world, composing.task)
            report_settings_for_programs(world, composed.config)
            report_unused_flags(world, composed.operation, composed.config, composing.names())
            return _execute(world, executor, start, options)


def _planned(
    world: World,
    composing: Composing,
    composed: _Composed,
    prepared: PreparedOperation,
    options: Options,
    former: Mapping[str, Value],
    seed: int,
) -> Planned:
    """The planned fields of a single run; `former` are the remembered options."""
    return Planned(
        operation=composed.operation,
        flags=composed.flags,
        recipe=composing.recipe(),
        given=composing.names(),
        options=options,
        remembered=composing.typed.options.over(former).remembered,
        random_seed=seed,
        provenance=read_provenance(world.project_dir, prepared.sources),
        choices=composing.choices(composing.task),
        typed=composing.typed.options.values.keys(),
    )


#: Options that say which trials a batch has: a single run would ignore them.
_SHAPING = (
    *("optimizer", "window", "warm_start"),
    *("trials", "save_trials", "shape", "include", "exclude", "repeat"),
)


def _refuse_batch_options(composing: Composing, options: Options, run: Run | None) -> None:
    batch = None if run is None or run.step is None else run.generated_by
    refuse_step_options(options, batch and short(batch))
    asked = [name for name in ("print_trials", "init_trials") if options.values.get(name)]
    asked += [name for name in _SHAPING if composing.typed.option(name) is not None]
    if asked:
        more = "add -m, or leave it out"
        if run is not None:
            made = f", of the batch {short(run.generated_by)}" if run.generated_by else ""
            more = f"{short(run.id)} is a single {run.kind.value}{made}; leave it out"
        raise Mistake(f"+{asked[0]} is about the trials of a batch: {more}")


def _is_completed(
    world: World, composing: Composing, composed: _Composed, options: Options
) -> bool:
    wanted = trial_identity(composed.operation, composed.flags)
    run = world.store.completed([wanted]).get(wanted)
    if run is None or _has_changed(world, composed, run, options):
        return False
    world.reporter.say(f"Skipping: run {short(run.id)} has the same flags and is completed")
    for name, command in (("label", "label"), ("tags", "tag")):
        if composing.typed.option(name) is not None:
            world.reporter.say(
                f"Its {name} {'stay' if name == 'tags' else 'stays'} as before; to change that: "
                f"runner runs {command} {short(run.id)} …{world.store_words}"
            )
    report_older_code(world, [run])
    report_new_required(world, [(composed.operation, run)])
    return True


def _has_changed(world: World, composed: _Composed, run: Run, options: Options) -> bool:
    """Whether `needed=strict` rejects a completed run because its code has changed; the change is
    reported."""
    if options.needed != "strict":
        return False
    with world.executor_of_run(composed.config)() as executor:
        from hydra_sweep_runner.commands.start.strict import StrictCode  # few ask for it

        strict = StrictCode(world, {composed.operation: _prepare(world, composed, executor)})
    changed = strict.check(composed.operation, run) is not None
    strict.tell()
    return changed


def _prepare(world: World, composed: _Composed, executor: Executor) -> PreparedOperation:
    return prepare(composed.operation, composed.flags, world.project_dir, executor)


def restart_run(
    world: World,
    run: Run,
    composing: Composing,
) -> int:
    """Execute a run or trial again, in place, and return its exit status.

    `composing` has its last overrides merged with the new ones. A trial whose flags change leaves
    the plans of its batches. Raises Mistake before anything changes.
    """
    one = f"{short(run.id)} is a single {run.kind.value}, which has one: give it one"
    composed = _compose(composing, f"{one}, or start a batch by -m without +restart")
    options = composing.options(composed.config.sweeper, run.options)
    _refuse_batch_options(composing, options, run)
    is_completed = run.state.status is Status.COMPLETED
    asked_for = composing.typed.option("restart")
    if options.needed and is_completed and not _has_changed(world, composed, run, options):
        world.reporter.say(f"Skipping: {short(run.id)} is completed")
        which = (run.kind.value, "skipped")
        report_older_code(world, [run], which=which)
        report_new_required(world, [(composed.operation, run)], which=which)
        report_last_of_batch(world, run, asked_for, is_skipped=True)
        return 0
    if options.only == "failed" and run.state.status is not Status.ERROR:
        world.reporter.say(f"Skipping: {short(run.id)} has not failed")
        report_last_of_batch(world, run, asked_for, is_skipped=True, words="+only=failed")
        return 0
    with world.executor_of_run(composed.config)() as executor:
        with naming_refresh(world, run, composing, [composing.task]):
            prepared = _prepare(world, composed, executor)
        seed = run.random_seed if options.random_seed is None else options.random_seed
        seed = world.new_seed() if seed is None else seed  # an old record may lack it
        again = as_planned(
            run, _planned(world, composing, composed, prepared, options, run.options, seed)
        )
        # Runs that start for the first time need nothing of plans and pipelines.
        from hydra_sweep_runner.commands.runs.membership import leave_batches
        from hydra_sweep_runner.commands.start.pipeline.single_trial import (
            report_out_of_date,
            single_trial,
        )

        alone = single_trial(world, again)
        start = Start(
            run=alone.run,
            config=composed.config,
            prepared=prepared,
            upstream=alone.upstream,
            promised=alone.promised,
        )
        check_start(world, start, options)
        # The run's own record does not change before it starts: it may be completed, with other
        # flags. A run that has lost its place in a plan can be adopted again.
        left: list[str] = []
        if identity_of(run) != identity_of(again):
            left = leave_batches(world.store, [run.id])
        if run.basis is not None:
            from hydra_sweep_runner.commands.start.keep_former_result import (
                keep_result,  # imported only for the few runs that need it
            )

            keep_result(world.store, run)
        world.reporter.say(f"Restarting {short(run.id)}")
        report_last_of_batch(world, run, asked_for)
        report_left_batches(world, run, left)
        report_kept_folder(world, run, again)
        mended = _report_restart(world, run, again, composing, composed, options)
        world.store.keep_snapshot(composing.composer.files())
        exit_status = _execute(world, executor, start, options, mended)
        report_out_of_date(world, alone)
        return exit_status


def _report_restart(
    world: World,
    run: Run,
    again: Run,
    composing: Composing,
    composed: _Composed,
    options: Options,
) -> Mended:
    """Print what is different from the run's last start, and what has no effect; returns what may
    mend a failure."""
    report_given_twice(world, composing.typed.task)
    report_texts_read_as_numbers(world, composing, composing.typed.task, composing.task)
    report_other_kinds(world, composing, composing.typed.task, composing.task)
    report_texts_like_ranges(world, composing.typed.task)
    report_nothing_chosen(world, composing.composer, composing.typed.task)
    report_options_of_batches(world, composing.typed.options.values)
    report_settings_for_programs(world, composed.config)
    report_unused_flags(world, composed.operation, composed.config, composing.names())
    report_code_changes(world, run, again.provenance)
    if options.refresh:
        report_yaml_texts_read_as_numbers(world, composed.operation, composed.flags, composing)
        return Mended()
    report_environment(world, run, os.environ)
    return report_yaml_changes(world, run, composing, [composing.task])


def _execute(
    world: World,
    executor: Executor,
    start: Start,
    options: Options,
    mended: Mended | None = None,
) -> int:
    source = TaskList([make_task(world, start, options, None)])
    with stoppable(executor, world) as stop:
        executor.run(source)
    for outcome in source.outcomes:
        run = outcome.run
        if run.state.status is Status.ERROR:
            report_failure(world, outcome, Remedies(mended))
        if stop.exit_status is not None:
            return stop.exit_status
        if run.state.reason == lifecycle.STOPPED_ON_REQUEST:
            world.reporter.say(f"{short(run.id)} was {run.state.reason}")
            return TERMINATED
        return 0 if run.state.status is Status.COMPLETED else run.state.exit_status or FAILED
    return stop.exit_status or FAILED
