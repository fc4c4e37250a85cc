"""Prints what a restart does with the trials of a batch's plan.

It is apart from `notes` because a single run needs no planning, and starts faster without it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from hydra_sweep_runner.commands.start.gone_flags import taking_back, without_flags
from hydra_sweep_runner.commands.start.notes import change_text, plain_value
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.operation.flags import differences, given_flags
from hydra_sweep_runner.operation.run_options import Options
from hydra_sweep_runner.planning.reconcile import Action, Reconciliation
from hydra_sweep_runner.terminal.render import escape


def report_nothing_to_run(world: World, reconciliation: Reconciliation, options: Options) -> None:
    """Print why a restart runs nothing though the plan has trials that are not completed."""
    new = reconciliation.count(Action.INITIALIZE)
    if options.only != "failed" or options.init_trials or reconciliation.count(Action.RESTART):
        return
    stay = f"; {new} new {'is' if new == 1 else 'are'} created as pending" if new else ""
    world.reporter.say(
        f"Nothing is run, as no trial of the plan has failed{stay}; +needed=true in the place of "
        "+only=failed runs all that are not completed"
    )


def report_all_new(
    world: World, reconciliation: Reconciliation, given: Sequence[str], last: Iterable[str]
) -> None:
    """Print why no trial of a batch is in the plan that the present YAML gives, and how those that
    are there come back. `given` are the names on the command line, `last` the overrides of the
    batch's last start."""
    former = [*reconciliation.orphaned, *reconciliation.deleted]
    if not former or any(planned.run is not None for planned in reconciliation.actions):
        return
    trial = reconciliation.actions[0].trial
    typed = given_flags({**former[0].flags, **trial.flags}, given)
    before, after = (
        {
            "operation.name": operation.name,
            f"operation.{operation.kind}": plain_value(operation.target),
            **{name: value for name, value in flags.items() if name not in typed},
        }
        for operation, flags in (
            (former[0].operation, former[0].flags),
            (trial.operation, trial.flags),
        )
    )
    changed = differences(before, after)
    if changed:
        told = ", ".join(change_text(name, *values) for name, values in changed.items())
        again = "".join(f" {shlex.quote(text)}" for text in without_flags(last, given))
        words = again + taking_back(name for name in typed if name not in former[0].flags)
        world.reporter.say(
            f"No trial of the batch fits the present YAML, so all are new: {told}; to have the "
            f"former ones back, take that back in the YAML and refresh once more"
            f"{f', with{escape(words)}' if words else ''}"
        )
