"""Keeps a search trial's old result in its batch before the trial is restarted on its own, because
earlier proposals were based on it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from hydra_sweep_runner.commands.start.search_plan import ledger_of
from hydra_sweep_runner.commands.start.sweep import SEARCH
from hydra_sweep_runner.errors import Busy, UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.search.basis import ledger_to_value
from hydra_sweep_runner.search.results import last_of
from hydra_sweep_runner.store.runs import RunStore


def keep_result(store: RunStore, run: Run) -> None:
    """Record the present result of a search's trial in its batch, before it runs again.

    A running batch is left alone: its next proposals will know the new result.
    """
    if run.generated_by is None or run.state.status not in (Status.COMPLETED, Status.ERROR):
        return
    with suppress(UnknownRun, UnreadableRecord, Busy), store.claim(run.generated_by):
        batch = store.read(run.generated_by)
        ledger = ledger_of(batch)
        if ledger.eras and run.id in ledger.order:
            number = ledger.order.index(run.id)
            told = ledger.with_former({number: ledger.told_values(last_of(run))})
            basis = {**(batch.basis or {}), SEARCH: ledger_to_value(told)}
            store.write(replace(batch, basis=basis))
