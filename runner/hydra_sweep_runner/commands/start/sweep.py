"""A batch's planned sweep, and its plan as a table and as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from hydra_sweep_runner.commands.start.composing import Composing
from hydra_sweep_runner.commands.start.shaping import (
    REPEAT,
    check_saved,
    save_rows,
)
from hydra_sweep_runner.commands.start.world import OpenExecutor, World
from hydra_sweep_runner.compose.elements import plain
from hydra_sweep_runner.compose.overrides import name_in, parse_override
from hydra_sweep_runner.compose.rows import Row
from hydra_sweep_runner.compose.sweeps import batch_flags
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Flags, Operation, Run, Value
from hydra_sweep_runner.operation.flags import given_flags
from hydra_sweep_runner.operation.run_options import Options
from hydra_sweep_runner.pipeline.graph import Graph
from hydra_sweep_runner.planning.reconcile import Action, Reconciliation
from hydra_sweep_runner.planning.trials import Plan, Trial, operation_names
from hydra_sweep_runner.search.objective import Objective
from hydra_sweep_runner.search.stopping_rules import Stopping
from hydra_sweep_runner.terminal.render import MOST_OF_VALUE, cut, escape, render_plan, shown_value

if TYPE_CHECKING:
    from hydra_sweep_runner.commands.start.searching import Searching

#: Names in a batch's basis. SEARCH is the ledger; SEARCH_PLAN are the ids that were in the plan
#: since a sweep of another kind took the search's place.
ROWS, WINDOW, SEARCH, SEARCH_PLAN = "rows", "window", "search", "search_plan"


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A batch's planned sweep. `names` are the given flags and groups, in order, and `varying`
    those that may differ between trials. `rows` are those of the files of trials. `is_random`:
    trials are drawn, and not proposed from results.

    For a pipeline, `graph` has the trials of `plan`, in the same order, and `combinations` are the
    combinations they were made from.
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
    is_random: bool = False
    kept_basis: Mapping[str, Value] = field(default_factory=dict)
    graph: Graph | None = None
    combinations: tuple[Trial, ...] = ()

    @property
    def operation(self) -> Operation:
        """The batch's operation: the pipeline, or one that names all operations of its trials."""
        if self.composing.pipeline is not None:
            return self.composing.pipeline.operation
        trials = self.plan.trials
        return replace(trials[0].operation, name=operation_names(trials))

    @property
    def objective(self) -> Objective | None:
        """The objective by which trials are compared. None for a pipeline unless a scalar is named
        or a rule judges by it, because its steps return different things."""
        is_meant = "objective" in self.options.values or self.stopping.looks_at_results
        return self.stopping.objective if is_meant or self.graph is None else None

    @property
    def objective_of_search(self) -> Objective | None:
        """The objective by which a trial without a finite value counts as failed: that of a random
        search, or one that was asked for. None for a search that learns, which tells of each such
        trial itself, and for a pipeline, whose steps report different things."""
        if self.search is not None or self.graph is not None:
            return None
        if self.is_random:
            return self.stopping.objective
        return self.objective_asked_for

    @property
    def objective_asked_for(self) -> Objective | None:
        """The objective, if somebody named it or a rule judges by it. None for a search, which
        tells of each trial that lacks it."""
        named = "objective" in self.options.values or self.stopping.looks_at_results
        return self.objective if named and self.search is None else None

    @property
    def objective_of_best(self) -> Objective | None:
        """The objective by which a trial is called the best so far: a search's, or one that was
        asked for. Nobody has said of a plain sweep which way its results are better."""
        is_search = self.search is not None or self.options.optimizer is not None
        return self.objective if is_search else self.objective_asked_for

    @property
    def repeated(self) -> frozenset[str | None]:
        """The steps that have repeated trials; None stands for a sweep without steps."""
        if self.graph is not None:
            return frozenset(node.step for node in self.graph.nodes if node.trial.repeat)
        return frozenset([None] if any(trial.repeat for trial in self.plan.trials) else [])

    def given(self, trial: Trial) -> tuple[str, ...]:
        """The names of a trial's given flags."""
        if self.graph is None:
            return self.names
        names = (name_in(text) for text in trial.overrides)
        return tuple(dict.fromkeys(name for name in names if name != "operation"))

    def basis(self, run_ids: Sequence[str]) -> dict[str, Value] | None:
        """The basis that the batch's record keeps; `run_ids` are the ids of the plan's trials."""
        basis = {name: value for name, value in self.kept_basis.items() if name != ROWS}
        if self.rows:
            basis[ROWS] = [dict(row) for row in self.rows]
        if self.stopping.looks_at_results or self.search is not None:
            basis[WINDOW] = self.window
        if self.search is not None:
            from hydra_sweep_runner.search.basis import ledger_to_value

            numbers = [n for n in self.search.plan if n in self.search.trials]
            for number, run_id in zip(numbers, run_ids, strict=True):
                self.search.record(number, run_id)
            basis[SEARCH] = ledger_to_value(self.search.ledger)
            basis.pop(SEARCH_PLAN, None)
        return basis or None

    def basis_of(self, trial: Trial, run: Run | None) -> Mapping[str, Value] | None:
        """The basis of a trial's proposal, for its record."""
        kept = None if run is None else run.basis
        if self.search is None:
            return kept
        number = next(
            (n for n, one in self.search.trials.items() if one.identity == trial.identity), None
        )
        return kept if number is None else self.search.basis_value(number) or kept

    def config(self, trial: Trial) -> TrialConfig:
        """The configuration of a planned trial."""
        return self.composing.config(trial.overrides)

    @property
    def first_overrides(self) -> tuple[str, ...]:
        """The overrides of the first trial or combination; none if a search is to propose it."""
        planned = self.combinations or self.plan.trials
        return planned[0].overrides if planned else ()

    def one_of_each(self) -> list[tuple[str, ...]]:
        """The overrides of one trial for each combination of config groups in the plan; of a
        pipeline those of combinations in which all are that its steps have."""
        if self.graph is not None:
            return self._one_of_each_step(self.graph)
        found = {self.config(trial).base.key: trial.overrides for trial in self.plan.trials}
        return list(found.values())

    def _one_of_each_step(self, graph: Graph) -> list[tuple[str, ...]]:
        bases = [self.config(node.trial).base.key for node in graph.nodes]
        seen: set[tuple[str, int]] = set()
        found: list[tuple[str, ...]] = []
        for combination, path in zip(self.combinations, graph.paths, strict=True):
            used = {(graph.nodes[number].step, bases[number]) for number in path}
            if not used <= seen:
                seen |= used
                found.append(combination.overrides)
        return found

    def flags(self) -> Flags:
        """The batch's flags: each given name with the list of its values."""
        return batch_flags(self.overrides, self.composing.groups)

    def choices(self) -> dict[str, Value]:
        """The batch's flags that are config groups."""
        chosen = {name_in(text) for text in self.overrides if self._is_choice(text)}
        return {name: values for name, values in self.flags().items() if name in chosen}

    def _is_choice(self, text: str) -> bool:
        return self.composing.composer.is_group_choice(text)


def report_planning(world: World, sweep: Sweep) -> None:
    """Print which of the given words have no effect: combinations of the grid that occur more than
    once, and steps' own settings of Hydra."""
    duplicates = sweep.plan.duplicates
    if duplicates:
        what = "1 combination is" if duplicates == 1 else f"{duplicates} combinations are"
        world.reporter.say(f"{what} left out, which the plan has already: each is kept once")
    pipeline = sweep.composing.pipeline
    for step, names in ({} if pipeline is None else pipeline.ignored).items():
        world.reporter.say(
            f"{step}: its own {', '.join(names)} {'is' if len(names) == 1 else 'are'} ignored: "
            "settings of Hydra hold for the whole pipeline, from its YAML or the command line"
        )


def report_rest(world: World, sweep: Sweep) -> None:
    """Print how many trials of a search depend on results and are not planned yet."""
    if sweep.search is not None and sweep.search.room:
        more, most = sweep.search.room, sweep.search.room + len(sweep.plan.trials)
        world.reporter.say(f"The other trials depend on results: {more} more, up to {most}")


def report_drawn(world: World, sweep: Sweep) -> None:
    """Print with which seed a preview has drawn its trials, unless one was given: the next start
    draws others."""
    plan = sweep.plan
    planned = len(plan.trials) + plan.duplicates + plan.excluded
    is_drawn = sweep.search is not None or plan.combinations is None or plan.combinations > planned
    if is_drawn and sweep.options.random_seed is None:
        world.reporter.say(
            f"Drawn with a new seed, as at each start: +random_seed={sweep.seed} draws these again"
        )


#: The words in the column `do` of a restart's preview.
_DO = {
    Action.RESTART: "run",
    Action.SKIP: "skip",
    Action.CREATE: "create",
    Action.INITIALIZE: "create",
}


def print_plan(world: World, sweep: Sweep, reconciliation: Reconciliation | None = None) -> None:
    """Print the plan as a table: a column for each given flag and swept group and, for a restart,
    the action for each trial."""
    trials = sweep.plan.trials
    columns = [
        (name, [cell(trial, name) for trial in trials])
        for name in sweep.names
        if is_column(trials, name)
    ]
    if any(trial.repeat for trial in trials):
        columns.append((REPEAT, [str(trial.repeat) for trial in trials]))
    if reconciliation is not None:
        columns.append(("do", [_DO[planned.action] for planned in reconciliation.actions]))
    for line in render_plan(columns, len(trials)):
        world.reporter.result(line)


def is_column(trials: Sequence[Trial], name: str) -> bool:
    """Whether a given name has a column: flags and swept groups have one."""
    texts: set[str] = set()
    for trial in trials:
        texts.update(_texts_of(trial, name))
        if len(texts) > 1:
            return True
    return any(given_flags(trial.flags, [name]) for trial in trials[:1])


def _texts_of(trial: Trial, name: str) -> list[str]:
    return [text for text in trial.overrides if name_in(text) == name]


def cell(trial: Trial, name: str) -> str:
    """A trial's value of a given name, as tables show it."""
    if name in trial.flags:
        return shown_value(trial.flags[name])
    texts = _texts_of(trial, name)
    if not texts:
        return ""
    text = escape(texts[-1].split("=", 1)[1] if "=" in texts[-1] else texts[-1])
    return cut(text, MOST_OF_VALUE)


def save_plan(world: World, sweep: Sweep) -> None:
    """Write the plan to the file in `save_trials`, if it is set."""
    name = sweep.options.save_trials
    if name is not None:
        trials = sweep.plan.trials if sweep.search is None else sweep.search.planned
        if sweep.graph is not None:
            trials = sweep.combinations
        repeated = any(trial.repeat for trial in trials)
        rows = [_saved(sweep, trial, repeated) for trial in trials]
        save_rows(world.project_dir, name, rows)


def check_saving(world: World, options: Options) -> None:
    """Raise Mistake for a file in `save_trials` that a plan cannot be saved to."""
    if options.save_trials is not None:
        check_saved(world.project_dir, options.save_trials)


def _saved(sweep: Sweep, trial: Trial, repeated: bool) -> Row:
    """A trial as a row that yields it again: given flags and choices of groups."""
    row: dict[str, Value] = {}
    for name in sweep.names:
        texts = _texts_of(trial, name)
        added = "+" if texts and texts[-1].startswith("+") else ""
        if texts and sweep.composing.composer.is_group_choice(texts[-1]):
            row[f"{added}{name}"] = plain(parse_override(texts[-1])._value)
        elif texts or not sweep.composing.composer.is_group(name):
            flags = given_flags(trial.flags, [name])
            row |= {f"{added}{key}": value for key, value in flags.items()}
    return {**row, REPEAT: trial.repeat} if repeated else row
