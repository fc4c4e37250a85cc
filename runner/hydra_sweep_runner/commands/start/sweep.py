"""A batch's sweep: from overrides, options and seed to its plan, and the plan as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from hydra_sweep_runner.commands.start.composing import Composing, sweep_overrides
from hydra_sweep_runner.commands.start.world import OpenExecutor, World
from hydra_sweep_runner.compose.composer import SweepConfig
from hydra_sweep_runner.compose.overrides import batch_flags, dimensions, name_in
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.executor import Executor
from hydra_sweep_runner.model import Flags, Run
from hydra_sweep_runner.operation.flags import given_flags
from hydra_sweep_runner.operation.run_options import Options
from hydra_sweep_runner.planning.combinations import combinations_of, most_trials
from hydra_sweep_runner.planning.reconcile import Action, Reconciliation
from hydra_sweep_runner.planning.trials import Plan, Trial, plan_trials
from hydra_sweep_runner.terminal.render import escape, render_plan, render_value


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A batch's sweep, planned. `names` are the given flags and groups, in their order."""

    composing: Composing
    options: Options
    seed: int
    overrides: tuple[str, ...]
    names: tuple[str, ...]
    plan: Plan
    open_executor: OpenExecutor

    def config(self, trial: Trial) -> TrialConfig:
        """What a planned trial is composed to."""
        return self.composing.composer.trial(trial.overrides)

    def one_of_each(self) -> list[tuple[str, ...]]:
        """The overrides of one trial for each combination of config groups in the plan."""
        found = {self.config(trial).base.key: trial.overrides for trial in self.plan.trials}
        return list(found.values())

    def flags(self) -> Flags:
        """The batch's flags: each given name with the list of its values."""
        return batch_flags(self.overrides, self.composing.composer.loader)


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
    seed = options.random_seed
    if seed is None:
        known = None if remembered is None else remembered.random_seed
        seed = world.new_seed() if known is None else known
    overrides = sweep_overrides(composing, sweeper)
    found = dimensions(overrides, seed, composing.composer.loader)
    plan = plan_trials(
        combinations_of(found, seed),
        max_trials=most_trials(found, options.max_trials),
        seed=seed,
        compose=composing.describe,
    )
    composing.composer.check_settings(master)
    if not plan.trials:
        empty = [one.name for one in found if one.is_finite and one.count == 0]
        raise Mistake(f"the sweep has no trials: {', '.join(empty)} has no values")
    return Sweep(
        composing=composing,
        options=options,
        seed=seed,
        overrides=tuple(overrides),
        names=tuple(dict.fromkeys(dimension.name for dimension in found)),
        plan=plan,
        open_executor=_open_executor(world, composing, master),
    )


def _open_executor(world: World, composing: Composing, master: SweepConfig) -> OpenExecutor:
    with composing.quoting_no_secrets():
        open_executor = world.executor_of_sweep(master)

    def opened() -> AbstractContextManager[Executor]:
        with composing.quoting_no_secrets():
            return open_executor()

    return opened


def tell_repeated(world: World, plan: Plan) -> None:
    """Say so if combinations of the grid came more than once."""
    if plan.repeated:
        what = "1 combination comes" if plan.repeated == 1 else f"{plan.repeated} combinations come"
        world.reporter.say(f"{what} more than once: each is kept once")


#: What the column `do` of a restart's preview says of a planned trial.
_DO = {Action.RESTART: "run", Action.SKIP: "skip", Action.CREATE: "create"}


def print_plan(world: World, sweep: Sweep, reconciliation: Reconciliation | None = None) -> None:
    """Print the plan as a table: a column for each given flag, and for swept groups; of a
    restart, what is to be done for each trial."""
    columns = [name for name in sweep.names if _is_column(sweep, name)]
    rows = [_row(columns, trial) for trial in sweep.plan.trials]
    done = [] if reconciliation is None else [_DO[step.action] for step in reconciliation.steps]
    for line in render_plan(columns, rows, done):
        world.reporter.result(line)


def _is_column(sweep: Sweep, name: str) -> bool:
    texts = {text for trial in sweep.plan.trials for text in _texts_of(trial, name)}
    return len(texts) > 1 or any(
        given_flags(trial.flags, [name]) for trial in sweep.plan.trials[:1]
    )


def _texts_of(trial: Trial, name: str) -> list[str]:
    return [text for text in trial.overrides if name_in(text) == name]


def _row(columns: Sequence[str], trial: Trial) -> Mapping[str, str]:
    return {name: _cell(trial, name) for name in columns}


def _cell(trial: Trial, name: str) -> str:
    if name in trial.flags:
        return render_value(trial.flags[name])
    text = _texts_of(trial, name)[-1]
    return escape(text.split("=", 1)[1] if "=" in text else text)
