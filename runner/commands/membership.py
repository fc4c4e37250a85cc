"""Which batches' plans hold a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from runner.model import BatchPart, Run, Status
from runner.store import RunStore


def leave_batches(store: RunStore, run_ids: Iterable[str], *, deleted: bool = False) -> None:
    """Take runs out of the plans of all batches; with `deleted`, also out of what the
    batches know to have made."""
    leaving = set(run_ids)
    for batch in store.batches():
        assert batch.batch is not None
        part = without(batch.batch, leaving, deleted=deleted)
        if part != batch.batch:
            store.write(replace(batch, batch=part))


def without(part: BatchPart, leaving: set[str], *, deleted: bool) -> BatchPart:
    """A batch's lists with the leaving runs taken out."""
    return BatchPart(
        trials=tuple(run_id for run_id in part.trials if run_id not in leaving),
        generated=tuple(
            run_id for run_id in part.generated if not deleted or run_id not in leaving
        ),
    )


def batches_of(runs: Iterable[Run]) -> dict[str, list[str]]:
    """For each run that is in a plan, the ids of the batches whose plans hold it."""
    found: dict[str, list[str]] = {}
    for run in runs:
        for run_id in run.batch.trials if run.batch is not None else ():
            found.setdefault(run_id, []).append(run.id)
    return found


def is_completed(run: object) -> bool:
    """Whether something read from a store is a completed run or trial."""
    return isinstance(run, Run) and run.batch is None and run.state.status is Status.COMPLETED
