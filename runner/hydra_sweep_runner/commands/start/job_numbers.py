"""The job numbers of a Hydra program's trials. None is given twice in a batch: the number is mostly
a part of the output folder's name, and a deleted trial's folder stays on the disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hydra_sweep_runner.model import JobPlace, Run
from hydra_sweep_runner.planning.reconcile import PlannedAction, Reconciliation
from hydra_sweep_runner.store.runs import RunStore


def first_number(store: RunStore, batch: Run, reconciliation: Reconciliation) -> int:
    """The number for the next new trial of a batch; 0 if the batch is new.

    The batch's record has it (`BatchPart.jobs`). Records of older versions do not: their number is
    above those of all trials that are known, in the trash too, and not below the size of the plan
    at the batch's last start, when each of its trials had a number.
    """
    part = batch.batch
    assert part is not None
    size = len(part.trials) + part.missing
    known = [one.run for one in reconciliation.actions if one.run is not None]
    known += [*reconciliation.orphaned, *reconciliation.deleted]
    if size and not part.jobs:
        known += _in_trash(store)
    own = [
        run.job.number
        for run in known
        if run.generated_by == batch.id and run.job is not None and run.job.number is not None
    ]
    return max(part.jobs, size, *(number + 1 for number in own))


def number_jobs(actions: Sequence[PlannedAction], first: int) -> tuple[tuple[JobPlace, ...], int]:
    """The place of each planned trial, and the number for the next new one after them.

    A known run keeps its place. New trials get the numbers from `first` on; in a new batch, where
    that is 0, the number is the place in the plan.
    """
    following = first or len(actions)
    jobs: list[JobPlace] = []
    for place, one in enumerate(actions):
        job = None if one.run is None else one.run.job
        if job is not None and job.number is not None:
            jobs.append(job)
        elif first:
            jobs.append(JobPlace(number=following))
            following += 1
        else:
            jobs.append(JobPlace(number=place))
    return tuple(jobs), following


def _in_trash(store: RunStore) -> Iterable[Run]:
    from hydra_sweep_runner.store.trash import Trash  # most starts need none of it

    trash = Trash(store.root)
    return [run for run in map(trash.read, trash.entries()) if isinstance(run, Run)]
