"""The membership of runs in the plans of batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from hydra_sweep_runner.errors import Busy
from hydra_sweep_runner.model import BatchPart, Run
from hydra_sweep_runner.store.runs import RunStore

if TYPE_CHECKING:
    from hydra_sweep_runner.store.trash import PlaceInBatch, Trashed


def leave_batches(
    store: RunStore, run_ids: Iterable[str], *, deleted: bool = False, going: Collection[str] = ()
) -> list[str]:
    """Remove runs from the plans of all batches; with `deleted`, also from the lists of trials that
    batches have generated. Returns the ids of the batches whose plans have lost a run. Batches in
    `going`, which are deleted as well, keep their lists.

    Raises Busy, before any plan is changed, if one of the batches is running: only its owner may
    change its plan.
    """
    leaving = set(run_ids)
    with ExitStack() as claims:
        affected, losing = [], []
        for batch in store.batches():
            if batch.id in going:
                continue
            if batch.id not in leaving and without(batch, leaving, deleted=deleted) != batch:
                _claim(claims, store, batch)
                affected.append(batch.id)
                if leaving.intersection(planned(batch)):
                    losing.append(batch.id)
        for batch_id in affected:  # read again: no other process can change them now
            store.write(without(store.read(batch_id), leaving, deleted=deleted))
    return losing


def _claim(claims: ExitStack, store: RunStore, batch: Run) -> None:
    try:
        claims.enter_context(store.claim(batch.id))
    except Busy as error:
        raise Busy(f"what is in the plan of a batch at work stays there: {error}") from error


def without(batch: Run, leaving: set[str], *, deleted: bool) -> Run:
    """A batch without the leaving runs in its lists; trials that its plan loses are counted."""
    part = batch.batch or BatchPart()
    trials = tuple(run_id for run_id in part.trials if run_id not in leaving)
    generated = tuple(run_id for run_id in part.generated if not deleted or run_id not in leaving)
    missing = part.missing + len(part.trials) - len(trials)
    return replace(batch, batch=replace(part, trials=trials, generated=generated, missing=missing))


def planned(batch: Run) -> tuple[str, ...]:
    """The ids of a batch's plan, in order."""
    return () if batch.batch is None else batch.batch.trials


def places_of(
    store: RunStore, run_ids: Iterable[str], *, going: Collection[str]
) -> dict[str, dict[str, PlaceInBatch]]:
    """The place of each run in the lists of each batch that has it, except batches in `going`."""
    leaving = dict.fromkeys(run_ids)
    from hydra_sweep_runner.store.trash import PlaceInBatch  # a run that starts needs none of it

    found: dict[str, dict[str, PlaceInBatch]] = {run_id: {} for run_id in leaving}
    for batch in store.batches():
        part = batch.batch or BatchPart()
        if batch.id in going:
            continue
        planned_at = {run_id: at for at, run_id in enumerate(part.trials) if run_id in leaving}
        generated_at = {run_id: at for at, run_id in enumerate(part.generated) if run_id in leaving}
        for run_id in {**planned_at, **generated_at}:
            found[run_id][batch.id] = PlaceInBatch(
                planned=planned_at.get(run_id),
                generated=generated_at.get(run_id),
                started=_start(batch),
            )
    return found


def rejoin(batch: Run, entries: Iterable[Trashed]) -> Run:
    """A batch with restored runs back in its lists.

    Its list of generated trials gets all of them back. Its plan gets a run back, at its place, only
    if the batch was not started since the run was deleted: a later start has made a new plan.
    """
    part = batch.batch or BatchPart()
    trials, generated, missing = list(part.trials), list(part.generated), part.missing
    for run_id, place in _undone(batch.id, entries):
        if place.generated is not None and run_id not in generated:
            generated.insert(place.generated, run_id)
        is_planned = place.planned is not None and place.started == _start(batch)
        if place.planned is not None and is_planned and run_id not in trials:
            trials.insert(place.planned, run_id)
            missing = max(0, missing - 1)
    again = replace(part, trials=tuple(trials), generated=tuple(generated), missing=missing)
    return replace(batch, batch=again)


def _undone(batch_id: str, entries: Iterable[Trashed]) -> list[tuple[str, PlaceInBatch]]:
    """The places in a batch, in the order that undoes the deletions."""
    held = [(entry, entry.places[batch_id]) for entry in entries if batch_id in entry.places]
    held.sort(key=lambda pair: (pair[1].planned or 0, pair[1].generated or 0))
    held.sort(key=lambda pair: pair[0].deleted, reverse=True)
    return [(entry.id, place) for entry, place in held]


def _start(batch: Run) -> str | None:
    started = batch.state.started
    return None if started is None else started.isoformat()
