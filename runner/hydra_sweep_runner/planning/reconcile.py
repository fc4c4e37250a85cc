"""Compares a plan with stored runs: which trials to create, restart, skip, orphan or delete.

For a pipeline, `commands.start.pipeline.decisions` then decides which of the trials are executed,
by their inputs. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import Enum

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.planning.identity import identity_of
from hydra_sweep_runner.planning.trials import Plan, Trial


class Action(Enum):
    """What a start does with a planned trial."""

    CREATE = "create"
    INITIALIZE = "initialize"  #: created, but not run in this start
    RESTART = "restart"
    SKIP = "skip"  #: left as it is: completed, or not selected to run


@dataclass(frozen=True)
class PlannedAction:
    """A planned trial, the action for it, and the stored run that it matches, if any."""

    trial: Trial
    action: Action
    run: Run | None = None


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """What a restart does: an action for each planned trial, in plan order, and the batch's
    trials that are not in the plan: orphans, and those to be deleted. `newly_orphaned`
    counts the orphans that were in the plan until now."""

    actions: tuple[PlannedAction, ...]
    orphaned: tuple[Run, ...] = ()
    newly_orphaned: int = 0
    deleted: tuple[Run, ...] = ()

    def count(self, action: Action) -> int:
        """How many planned trials have this action."""
        return sum(planned.action is action for planned in self.actions)


def reconcile(
    plan: Plan, batch_id: str, planned_ids: tuple[str, ...], runs: Iterable[Run], *, needed: bool
) -> Reconciliation:
    """Match a batch's plan against its runs by identity. With `needed`, completed trials are
    skipped; else they are restarted, too.

    `runs` are the observed trials that the batch ever generated or adopted, orphans included;
    `planned_ids` are those of its plan so far. If several runs match a trial, a run of the
    present plan is preferred, then the first. A run that matches no trial is deleted if this
    batch generated it and it never started, otherwise orphaned.
    """
    candidates: dict[str, list[Run]] = {}
    for run in runs:
        candidates.setdefault(identity_of(run), []).append(run)
    in_plan = set(planned_ids)
    actions: list[PlannedAction] = []
    for trial in plan.trials:
        matching = candidates.get(trial.identity)
        if not matching:
            actions.append(PlannedAction(trial, Action.CREATE))
            continue
        run = min(matching, key=lambda candidate: candidate.id not in in_plan)
        matching.remove(run)  # what no trial matches is left
        skip = needed and run.state.status is Status.COMPLETED
        actions.append(PlannedAction(trial, Action.SKIP if skip else Action.RESTART, run))
    left = [run for rest in candidates.values() for run in rest]
    orphaned = tuple(run for run in left if not _is_own_and_unstarted(run, batch_id))
    return Reconciliation(
        actions=tuple(actions),
        orphaned=orphaned,
        newly_orphaned=sum(run.id in in_plan for run in orphaned),
        deleted=tuple(run for run in left if _is_own_and_unstarted(run, batch_id)),
    )


def only_failed(reconciliation: Reconciliation) -> Reconciliation:
    """Only trials with status `error` run. Missing trials are created but not started."""
    return replace(reconciliation, actions=tuple(map(_if_failed, reconciliation.actions)))


def _if_failed(planned: PlannedAction) -> PlannedAction:
    if planned.run is None:
        return replace(planned, action=Action.INITIALIZE)
    failed = planned.run.state.status is Status.ERROR
    return planned if failed else replace(planned, action=Action.SKIP)


def _is_own_and_unstarted(run: Run, batch_id: str) -> bool:
    return run.generated_by == batch_id and run.state.status is Status.PENDING


def adopt(plan: Plan, completed: Iterable[Run]) -> Reconciliation:
    """Match a new batch's plan against completed runs anywhere in the store.

    If several match a trial, the last in `completed` is adopted.
    """
    known = {identity_of(run): run for run in completed}
    return Reconciliation(
        actions=tuple(
            PlannedAction(trial, Action.SKIP, known[trial.identity])
            if trial.identity in known
            else PlannedAction(trial, Action.CREATE)
            for trial in plan.trials
        )
    )
