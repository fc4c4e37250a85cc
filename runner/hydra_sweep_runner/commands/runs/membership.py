"""Which batches' plans hold a run."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace

from hydra_sweep_runner.errors import Busy
from hydra_sweep_runner.model import BatchPart, Run
from hydra_sweep_runner.store.runs import RunStore


def leave_batches(store: RunStore, run_ids: Iterable[str], *, deleted: bool = False) -> list[str]:
    """Take runs out of the plans of all other batches; with `deleted`, also out of what the
    batches know to have made. The ids of the batches whose plans have lost a run.

    Raises Busy, before any plan is changed, if one of the batches is at work: its owner keeps
    its plan.
    """
    leaving = set(run_ids)
    with ExitStack() as claims:
        affected, losing = [], []
        for batch in store.batches():
            if batch.id not in leaving and without(batch, leaving, deleted=deleted) != batch:
                _claim(claims, store, batch)
                affected.append(batch.id)
                if leaving.intersection(planned(batch)):
                    losing.append(batch.id)
        for batch_id in affected:  # as they are now that nobody else changes them
            store.write(without(store.read(batch_id), leaving, deleted=deleted))
    return losing


def _claim(claims: ExitStack, store: RunStore, batch: Run) -> None:
    try:
        claims.enter_context(store.claim(batch.id))
    except Busy as error:
        raise Busy(f"what is in the plan of a batch at work stays there: {error}") from error


def without(batch: Run, leaving: set[str], *, deleted: bool) -> Run:
    """A batch with the leaving runs taken out of its lists; what its plan loses is counted."""
    part = batch.batch or BatchPart()
    trials = tuple(run_id for run_id in part.trials if run_id not in leaving)
    generated = tuple(run_id for run_id in part.generated if not deleted or run_id not in leaving)
    missing = part.missing + len(part.trials) - len(trials)
    part = BatchPart(trials=trials, generated=generated, missing=missing)
    return replace(batch, batch=part)


def planned(batch: Run) -> tuple[str, ...]:
    """The ids of a batch's plan, in its order."""
    return () if batch.batch is None else batch.batch.trials
