"""Starts new batches and restarts batches: plans, reconciles, records, executes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hydra_sweep_runner.commands.runs.dependents import Dependents
from hydra_sweep_runner.commands.runs.membership import planned, without
from hydra_sweep_runner.commands.runs.trash import restore_words
from hydra_sweep_runner.commands.start.batch_notes import (
    report_changes_outside,
    report_given,
    report_read_otherwise,
    report_skipped,
    used_runs,
)
from hydra_sweep_runner.commands.start.carry_out import Carrying
from hydra_sweep_runner.commands.start.changed_texts import (
    report_texts_read_as_numbers,
)
from hydra_sweep_runner.commands.start.code_notes import (
    report_code_changes,
    report_gone_output,
    report_new_required,
    report_older_code,
    report_replaced_code,
)
from hydra_sweep_runner.commands.start.composing import Composing
from hydra_sweep_runner.commands.start.flag_checks import check_previewed
from hydra_sweep_runner.commands.start.hints import (
    report_given_twice,
    report_lists_in_params,
    report_short_ranges,
)
from hydra_sweep_runner.commands.start.pipeline.decisions import (
    Changed,
    Decided,
    decide_new,
    decide_restart,
    wanted_of,
)
from hydra_sweep_runner.commands.start.plan_notes import (
    beside_first_line,
    completed_again,
)
from hydra_sweep_runner.commands.start.plan_sweep import plan_sweep
from hydra_sweep_runner.commands.start.prepare import PreparedOperation, prepare
from hydra_sweep_runner.commands.start.preview import print_graph
from hydra_sweep_runner.commands.start.remedies import Remedies
from hydra_sweep_runner.commands.start.strict import StrictCode
from hydra_sweep_runner.commands.start.sweep import (
    Sweep,
    print_plan,
    report_drawn,
    report_planning,
    report_rest,
    save_plan,
)
from hydra_sweep_runner.commands.start.unused_flags import report_unused_in_sweep
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.commands.start.yaml_changes import (
    naming_refresh,
)
from hydra_sweep_runner.compose.composer import SweepConfig
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import UnknownRun, UnreadableRecord
from hydra_sweep_runner.execute.executor import Executor
from hydra_sweep_runner.model import BatchPart, Kind, Operation, Run, Status
from hydra_sweep_runner.operation.run_options import refuse_step_options
from hydra_sweep_runner.planning.reconcile import (
    Action,
    Reconciliation,
    adopt,
    only_failed,
    reconcile,
)
from hydra_sweep_runner.planning.trials import Plan
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.store.trash import Trash
from hydra_sweep_runner.terminal.batch_lines import first_line
from hydra_sweep_runner.terminal.render import first_few, short


def start_batch(world: World, composing: Composing, master: SweepConfig) -> int:
    """Plan and execute a new batch, and return the exit status.

    With `needed`, completed runs of the store with a planned trial's identity are adopted into the
    batch instead. `master` is the sweep as Hydra composes it, without all sweeps. Raises Mistake
    before anything is created.
    """
    sweep = plan_sweep(world, composing, master, None)
    sweep.options.check_new()
    report_planning(world, sweep)
    report_lists_in_params(world, master.sweeper)
    report_short_ranges(world, sweep.overrides)
    report_given_twice(world, composing.task)
    report_texts_read_as_numbers(world, composing, sweep.overrides, sweep.first_overrides)
    if sweep.options.print_trials:
        check_previewed(world, sweep, sweep.plan.trials)
        if sweep.graph is None:
            print_plan(world, sweep)
            _report_taken(world, sweep)
        else:
            print_graph(world, sweep, sweep.graph, _decided_of_new(world, sweep))
        report_rest(world, sweep)
        report_drawn(world, sweep)
        report_read_otherwise(world, sweep)
        save_plan(world, sweep)
        return 0
    strict = _strict(world, sweep)
    reconciliation, decided = _adopt(world, sweep, strict)
    if strict is not None:
        strict.tell()
    used = used_runs(reconciliation)
    taken = [run for _, run in used]
    report_older_code(world, taken)
    report_new_required(world, used)
    report_gone_output(world, taken)
    batch = Run(
        id=world.new_id(),
        kind=Kind.BATCH,
        operation=sweep.operation,
        flags={},
        recipe=composing.recipe(),
        state=lifecycle.initialized(world.clock()),
        batch=BatchPart(),
    )
    with sweep.open_executor() as executor:
        prepared = prepare_all(world, sweep, executor)
        carrying = Carrying(world, sweep, executor, prepared, reconciliation, batch, decided)
        carrying.check()
        carrying.create()
        with world.store.claim(batch.id):
            carrying.tell()
            report_read_otherwise(world, sweep)
            return _carry_out(world, sweep, carrying)


def _report_taken(world: World, sweep: Sweep) -> None:
    """Print how many trials of a preview are completed in the store already, if `needed` takes
    those."""
    reconciliation, _ = _adopt(world, sweep, _strict(world, sweep))
    used = used_runs(reconciliation)
    taken = [run for _, run in used]
    if taken:
        is_one = len(taken) == 1
        world.reporter.say(
            f"{len(taken)} of {len(sweep.plan.trials)} trials {'is' if is_one else 'are'} "
            f"completed in the store, and {'is' if is_one else 'are'} taken from there"
        )
        report_older_code(world, taken)
        report_new_required(world, used)


def _decided_of_new(world: World, sweep: Sweep) -> Decided | None:
    """What a new batch of a pipeline takes from the store, with the reasons; None if it is to take
    nothing."""
    if not sweep.options.needed and sweep.options.from_step is None:
        return None
    return _adopt(world, sweep, _strict(world, sweep))[1]


def _completed(world: World, plan: Plan) -> Iterable[Run]:
    """The newest completed run of the store for each planned trial that has one."""
    return world.store.completed({trial.identity for trial in plan.trials}).values()


def _strict(world: World, sweep: Sweep) -> StrictCode | None:
    """The comparison of code for `needed=strict`; None if it is not wanted."""
    if sweep.options.needed != "strict":
        return None
    with sweep.open_executor() as executor:
        return StrictCode(world, prepare_all(world, sweep, executor))


def _adopt(
    world: World, sweep: Sweep, strict: StrictCode | None
) -> tuple[Reconciliation, Decided | None]:
    """What a new batch adopts from the store, and for a pipeline the reasons."""
    options, graph = sweep.options, sweep.graph
    adopts = (options.needed and sweep.search is None) or options.from_step is not None
    completed = _completed(world, sweep.plan) if adopts else ()
    if graph is None:
        refuse_step_options(options)
        reconciliation = adopt(sweep.plan, completed)
        return reconciliation if strict is None else strict.for_new_batch(reconciliation), None
    asked = wanted_of(options, graph.wiring)
    decided = decide_new(graph, completed, asked, Changed(graph, world.store, strict))
    return decided.reconciliation, decided


def restart_batch(
    world: World,
    batch: Run,
    composing: Composing,
) -> int:
    """Plan a batch again, reconcile the plan with its trials, execute those to run, and return the
    exit status. The caller holds the batch's claim.

    `composing` has the batch's last overrides merged with the new ones. Raises Mistake before
    anything is changed.
    """
    assert batch.batch is not None
    sweep = plan_sweep(world, composing, composing.sweep(), batch)
    known = _read_known(world, batch, [*batch.batch.trials, *batch.batch.generated])
    batch = without(batch, known.gone, deleted=True)
    strict = _strict(world, sweep)
    reconciliation, decided = _reconcile(world, batch, sweep, known.runs, strict)
    if sweep.options.print_trials:
        _preview_restart(world, sweep, batch, known, reconciliation, decided)
        return 0
    takers = _refuse_used(world, reconciliation)
    with sweep.open_executor() as executor:
        with naming_refresh(world, batch, composing, sweep.one_of_each()):
            prepared = prepare_all(world, sweep, executor)
            carrying = Carrying(
                world, sweep, executor, prepared, reconciliation, batch, decided, takers
            )
            carrying.check()
        carrying.tell()
        world.reporter.say(f"Restarting {short(batch.id)}", *known.lines)
        report_given(world, sweep, batch, reconciliation)
        if strict is not None:
            strict.tell()
        report_planning(world, sweep)
        report_unused_in_sweep(world, sweep)
        if strict is None or not _skips_all(reconciliation):  # else each trial was looked at
            now = carrying.batch.provenance
            report_code_changes(world, batch, now, known.runs)
            report_replaced_code(world, batch, now, completed_again(reconciliation))
        report_skipped(world, sweep, reconciliation)
        carrying.remedies = Remedies(report_changes_outside(world, sweep, batch))
        return _carry_out(world, sweep, carrying)


def _preview_restart(
    world: World,
    sweep: Sweep,
    batch: Run,
    known: _Known,
    reconciliation: Reconciliation,
    decided: Decided | None,
) -> None:
    """Print what a restart of the batch would do, and with `save_trials` write the plan."""
    with naming_refresh(world, batch, sweep.composing, sweep.one_of_each()):
        started = [one.trial for one in reconciliation.actions if one.action is not Action.SKIP]
        check_previewed(world, sweep, started)
    report_planning(world, sweep)
    report_changes_outside(world, sweep, batch)
    runs_none = sweep.options.init_trials
    begin = first_line(short(batch.id), reconciliation, None, runs_none=runs_none)
    is_watched = world.reporter.is_watched
    beside = beside_first_line(
        short(batch.id), reconciliation, sweep.options, is_watched=is_watched
    )
    world.reporter.say(begin, *beside, *known.lines)
    report_given(world, sweep, batch, reconciliation)
    report_unused_in_sweep(world, sweep)
    report_skipped(world, sweep, reconciliation)
    if sweep.graph is None:
        print_plan(world, sweep, reconciliation)
    else:
        print_graph(world, sweep, sweep.graph, decided)
    report_rest(world, sweep)
    save_plan(world, sweep)


def _skips_all(reconciliation: Reconciliation) -> bool:
    return reconciliation.count(Action.SKIP) == len(reconciliation.actions)


def _refuse_used(world: World, reconciliation: Reconciliation) -> Dependents | None:
    """The runs that take files from trials that are to be restarted; None if none is. Raises Busy
    if a running run takes files from one."""
    again = [
        one.run.id
        for one in reconciliation.actions
        if one.run is not None and one.action is Action.RESTART and one.run.state.attempt
    ]
    if not again:
        return None
    takers = Dependents(world.store)
    takers.refuse_if_used(again, "restarted")
    return takers


def _carry_out(world: World, sweep: Sweep, carrying: Carrying) -> int:
    if sweep.search is None:
        save_plan(world, sweep)
    exit_status = carrying.out()
    if sweep.search is not None:  # the search's ledger is complete now
        save_plan(world, sweep)
    if sweep.options.init_trials:
        report_rest(world, sweep)
    return exit_status


def _reconcile(
    world: World, batch: Run, sweep: Sweep, known: Iterable[Run], strict: StrictCode | None
) -> tuple[Reconciliation, Decided | None]:
    """What the restart does with each trial, and for a pipeline the reasons."""
    options, graph = sweep.options, sweep.graph
    needed = bool(options.needed) and graph is None
    reconciliation = reconcile(sweep.plan, batch.id, planned(batch), known, needed=needed)
    if graph is not None:
        wanted = wanted_of(options, graph.wiring)
        changed = Changed(graph, world.store, strict)
        decided = decide_restart(graph, reconciliation, wanted, changed)
        return decided.reconciliation, decided
    refuse_step_options(options)
    if options.only == "failed":
        reconciliation = only_failed(reconciliation)
    elif strict is not None:
        reconciliation = strict.for_restart(reconciliation)
    return reconciliation, None


@dataclass(frozen=True, kw_only=True)
class _Known:
    """The present trials of a batch. `gone` are those whose folders are not there: deleted, or
    not made before the batch was killed. `lines` report them, and those that cannot be read."""

    runs: list[Run]
    gone: set[str]
    lines: list[str]


def _read_known(world: World, batch: Run, run_ids: Iterable[str]) -> _Known:
    runs: list[Run] = []
    gone: list[str] = []
    lines: list[str] = []
    for run_id in dict.fromkeys(run_ids):
        try:
            runs.append(world.store.observe(world.store.read(run_id)))
        except UnknownRun:
            gone.append(run_id)
        except UnreadableRecord as error:
            lines.append(f"Trial {short(run_id)} cannot be read and is left: {error}")
    trashed = {entry.id for entry in Trash(world.store.root).entries()} if gone else set()
    deleted = [run_id for run_id in gone if run_id in trashed]
    if deleted:
        trials = "1 trial lies" if len(deleted) == 1 else f"{len(deleted)} trials lie"
        lines.append(
            f"{trials} in the trash ({first_few([short(one) for one in deleted])}): what is "
            "planned of them is made anew; what brings them back before a restart: "
            f"{restore_words(deleted)}"
        )
    lines += _without_folder(batch, [run_id for run_id in gone if run_id not in trashed])
    return _Known(runs=runs, gone=set(gone), lines=lines)


def _without_folder(batch: Run, gone: Sequence[str]) -> list[str]:
    """The line about trials of a batch that have no folder, here or in the trash, if there are
    any."""
    if not gone:
        return []
    trials = "1 trial" if len(gone) == 1 else f"{len(gone)} trials"
    named = first_few([short(run_id) for run_id in gone])
    if batch.state.status in (Status.COMPLETED, Status.ERROR):  # and made all trials
        return [
            f"The folders of {trials} were deleted by hand ({named}): what is planned of "
            "them is made anew"
        ]
    have = "has" if len(gone) == 1 else "have"
    return [
        f"{trials} of the plan {have} no folder ({named}), not made yet or deleted by hand: what "
        "is planned of them is made now"
    ]


def prepare_all(
    world: World, sweep: Sweep, executor: Executor
) -> dict[Operation, PreparedOperation]:
    """Check each operation of the plan with each set of flag names that it gets.

    Raises Mistake, as `prepare` does.
    """
    prepared: dict[Operation, PreparedOperation] = {}
    checked: set[tuple[Operation, tuple[str, ...]]] = set()
    for trial in sweep.plan.trials:
        key = (trial.operation, tuple(trial.flags))
        if key not in checked:
            checked.add(key)
            prepared[trial.operation] = prepare(
                trial.operation, trial.flags, world.project_dir, executor
            )
    return prepared
