"""Explains at a restart why nothing is run, and why stored trials are not in the plan any more.

It is apart from `notes` because a single run needs no planning, and starts faster without it.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence

from hydra_sweep_runner.commands.runs.membership import planned as planned_ids
from hydra_sweep_runner.commands.start.gone_flags import taking_back, without_flags
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.commands.start.yaml_changes import change_text, plain_value
from hydra_sweep_runner.compose.overrides import name_in
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.operation.flags import Differences, differences, given_flags
from hydra_sweep_runner.operation.run_options import Options
from hydra_sweep_runner.planning.reconcile import Action, Reconciliation
from hydra_sweep_runner.planning.trials import Trial
from hydra_sweep_runner.terminal.render import escape, first_few, short

# The most trials whose flags are compared with those of their former ones.
_MOST_COMPARED = 1000


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


def beside_first_line(
    batch: str, reconciliation: Reconciliation, options: Options, *, is_watched: bool
) -> list[str]:
    """What is to be said beside the first line of a restart of the batch, in the same form, and on
    a terminal (`is_watched`) also what a person may have forgotten."""
    if options.init_trials:
        if any(planned.run is None for planned in reconciliation.actions):
            return []
        return [f"Batch {batch}: no trial is new, and +init_trials=true runs none"]
    return _run_again_lines(batch, reconciliation, options) if is_watched else []


def _run_again_lines(batch: str, reconciliation: Reconciliation, options: Options) -> list[str]:
    """A line on how many completed trials run again because nothing was said of them: their results
    are replaced, and a script that goes on from its checkpoint may make none."""
    said = (options.needed, options.only, options.from_step, options.init_trials)
    count = len(completed_again(reconciliation))
    if not count or any(said):
        return []
    which, their = ("trial runs", "its") if count == 1 else ("trials run", "their")
    return [
        f"Batch {batch}: {count} completed {which} again, and {their} results and scalars are made "
        "anew; to skip what is completed: +needed=true"
    ]


def report_other_scalars(world: World, reconciliation: Reconciliation) -> None:
    """Print how many completed trials keep the scalars that another `operation.scalars` took."""
    count = sum(
        planned.action is Action.SKIP
        and planned.run is not None
        and planned.run.state.status is Status.COMPLETED
        and planned.run.operation.scalars != planned.trial.operation.scalars
        for planned in reconciliation.actions
    )
    if count:
        keep = "trial that is skipped keeps its" if count == 1 else "trials skipped keep their"
        world.reporter.say(
            f"operation.scalars has changed: {count} completed {keep} scalars, as scalars are "
            "taken while a trial runs"
        )


def completed_again(reconciliation: Reconciliation) -> list[Run]:
    """The completed trials that run again."""
    return [
        planned.run
        for planned in reconciliation.actions
        if planned.action is Action.RESTART
        and planned.run is not None
        and planned.run.state.status is Status.COMPLETED
    ]


def report_shared(world: World, batch: Run, reconciliation: Reconciliation) -> None:
    """Print which other batches have completed trials in their plans that a restart of the batch
    runs again: their results are replaced, too."""
    again = {run.id for run in completed_again(reconciliation)}
    others = world.store.batches() if again else []
    shared = {
        other.id: held
        for other in others
        if other.id != batch.id and (held := again.intersection(planned_ids(other)))
    }
    if not shared:
        return
    count = len(set().union(*shared.values()))
    named = first_few([short(batch_id) for batch_id in shared])
    which, is_in = ("trial that runs", "is") if count == 1 else ("trials that run", "are")
    plans = "plan of batch" if len(shared) == 1 else "plans of batches"
    world.reporter.say(
        f"{count} completed {which} again {is_in} in the {plans} {named}, too, which "
        f"{'has' if len(shared) == 1 else 'have'} the new results then; a batch without +restart "
        "makes trials of its own"
    )


def report_not_fitting(
    world: World,
    reconciliation: Reconciliation,
    batch: Run,
    given: Sequence[str],
    *,
    refreshed: bool,
) -> None:
    """Print why trials of a batch are not in the plan that the present YAML gives, and how they
    come back: what differs between each and the new one that was made of the same overrides or, if
    all are new, between the first ones. `batch` is its record of the last start, `given` are the
    names on the command line. If the plan was not `refreshed`, it is made of the kept copy, and
    only trials of the same overrides say what the program's own code has changed."""
    new = [planned.trial for planned in reconciliation.actions if planned.run is None]
    former = [*reconciliation.orphaned, *reconciliation.deleted]
    if not new or not former:
        return
    in_plan = () if batch.batch is None else batch.batch.trials
    former.sort(key=lambda run: run.id not in in_plan)  # trials of the present plan first
    former_by_overrides = {(run.recipe.task, run.repeat): run for run in reversed(former)}
    pairs = [
        (former_by_overrides[made_of], trial)
        for trial in new
        if (made_of := (trial.overrides, trial.repeat)) in former_by_overrides
    ]
    changed: Differences = {}
    for run, trial in pairs[:_MOST_COMPARED]:
        changed = {**_changes(run, trial, ()), **changed}
    are_all_new = len(new) == len(reconciliation.actions)
    words = ""
    by_hand: Differences = {}
    if refreshed and not pairs and are_all_new:
        flags = {**former[0].flags, **new[0].flags}
        added = {name_in(text) for text in new[0].overrides if text.startswith("+")}
        typed = given_flags(flags, given)
        new_in_yaml = typed.keys() - former[0].flags.keys() - added
        changed = _changes(former[0], new[0], typed.keys() - new_in_yaml)
        differing = _changes(former[0], new[0], ()) if changed else {}
        by_hand = {name: differing[name] for name in typed if name in differing}
        words = "".join(f" {shlex.quote(text)}" for text in without_flags(batch.recipe.task, given))
        words += taking_back(name for name in typed if name not in former[0].flags)
    if not changed:
        return
    count = len(pairs)
    do = "does" if count == 1 else "do"
    source = "YAML" if refreshed else "program"
    also = " and what is given now" if by_hand else ""
    which = (
        f"No trial of the batch fits the present {source}{also}, so all are new"
        if are_all_new
        else f"{count} trial{'s' * (count > 1)} of the batch {do} not fit the present {source}, "
        f"and {'is' if count == 1 else 'are'} made anew"
    )
    told = ", ".join(change_text(name, *values) for name, values in {**changed, **by_hand}.items())
    back = (
        "take that back in the YAML and refresh once more"
        if refreshed
        else "take that back, or give the former values: the kept copy of the YAML holds no "
        "structured configs"
    )
    world.reporter.say(
        f"{which}: {told}; to have the former ones back, {back}"
        f"{f', with{escape(words)}' if words else ''}"
    )


def _changes(run: Run, trial: Trial, left_out: Collection[str]) -> Differences:
    """The differences in operation and flags between a run and a planned trial, without some
    flags."""
    before, after = (
        {
            "operation.name": operation.name,
            f"operation.{operation.kind}": plain_value(operation.target),
            **{name: value for name, value in flags.items() if name not in left_out},
        }
        for operation, flags in ((run.operation, run.flags), (trial.operation, trial.flags))
    )
    return differences(before, after)
