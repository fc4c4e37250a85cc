"""`runner runs delete`: all that were named or, if one cannot be deleted, none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from hydra_sweep_runner.commands.runs.membership import leave_batches
from hydra_sweep_runner.errors import UnreadableRecord
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.open_files import raise_limit

#: Open files of this process beside its claims, which are an open file each.
_OTHER_FILES = 24


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
    most = max(1, raise_limit(len(run_ids) + _OTHER_FILES) - _OTHER_FILES)
    lots = [run_ids[first : first + most] for first in range(0, len(run_ids), most)]
    for lot in lots if len(lots) > 1 else ():
        with _claimed(store, lot):
            pass  # all can be deleted, as far as can be told without claiming all at once
    for lot in lots:
        with _claimed(store, lot):
            leave_batches(store, lot, deleted=True)
            store.delete(lot)


@contextmanager
def _claimed(store: RunStore, run_ids: Sequence[str]) -> Iterator[None]:
    """Own runs while the context lasts. Raises Busy."""
    with ExitStack() as claims:
        for run_id in run_ids:
            with suppress(UnreadableRecord):  # it has no lock that anybody could hold
                claims.enter_context(store.claim(run_id))
        yield
