"""Plans a batch's sweep: from overrides, options and seed to its trials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hydra_sweep_runner.commands.start.composing import Composing, sweep_overrides
from hydra_sweep_runner.commands.start.flags_of_choices import of_some_choices
from hydra_sweep_runner.commands.start.shaping import load_rows, shape_sweep
from hydra_sweep_runner.commands.start.sweep import ROWS, SEARCH, WINDOW, Sweep, check_saving
from hydra_sweep_runner.commands.start.world import OpenExecutor, World
from hydra_sweep_runner.compose.composer import SweepConfig
from hydra_sweep_runner.compose.overrides import name_in
from hydra_sweep_runner.compose.pipeline import PipelineComposer
from hydra_sweep_runner.compose.rows import Row, checked_row
from hydra_sweep_runner.compose.sweeps import dimensions, why_without_values
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import AlreadyThere, Mistake, UnknownFlag
from hydra_sweep_runner.execute.executor import Executor
from hydra_sweep_runner.model import Run, Value
from hydra_sweep_runner.operation.run_options import Options
from hydra_sweep_runner.pipeline.graph import Graph
from hydra_sweep_runner.pipeline.plan_graph import plan_graph
from hydra_sweep_runner.planning.combinations import Dimension
from hydra_sweep_runner.planning.trials import Plan, Trial, plan_trials
from hydra_sweep_runner.search.objective import Objective
from hydra_sweep_runner.search.stopping_rules import Stopping, parse_stopping
from hydra_sweep_runner.system.garbage import seldom_garbage

if TYPE_CHECKING:
    from hydra_sweep_runner.commands.start.searching import Searching


def plan_sweep(
    world: World,
    composing: Composing,
    master: SweepConfig,
    remembered: Run | None,
) -> Sweep:
    """Plan a batch's trials. `remembered` is the batch if it is restarted.

    Raises Mistake for a sweep that cannot be composed or has no trials.
    """
    planning = _planning(world, composing, master, remembered)
    try:
        if planning.learns:
            return _planned_search(world, master, planning, remembered)
        with seldom_garbage(freezes=composing.program is None):
            sweep = _planned_grid(world, master, planning, remembered)
            return sweep if composing.pipeline is None else _with_graph(sweep, composing.pipeline)
    except (UnknownFlag, AlreadyThere) as mistake:
        given = [text for text in planning.overrides if name_in(text) == mistake.name]
        if not given:
            raise
        if composing.pipeline is None and not given[-1].startswith("~"):
            found = of_some_choices(
                composing.composer, planning.dimensions, mistake.name, given[-1]
            )
            if found is not None:
                raise found from mistake
        raise mistake.of(given[-1]) from mistake


@dataclass(frozen=True, kw_only=True)
class _Planning:
    """What a sweep is planned from. `learns` says whether its optimizer learns from results."""

    composing: Composing
    options: Options
    seed: int
    overrides: Sequence[str]
    dimensions: tuple[Dimension, ...]
    stopping: Stopping
    learns: bool
    window: int
    kept_basis: Mapping[str, Value]
    open_executor: OpenExecutor

    @property
    def is_random(self) -> bool:
        """Whether trials are drawn: a flag has an interval, or it was asked for."""
        drawn = any(one.interval is not None for one in self.dimensions)
        return self.options.optimizer == "random" or (drawn and self.options.optimizer is None)

    def sweep(
        self,
        plan: Plan,
        *,
        search: Searching | None = None,
        rows: Sequence[Row] = (),
        row_names: Sequence[str] = (),
    ) -> Sweep:
        """The sweep with this plan; `row_names` are the names that files and `include` give."""
        names = [name for one in self.dimensions for name in self._names(one)]
        swept = [one for one in self.dimensions if one.swept and one.count != 1]
        varying = [name for one in swept for name in self._names(one)]
        return Sweep(
            composing=self.composing,
            options=self.options,
            seed=self.seed,
            overrides=tuple(self.overrides),
            names=tuple(dict.fromkeys([*names, *row_names])),
            varying=tuple(dict.fromkeys([*varying, *row_names])),
            plan=plan,
            open_executor=self.open_executor,
            rows=tuple(rows),
            search=search,
            stopping=self.stopping,
            window=self.window,
            is_random=self.is_random,
            kept_basis=self.kept_basis,
        )

    def _names(self, one: Dimension) -> Iterable[str]:
        """The names of what a dimension sets: of mappings for a config group, the flags in them."""
        composer = self.composing.composer
        if one.interval is not None or not composer.is_group(one.name):
            return [one.name]
        return dict.fromkeys(name for text in one.overrides for name in composer.names_set(text))

    def check_settings(self, master: SweepConfig) -> None:
        """Raise Mistake if a composed trial changes settings of the sweeper or the launcher."""
        typed = self.composing.typed.options.values
        self.composing.composer.check_settings(master, typed)


def _planning(
    world: World, composing: Composing, master: SweepConfig, remembered: Run | None
) -> _Planning:
    sweeper = master.sweeper
    with composing.quoting_no_secrets():
        options = composing.options(sweeper, {} if remembered is None else remembered.options)
    check_saving(world, options)
    seed = options.random_seed
    if seed is None:
        known = None if remembered is None else remembered.random_seed
        seed = world.new_seed() if known is None else known
    overrides = sweep_overrides(composing, sweeper)
    found = dimensions(overrides, seed, composing.groups)
    learns = _learns(options)
    kept: Mapping[str, Value] = {} if remembered is None else remembered.basis or {}
    if remembered is not None and SEARCH in kept and not learns:
        from hydra_sweep_runner.commands.start.search_plan import paused

        kept = paused(remembered, kept)
    stopping = parse_stopping(sweeper.get("stop"), Objective.parse(options.objective))
    _check_search_options(composing, options, sweeper, learns, is_new=remembered is None)
    needs_window = learns or stopping.looks_at_results
    return _Planning(
        composing=composing,
        options=options,
        seed=seed,
        overrides=overrides,
        dimensions=found,
        stopping=stopping,
        learns=learns,
        window=_window(world, master, options, kept.get(WINDOW), needs_window) or 1,
        kept_basis=kept,
        open_executor=_open_executor(world, composing, master),
    )


def _window(
    world: World, master: SweepConfig, options: Options, kept: Value, needs_window: bool
) -> int | None:
    """The option, else the window that the batch has kept, else the launcher's if one is needed."""
    if options.window is not None:
        return options.window
    if isinstance(kept, int):
        return kept
    if not needs_window:
        return None
    from hydra_sweep_runner.commands.start.search_plan import default_window

    return default_window(master, world)


def _planned_search(
    world: World, master: SweepConfig, planning: _Planning, batch: Run | None
) -> Sweep:
    _refuse_pipeline(planning.composing, planning.options)
    from hydra_sweep_runner.commands.start.search_plan import plan_search

    search, plan = plan_search(
        world,
        planning.composing,
        master,
        planning.dimensions,
        planning.options,
        batch=batch,
        seed=planning.seed,
        window=planning.window,
        sweep=planning.overrides,
    )
    planning.check_settings(master)
    return planning.sweep(plan, search=search)


def _planned_grid(
    world: World, master: SweepConfig, planning: _Planning, remembered: Run | None
) -> Sweep:
    """The sweep of a grid or of random draws: all of its trials are planned at once."""
    composing, options, found = planning.composing, planning.options, planning.dimensions
    rows = _rows(world, composing, options, remembered)
    shaped = shape_sweep(composing, found, options, planning.seed, rows)
    plan = plan_trials(
        shaped.combinations,
        max_trials=shaped.limit,
        seed=planning.seed,
        compose=composing.describe_combination,
        shape=shaped.shape,
        identify=composing.identify_combination,
    )
    planning.check_settings(master)
    shaped.exclusion.check()
    if not plan.trials:
        empty = [one.name for one in found if one.is_finite and one.count == 0]
        texts = [text for text in planning.overrides if name_in(text) in empty]
        why = "+exclude leaves none"
        if empty:
            why = "; ".join(map(why_without_values, texts)) or f"{', '.join(empty)} has no values"
        raise Mistake(f"the sweep has no trials: {why}")
    return planning.sweep(plan, rows=rows, row_names=shaped.names)


def _with_graph(sweep: Sweep, pipeline: PipelineComposer) -> Sweep:
    """The sweep of a pipeline: the graph's trials in place of the combinations."""
    combinations = sweep.plan.trials
    graph = _graph_of(pipeline, combinations, sweep.seed)
    plan = replace(sweep.plan, trials=tuple(node.trial for node in graph.nodes))
    return replace(sweep, plan=plan, graph=graph, combinations=combinations)


def _graph_of(pipeline: PipelineComposer, combinations: Sequence[Trial], seed: int) -> Graph:
    """The graph of the trials of a pipeline's combinations. Raises Mistake."""
    composed = [pipeline.combination(one.overrides, one.repeat) for one in combinations]
    return plan_graph(pipeline.wiring, composed, seed)


def _refuse_pipeline(composing: Composing, options: Options) -> None:
    if composing.pipeline is not None:
        raise Mistake(
            f"+optimizer={options.optimizer}: a pipeline's plan cannot grow from results: sweep "
            "over it by a grid or at random"
        )


def _learns(options: Options) -> bool:
    """Whether trials are proposed from results. Raises Mistake for an unknown optimizer. The search
    modules are imported only if there is an optimizer, because importing them takes longer than a
    short grid."""
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
    """Raise Mistake for options of learning optimizers if the optimizer does not learn. Options
    that a restart remembers from a former optimizer are allowed."""
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
    """The rows of the files of trials: those in the batch's record, unless the files are to be read
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
