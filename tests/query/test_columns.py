"""Which columns a table of runs has, and in which order."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Scalar, Status
from hydra_sweep_runner.query.columns import parse_columns, scalar_names, standard_columns
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


def test_a_scalar_with_the_name_of_a_flag_is_called_so_though_the_flag_is_not_shown() -> None:
    row = reporting("x", "loss")  # `x` is a flag of these runs, and what `x` means in expressions
    assert "x" in row.flags
    shown = [column.title for column in standard_columns([row], ["id"], [])]
    assert shown == ["id", "loss", "scalar.x"]
    shown = [column.title for column in standard_columns([row], ["id"], ["x"])]
    assert shown == ["id", "x", "loss", "scalar.x"]


@pytest.mark.parametrize("text", ["id x loss", "id, x loss", "id;x; loss", "id x,loss"])
def test_columns_without_commas_are_told_with_them(text: str) -> None:
    told = f"--columns {text}: commas stand between columns: id,x,loss"
    with pytest.raises(Mistake, match=f"^{re.escape(told)}$"):
        parse_columns(text, [reporting("loss")])


def test_a_column_that_is_wrong_in_itself_is_told_as_an_expression() -> None:
    runs = [reporting("loss", "a b")]
    assert [one.title for one in parse_columns("id, a b , loss * 2", runs)] == [
        "id",
        "a b",
        "loss * 2",
    ]
    with pytest.raises(Mistake, match="does not parse at its end"):
        parse_columns("id,loss *", runs)
    with pytest.raises(Mistake, match="has no flag, scalar or attribute losss"):
        parse_columns("id,losss / 2", runs)
