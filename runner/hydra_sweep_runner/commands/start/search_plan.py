"""Sets a search up: from a batch's overrides, options and store to its plan so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hydra_sweep_runner.commands.start.composing import Composing
from hydra_sweep_runner.commands.start.searching import (
    NO_PROPOSAL,
    Searching,
    Settings,
    importer,
    settings_of,
)
from hydra_sweep_runner.commands.start.shaping import Exclusion
from hydra_sweep_runner.commands.start.sweep import SEARCH, SEARCH_PLAN
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.commands.start.yaml_changes import change_text
from hydra_sweep_runner.compose.composer import SweepConfig
from hydra_sweep_runner.compose.elements import plain
from hydra_sweep_runner.compose.overrides import parse_override
from hydra_sweep_runner.errors import Mistake, UnknownRun, UnreadableRecord
from hydra_sweep_runner.execute.local.devices import check_devices
from hydra_sweep_runner.execute.local.jobs import resolve_n_jobs
from hydra_sweep_runner.model import Kind, Run, Status, Unreadable, Value
from hydra_sweep_runner.operation.flags import differences
from hydra_sweep_runner.operation.run_options import Options
from hydra_sweep_runner.planning.combinations import Dimension
from hydra_sweep_runner.planning.trials import Plan
from hydra_sweep_runner.search.basis import Before, Ledger, read_ledger
from hydra_sweep_runner.search.objective import Objective
from hydra_sweep_runner.search.results import last_of
from hydra_sweep_runner.search.space import SearchSpace, check_learnable


def paused(batch: Run, basis: Mapping[str, Value]) -> Mapping[str, Value]:
    """A search's basis for a start that no learning optimizer plans: with the ids of the plan so
    far, which the batch's own list will not have any more."""
    return {**basis, SEARCH_PLAN: list(_plan_of_search(batch))}


def _plan_of_search(batch: Run | None) -> tuple[str, ...]:
    """The ids in the batch's plan, and in that of the last learning optimizer."""
    if batch is None or batch.batch is None:
        return ()
    kept = (batch.basis or {}).get(SEARCH_PLAN)
    earlier = map(str, kept) if isinstance(kept, list) else ()
    return tuple(dict.fromkeys([*earlier, *batch.batch.trials]))


def ledger_of(batch: Run | None) -> Ledger:
    """The ledger of a batch; its order has all trials that the batch ever had. Raises
    UnreadableRecord."""
    if batch is None or batch.batch is None:
        return Ledger()
    kept = (batch.basis or {}).get(SEARCH)
    if not isinstance(kept, dict):
        return Ledger().numbering([*batch.batch.trials, *batch.batch.generated])
    # Trials that another optimizer has generated since are in the plan, too.
    return read_ledger(kept, f"batch {batch.id}").numbering(batch.batch.trials)


def space_of(dimensions: Sequence[Dimension]) -> SearchSpace:
    """The space of a sweep's dimensions."""
    values: dict[str, Sequence[Value]] = {
        one.name: [plain(parse_override(text)._value) for text in one.overrides]
        for one in dimensions
        if one.swept and one.interval is None
    }
    return SearchSpace(tuple(dimensions), values)


def plan_search(
    world: World,
    composing: Composing,
    master: SweepConfig,
    dimensions: Sequence[Dimension],
    options: Options,
    *,
    batch: Run | None,
    seed: int,
    window: int,
    sweep: Sequence[str],
) -> tuple[Searching, Plan]:
    """The search of a batch, from its record and its trials, and its plan so far: the existing
    trials and, as far as results allow, proposals for the others. Raises Mistake."""
    settings = settings_of(
        options,
        master.sweeper.get("optimizer_options"),
        window=window,
        random_seed=seed,
        sweep=sweep,
    )
    space = space_of(dimensions)
    check_learnable(space, settings.optimizer)
    ledger = ledger_of(batch)
    _report_other_settings(world, ledger, settings)
    exclusion = Exclusion(options.exclude, composing.choices)
    search = Searching(
        settings=settings,
        composing=composing,
        space=space,
        excluded=exclusion,
        ledger=ledger,
        runs={run.id: run for run in _existing(world, ledger.order)},
        in_plan=frozenset(_plan_of_search(batch)),
        import_class=importer(world.project_dir),
    )
    before = _warm_start(world, composing, options, batch, ledger, search, settings.objective)
    if before:
        search.tell_before(before)
    only_planned = options.init_trials or options.print_trials
    _take_results(search, needed=bool(options.needed), all_ended=only_planned)
    if not only_planned:
        search.before_running_again(
            number for number in search.plan if number not in search.results
        )
    for number in search.gaps:
        search.propose(number)
    while (only_planned or batch is None or not search.trials) and not search.is_whole:
        if search.why_no_more() or not isinstance(search.propose(), int):
            break
    exclusion.check()
    trials = tuple(search.trials[n] for n in search.plan if n in search.trials)
    if not trials:
        raise Mistake(f"the search has no trials: {search.why_no_more() or NO_PROPOSAL}")
    return search, Plan(trials=trials, duplicates=0, combinations=space.size)


def _report_other_settings(world: World, ledger: Ledger, settings: Settings) -> None:
    """Print a line if the last proposal was made by another optimizer or for another objective."""
    if not ledger.eras:
        return
    last = ledger.eras[-1]
    changes = differences(
        {"optimizer": last.optimizer, "objective": ", ".join(last.objective)},
        {"optimizer": settings.optimizer, "objective": ", ".join(settings.objective.texts)},
    )
    if changes:
        told = ", ".join(change_text(name, *pair) for name, pair in changes.items())
        world.reporter.say(
            f"The search has other settings than at its last proposal: {told}; the trials of the "
            "plan stay as they were proposed, and new ones are proposed with these settings"
        )


def _existing(world: World, run_ids: Iterable[str]) -> Iterable[Run]:
    """The readable runs among these ids, as observed."""
    for run_id in run_ids:
        try:
            yield world.store.observe(world.store.read(run_id))
        except (UnknownRun, UnreadableRecord):
            continue  # the restart reports both


def _take_results(search: Searching, *, needed: bool, all_ended: bool) -> None:
    """Add the results of trials that will not run again."""
    for number in search.plan:
        run = search.run_of(number)
        if run is None:
            continue
        status = run.state.status
        if (needed and status is Status.COMPLETED) or (
            all_ended and status in (Status.COMPLETED, Status.ERROR)
        ):
            search.results[number] = last_of(run)


def _warm_start(
    world: World,
    composing: Composing,
    options: Options,
    batch: Run | None,
    ledger: Ledger,
    search: Searching,
    objective: Objective,
) -> list[tuple[Before, Run]]:
    """The runs whose results are told first: those in the batch's record or, if `warm_start` is
    new, the runs in the space. Raises Mistake."""
    typed = composing.typed.option("warm_start")
    if ledger.eras and typed is None and options.warm_start:
        recorded = {one.run: one for one in ledger.eras[-1].before}
        return [(recorded[run.id], run) for run in _existing(world, recorded)]
    found: list[tuple[Before, Run]] = []
    own = set(ledger.order)
    for run in _candidates(world, options.warm_start, search):
        last = last_of(run)
        if run.id in own or last is None or search.trial_like(run) is None:
            continue
        found.append((Before(run=run.id, values=objective.values(last)), run))
    return found


def _candidates(world: World, named: Sequence[str], search: Searching) -> Iterable[Run]:
    """The runs that the named batches have in their plans, or all runs (`all`), in order of
    creation."""
    if "all" in named:
        runs = [
            run
            for run in world.store.read_all()
            if not isinstance(run, Unreadable) and run.kind is not Kind.BATCH
        ]
        return sorted(runs, key=lambda run: (run.state.initialized, run.id))
    ids: dict[str, None] = {}
    for name in named:
        batch = world.store.read(world.store.resolve(name))
        if batch.batch is None:
            raise Mistake(
                f"+warm_start={name}: that is a {batch.kind.value}; give a batch's id, or all"
            )
        if not search.is_of_operation(batch):
            raise Mistake(
                f"+warm_start={name}: that batch is of another operation, {batch.operation.name}"
            )
        ids |= dict.fromkeys(batch.batch.trials)
    return list(_existing(world, ids))


def default_window(master: SweepConfig, world: World) -> int:
    """The number of trials at once, according to the launcher's settings. Raises Mistake."""
    launcher = master.launcher
    if "n_jobs" not in launcher:  # Hydra's own launcher runs jobs one after another
        return 1
    n_jobs = launcher.get("n_jobs")
    if launcher.get("backend") is not None and n_jobs is None:
        with world.executor_of_sweep(master)() as executor:
            return executor.at_once or 1
    return resolve_n_jobs(n_jobs, check_devices(launcher.get("devices")))
