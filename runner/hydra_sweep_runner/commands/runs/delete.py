"""`runner runs delete`: all that were named or, if one cannot be deleted, none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress

from hydra_sweep_runner.commands.runs.membership import leave_batches
from hydra_sweep_runner.errors import UnreadableRecord
from hydra_sweep_runner.store.runs import RunStore


def runs_to_delete(store: RunStore, prefixes: Sequence[str], *, trials: bool) -> list[str]:
    """The ids that the prefixes name, each once; with `trials`, the trials of the batches
    among them, too. Raises Mistake if one names nothing or several runs."""
    found = dict.fromkeys(store.resolve(prefix) for prefix in prefixes)
    if trials:
        for run_id in list(found):
            found |= dict.fromkeys(_trials_of(store, run_id))
    return list(found)


def _trials_of(store: RunStore, run_id: str) -> list[str]:
    try:
        part = store.read(run_id).batch
    except UnreadableRecord:
        return []
    return [] if part is None else [each for each in part.trials if store.folder(each).is_dir()]


def delete_runs(store: RunStore, run_ids: Sequence[str]) -> None:
    """Delete runs, and take them out of the plans of their batches.

    Raises Busy, and deletes none, if one of them is at work, or the batch of one of them.
    """
    with ExitStack() as claims:
        for run_id in run_ids:
            with suppress(UnreadableRecord):  # it has no lock that anybody could hold
                claims.enter_context(store.claim(run_id))
        leave_batches(store, run_ids, deleted=True)
        store.delete(run_ids)
