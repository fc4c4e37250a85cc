"""Which columns a table of runs has, and in which order."""

from __future__ import annotations

from dataclasses import replace

from hydra_sweep_runner.model import Scalar, Status
from hydra_sweep_runner.query.columns import scalar_names
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.system.clock import now
from tests.stores import run_of


def reporting(*names: str) -> RunRow:
    scalar = Scalar(first=1.0, last=1.0, min=1.0, max=1.0, count=1, step=0, min_step=0, max_step=0)
    run = replace(
        run_of(status=Status.COMPLETED, started=now()), scalars=dict.fromkeys(names, scalar)
    )
    return RunRow(Summary(run, folder=""))


def test_what_a_run_at_work_has_reported_so_far_changes_no_order_of_scalars() -> None:
    older = [reporting("loss", "accuracy", "epoch"), reporting("loss", "accuracy", "epoch")]
    before = scalar_names(older)
    assert before == ["loss", "accuracy", "epoch"]
    assert scalar_names([reporting("epoch"), reporting(), *older]) == before
    assert scalar_names([reporting("epoch", "best"), *older]) == [*before, "best"]
    assert scalar_names([]) == []
