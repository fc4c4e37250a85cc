"""Prints at the start of a batch what of its words and its YAML may not do what was meant, what has
changed since the last start, and what was made by other code."""

from __future__ import annotations

import os

from hydra_sweep_runner.commands.start.changed_texts import (
    report_texts_read_as_numbers,
    report_yaml_texts_read_as_numbers,
)
from hydra_sweep_runner.commands.start.code_notes import (
    report_gone_output,
    report_new_required,
    report_older_code,
)
from hydra_sweep_runner.commands.start.hints import (
    report_dotted_settings,
    report_flags_like_options,
    report_given_twice,
    report_texts_in_pieces,
    report_texts_like_ranges,
    report_texts_like_sweeps,
)
from hydra_sweep_runner.commands.start.notes import report_environment
from hydra_sweep_runner.commands.start.optional_groups import report_nothing_chosen
from hydra_sweep_runner.commands.start.other_kinds import report_other_kinds
from hydra_sweep_runner.commands.start.package_line import report_misplaced
from hydra_sweep_runner.commands.start.plan_notes import (
    report_not_fitting,
    report_nothing_to_run,
    report_other_scalars,
    report_shared,
)
from hydra_sweep_runner.commands.start.remedies import Mended
from hydra_sweep_runner.commands.start.sweep import (
    Sweep,
)
from hydra_sweep_runner.commands.start.unused_flags import report_unused_in_sweep
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.commands.start.yaml_changes import (
    report_replaced_params,
    report_yaml_changes,
)
from hydra_sweep_runner.model import Operation, Run, Status
from hydra_sweep_runner.planning.reconcile import (
    Action,
    Reconciliation,
)


def report_read_otherwise(world: World, sweep: Sweep) -> None:
    """Print which values and settings of a new batch are not what they look like."""
    composing = sweep.composing
    for first in sweep.plan.trials[:1]:
        report_texts_like_sweeps(world, first.operation, first.flags, sweep.names)
        report_dotted_settings(world, first.flags)
        report_yaml_texts_read_as_numbers(world, first.operation, first.flags, composing)
    if composing.program is not None:
        report_flags_like_options(world, composing.typed.task)
    report_other_kinds(world, composing, sweep.overrides, sweep.first_overrides)
    report_texts_like_ranges(world, sweep.overrides)
    report_texts_in_pieces(world, sweep.overrides)
    report_misplaced(world, composing.composer, composing.task)
    report_nothing_chosen(world, composing.composer, composing.task)
    report_unused_in_sweep(world, sweep)


def used_runs(reconciliation: Reconciliation) -> list[tuple[Operation, Run]]:
    """The completed runs that are used instead of running again, with their present operations."""
    return [
        (one.trial.operation, one.run)
        for one in reconciliation.actions
        if one.action is Action.SKIP
        and one.run is not None
        and one.run.state.status is Status.COMPLETED
    ]


def report_given(world: World, sweep: Sweep, batch: Run, reconciliation: Reconciliation) -> None:
    """Print where a restart's words and YAML may not do what was meant: values that are read
    otherwise, trials that other batches share, trials that do not fit."""
    composing = sweep.composing
    report_nothing_to_run(world, reconciliation, sweep.options)
    report_shared(world, batch, reconciliation)
    report_given_twice(world, composing.typed.task)
    report_texts_read_as_numbers(world, composing, composing.typed.task, sweep.first_overrides)
    report_other_kinds(world, composing, composing.typed.task, sweep.first_overrides)
    report_texts_like_ranges(world, composing.typed.task)
    report_texts_in_pieces(world, composing.typed.task)
    report_nothing_chosen(world, composing.composer, composing.typed.task)
    for first in sweep.plan.trials[:1] if sweep.options.refresh else ():
        report_yaml_texts_read_as_numbers(world, first.operation, first.flags, composing)
    _report_not_fitting(world, sweep, reconciliation, batch)


def report_changes_outside(world: World, sweep: Sweep, batch: Run) -> Mended:
    """Print what has changed in the environment and in the project's YAML since the batch was last
    started, if this restart does not take it; returns what is said of failures then."""
    report_replaced_params(world, batch, sweep.composing)
    if sweep.options.refresh:
        return Mended()
    report_environment(world, batch, os.environ)
    return report_yaml_changes(world, batch, sweep.composing, sweep.one_of_each())


def _report_not_fitting(
    world: World, sweep: Sweep, reconciliation: Reconciliation, batch: Run
) -> None:
    """Print why trials do not fit a present configuration that the kept copy of the YAML does not
    determine: that of a refresh, or of a program, which may have structured configs."""
    if sweep.graph is None and (sweep.options.refresh or sweep.composing.program is not None):
        report_not_fitting(
            world, reconciliation, batch, sweep.names, refreshed=bool(sweep.options.refresh)
        )


def report_skipped(world: World, sweep: Sweep, reconciliation: Reconciliation) -> None:
    """Print which completed trials that are skipped lacked files that are required now; and of
    those that `needed` or `from` skips which were made by other code, or have lost their output
    folders."""
    options = sweep.options
    if options.init_trials:
        return
    used, which = used_runs(reconciliation), ("trial", "skipped")
    skipped = [run for _, run in used]
    report_new_required(world, used, which=which)
    if not (options.needed or options.from_step is not None):
        return
    report_older_code(world, skipped, which=which)
    report_other_scalars(world, reconciliation)
    report_gone_output(world, skipped)
