"""A batch's sweep: from overrides, options and seed to its plan, and the plan as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hydra_sweep_runner.commands.start.composing import Composing, sweep_overrides
from hydra_sweep_runner.commands.start.shaping import (
    REPEAT,
    load_rows,
    save_rows,
    shape_sweep,
)
from hydra_sweep_runner.commands.start.world import OpenExecutor, World
from hydra_sweep_runner.compose.composer import SweepConfig
from hydra_sweep_runner.compose.overrides import (
    batch_flags,
    dimensions,
    name_in,
    parse_override,
    plain,
)
from hydra_sweep_runner.compose.pipeline import PipelineComposer
from hydra_sweep_runner.compose.rows import Row, checked_row, form_of
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.executor import Executor
from hydra_sweep_runner.model import Flags, Operation, Run, Value
from hydra_sweep_runner.operation.flags import given_flags
from hydra_sweep_runner.operation.run_options import Options
from hydra_sweep_runner.pipeline.graph import Graph, plan_graph
from hydra_sweep_runner.planning.reconcile import Action, Reconciliation
from hydra_sweep_runner.planning.trials import Plan, Trial, operation_names, plan_trials
from hydra_sweep_runner.search.objective import Objective
from hydra_sweep_runner.search.stopping import Stopping, parse_stopping
from hydra_sweep_runner.system.garbage import no_garbage, seldom_garbage
from hydra_sweep_runner.terminal.render import MOST_OF_VALUE, cut, escape, render_plan, shown_value

if TYPE_CHECKING:
    from hydra_sweep_runner.commands.start.searching import Searching

#: Names in a batch's basis.
ROWS, WINDOW = "rows", "window"


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A batch's sweep, planned. `names` are the given flags and groups, in their order, and
    `varying` those of them that may differ from trial to trial; `rows` are those of the files
    of trials.

    `graph` is a pipeline's plan, whose trials are those of `plan`, in the same order;
    `combinations` are then what they were made from.
    """

    composing: Composing
    options: Options
    seed: int
    overrides: tuple[str, ...]
    names: tuple[str, ...]
    varying: tuple[str, ...]
    plan: Plan
    open_executor: OpenExecutor
    rows: tuple[Row, ...] = ()
    search: Searching | None = None
    stopping: Stopping
    window: int
    kept_basis: Mapping[str, Value] = field(default_factory=dict)
    graph: Graph | None = None
    combinations: tuple[Trial, ...] = ()

    @property
    def operation(self) -> Operation:
        """What the batch is said to run: all operations of its trials, or the pipeline."""
        if self.composing.pipeline is not None:
            return self.composing.pipeline.operation
        trials = self.plan.trials
        return replace(trials[0].operation, name=operation_names(trials))

    @property
    def objective(self) -> Objective | None:
        """What one trial is better by than another, if by anything: what the steps of a pipeline
        return is of as many kinds, unless a scalar is named."""
        if self.graph is not None and "objective" not in self.options.values:
            return None
        return self.stopping.objective

    def given(self, trial: Trial) -> tuple[str, ...]:
        """The names of what somebody set of a trial."""
        if self.graph is None:
            return self.names
        names = (name_in(text) for text in trial.overrides)
        return tuple(dict.fromkeys(name for name in names if name != "operation"))

    def basis(self, run_ids: Sequence[str]) -> dict[str, Value] | None:
        """What the batch's record keeps beside its plan, whose trials have these ids."""
        basis = {name: value for name, value in self.kept_basis.items() if name != ROWS}
        if self.rows:
            basis[ROWS] = [dict(row) for row in self.rows]
        if self.stopping.looks_at_results or self.search is not None:
            basis[WINDOW] = self.window
        if self.search is not None:
            from hydra_sweep_runner.commands.start.search_plan import SEARCH
            from hydra_sweep_runner.search.basis import ledger_to_value

            numbers = [n for n in self.search.plan if n in self.search.trials]
            for number, run_id in zip(numbers, run_ids, strict=True):
                self.search.record(number, run_id)
            basis[SEARCH] = ledger_to_value(self.search.ledger)
        return basis or None

    def basis_of(self, trial: Trial, run: Run | None) -> Mapping[str, Value] | None:
        """What a trial was proposed from, as its record keeps it."""
        kept = None if run is None else run.basis
        if self.search is None:
            return kept
        number = next(
            (n for n, one in self.search.trials.items() if one.identity == trial.identity), None
        )
        return kept if number is None else self.search.basis_value(number) or kept

    def config(self, trial: Trial) -> TrialConfig:
        """What a planned trial is composed to."""
        return self.composing.config(trial.overrides)

    def one_of_each(self) -> list[tuple[str, ...]]:
        """The overrides of one trial for each combination of config groups in the plan."""
        found = {self.config(trial).base.key: trial.overrides for trial in self.plan.trials}
        return list(found.values())

    def flags(self) -> Flags:
        """The batch's flags: each given name with the list of its values."""
        return batch_flags(self.overrides, self.composing.groups)

    def choices(self) -> dict[str, Value]:
        """Of the batch's flags those that are config groups."""
        chosen = {name_in(text) for text in self.overrides if self._is_choice(text)}
        return {name: values for name, values in self.flags().items() if name in chosen}

    def _is_choice(self, text: str) -> bool:
        return self.composing.composer.is_group_choice(text)


def plan_sweep(
    world: World,
    composing: Composing,
    master: SweepConfig,
    remembered: Run | None,
) -> Sweep:
    """Generate a batch's trials. `remembered` is the batch, where it is restarted.

    Raises Mistake for a sweep that cannot be composed or has no trials.
    """
    sweeper = master.sweeper
    with composing.quoting_no_secrets():
        options = composing.options(sweeper, {} if remembered is None else remembered.options)
    check_saving(options)
    seed = options.random_seed
    if seed is None:
        known = None if remembered is None else remembered.random_seed
        seed = world.new_seed() if known is None else known
    overrides = sweep_overrides(composing, sweeper)
    found = dimensions(overrides, seed, composing.groups)
    kept: Mapping[str, Value] = {} if remembered is None else remembered.basis or {}
    objective = Objective.parse(options.objective)
    stopping = parse_stopping(sweeper.get("stop"), objective)
    learns = _learns(options)
    _check_search_options(composing, options, sweeper, learns, is_new=remembered is None)
    remembered_window = kept.get(WINDOW)
    window = options.window
    if window is None and isinstance(remembered_window, int):
        window = remembered_window
    if window is None and (learns or stopping.looks_at_results):
        from hydra_sweep_runner.commands.start.search_plan import default_window

        window = default_window(master, world)
    common: dict[str, Any] = {
        "composing": composing,
        "options": options,
        "seed": seed,
        "overrides": tuple(overrides),
        "open_executor": _open_executor(world, composing, master),
        "stopping": stopping,
        "window": window or 1,
        "kept_basis": kept,
    }
    names = [one.name for one in found]
    varying = [one.name for one in found if one.swept and one.count != 1]
    if learns:
        _refuse_pipeline(composing, options)
        from hydra_sweep_runner.commands.start.search_plan import plan_search

        search, plan = plan_search(
            world,
            composing,
            master,
            found,
            options,
            batch=remembered,
            seed=seed,
            window=window or 1,
            sweep=overrides,
        )
        composing.composer.check_settings(master, composing.typed.options.values)
        common |= {"names": tuple(dict.fromkeys(names)), "varying": tuple(varying)}
        return Sweep(**common, plan=plan, search=search)
    rows = _rows(world, composing, options, remembered)
    shaped = shape_sweep(composing, found, options, seed, rows)
    with seldom_garbage():
        plan = plan_trials(
            shaped.combinations,
            max_trials=shaped.limit,
            seed=seed,
            compose=composing.describe_combination,
            shape=shaped.shape,
            identify=composing.identify_combination,
        )
    composing.composer.check_settings(master, composing.typed.options.values)
    shaped.exclusion.check()
    if not plan.trials:
        empty = [one.name for one in found if one.is_finite and one.count == 0]
        why = f"{', '.join(empty)} has no values" if empty else "+exclude leaves none"
        raise Mistake(f"the sweep has no trials: {why}")
    names += shaped.names
    common |= {
        "names": tuple(dict.fromkeys(names)),
        "varying": tuple(dict.fromkeys([*varying, *shaped.names])),
        "rows": tuple(rows),
    }
    if composing.pipeline is None:
        return Sweep(**common, plan=plan)
    graph = _graph_of(composing.pipeline, plan.trials, seed)
    trials = tuple(node.trial for node in graph.nodes)
    whole = replace(plan, trials=trials)
    return Sweep(**common, plan=whole, graph=graph, combinations=plan.trials)


def _graph_of(pipeline: PipelineComposer, combinations: Sequence[Trial], seed: int) -> Graph:
    """The graph of the trials that a pipeline's combinations give. Raises Mistake."""
    composed = [pipeline.combination(one.overrides, one.repeat) for one in combinations]
    with no_garbage():
        return plan_graph(pipeline.wiring, composed, seed)


def _refuse_pipeline(composing: Composing, options: Options) -> None:
    if composing.pipeline is not None:
        raise Mistake(
            f"+optimizer={options.optimizer}: a pipeline's plan cannot grow from results: sweep "
            "over it by a grid or at random"
        )


def _learns(options: Options) -> bool:
    """Whether trials are proposed from results. Raises Mistake for an unknown optimizer. What
    a search needs is imported for one alone: a short grid is over before it is there."""
    if options.optimizer is None:
        return False
    from hydra_sweep_runner.search.optimizers.choose import is_learning

    return is_learning(options.optimizer)


def _check_search_options(
    composing: Composing,
    options: Options,
    sweeper: Mapping[str, Any],
    learns: bool,
    *,
    is_new: bool,
) -> None:
    """Raise Mistake for what goes with optimizers that learn alone, where there is none. What
    a restart remembers of a former optimizer is no mistake."""
    if learns:
        return
    for name in ("window", "warm_start"):
        if composing.typed.option(name) is not None or (is_new and getattr(options, name)):
            raise Mistake(f"+{name} is for an optimizer that learns, as +optimizer=tpe")
    if is_new and sweeper.get("optimizer_options"):
        raise Mistake(
            "hydra.sweeper.optimizer_options are for an optimizer that learns, as +optimizer=tpe"
        )


def _rows(
    world: World, composing: Composing, options: Options, remembered: Run | None
) -> list[Row]:
    """The rows of the files of trials: those that the batch keeps, unless they are to be read
    again."""
    given = composing.typed.options
    if remembered is None or given.trials or options.refresh:
        return load_rows(world.project_dir, options.trials)
    kept = (remembered.basis or {}).get(ROWS) if options.trials else None
    if not isinstance(kept, list):
        return load_rows(world.project_dir, options.trials)
    return [checked_row(row, f"row {n}") for n, row in enumerate(kept, 1)]


def _open_executor(world: World, composing: Composing, master: SweepConfig) -> OpenExecutor:
    with composing.quoting_no_secrets():
        open_executor = world.executor_of_sweep(master)

    @contextmanager
    def opened() -> Iterator[Executor]:
        with ExitStack() as stack:
            with composing.quoting_no_secrets():
                executor = stack.enter_context(open_executor())
            yield executor

    return opened


def tell_planning(world: World, sweep: Sweep) -> None:
    """Say what of what was given has no effect: combinations of the grid that came more than
    once, and what steps say of Hydra."""
    repeated = sweep.plan.repeated
    if repeated:
        what = "1 combination comes" if repeated == 1 else f"{repeated} combinations come"
        world.reporter.say(f"{what} more than once: each is kept once")
    pipeline = sweep.composing.pipeline
    for step, names in ({} if pipeline is None else pipeline.ignored).items():
        world.reporter.say(
            f"{step}: its own {', '.join(names)} {'is' if len(names) == 1 else 'are'} ignored: "
            "settings of Hydra hold for the whole pipeline, from its YAML or the command line"
        )


def tell_rest(world: World, sweep: Sweep) -> None:
    """Say how many trials of a search depend on results and are not planned yet."""
    if sweep.search is not None and sweep.search.room:
        more, most = sweep.search.room, sweep.search.room + len(sweep.plan.trials)
        world.reporter.say(f"The other trials depend on results: {more} more, up to {most}")


#: What the column `do` of a restart's preview says of a planned trial.
_DO = {
    Action.RESTART: "run",
    Action.SKIP: "skip",
    Action.CREATE: "create",
    Action.INITIALIZE: "create",
}


def print_plan(world: World, sweep: Sweep, reconciliation: Reconciliation | None = None) -> None:
    """Print the plan as a table: a column for each given flag, and for swept groups; of a
    restart, what is to be done for each trial."""
    columns = [name for name in sweep.names if is_column(sweep.plan.trials, name)]
    rows = [_row(columns, trial) for trial in sweep.plan.trials]
    done = [] if reconciliation is None else [_DO[step.action] for step in reconciliation.steps]
    if any(trial.repeat for trial in sweep.plan.trials):
        columns.append(REPEAT)
        for row, trial in zip(rows, sweep.plan.trials, strict=True):
            row[REPEAT] = str(trial.repeat)
    for line in render_plan(columns, rows, done):
        world.reporter.result(line)


def is_column(trials: Sequence[Trial], name: str) -> bool:
    """Whether a given name has a column: a flag, and what is swept over."""
    texts: set[str] = set()
    for trial in trials:
        texts.update(_texts_of(trial, name))
        if len(texts) > 1:
            return True
    return any(given_flags(trial.flags, [name]) for trial in trials[:1])


def _texts_of(trial: Trial, name: str) -> list[str]:
    return [text for text in trial.overrides if name_in(text) == name]


def _row(columns: Sequence[str], trial: Trial) -> dict[str, str]:
    return {name: cell(trial, name) for name in columns}


def cell(trial: Trial, name: str) -> str:
    """What a trial has of a given name, as tables show it."""
    if name in trial.flags:
        return shown_value(trial.flags[name])
    texts = _texts_of(trial, name)
    if not texts:
        return ""
    text = escape(texts[-1].split("=", 1)[1] if "=" in texts[-1] else texts[-1])
    return cut(text, MOST_OF_VALUE)


def save_plan(world: World, sweep: Sweep) -> None:
    """Write the plan to the file that `save_trials` names, if it does."""
    name = sweep.options.save_trials
    if name is not None:
        trials = sweep.plan.trials if sweep.search is None else sweep.search.planned
        if sweep.graph is not None:
            trials = sweep.combinations
        repeated = any(trial.repeat for trial in trials)
        rows = [_saved(sweep, trial, repeated) for trial in trials]
        save_rows(world.project_dir, name, rows)


def check_saving(options: Options) -> None:
    """Raise Mistake for a name that says no form of a file."""
    if options.save_trials is not None:
        form_of(options.save_trials)


def _saved(sweep: Sweep, trial: Trial, repeated: bool) -> Row:
    """What was given of a trial, as a row that gives it again: flags, choices of groups."""
    row: dict[str, Value] = {}
    for name in sweep.names:
        texts = _texts_of(trial, name)
        added = "+" if texts and texts[-1].startswith("+") else ""
        if texts and sweep.composing.composer.is_group_choice(texts[-1]):
            row[f"{added}{name}"] = plain(parse_override(texts[-1])._value)
        elif not sweep.composing.composer.is_group(name):
            flags = given_flags(trial.flags, [name])
            row |= {f"{added}{key}": value for key, value in flags.items()}
    return {**row, REPEAT: trial.repeat} if repeated else row
