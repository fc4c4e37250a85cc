"""Whether an axis is logarithmic goes by how its flag was drawn, where batches agree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hydra_sweep_runner.charts.log_axes import batch_ids, drawn_in_log
from hydra_sweep_runner.model import BatchPart, Kind, Run, Status, Unreadable, Value
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.record.fields import Summary
from tests.stores import run_of

ONE, OTHER = "b" * 32, "c" * 32


def made_by(batch: str | None, *, step: str | None = None, held_by: tuple[str, ...] = ()) -> RunRow:
    run = replace(run_of("1" * 32, Status.COMPLETED), generated_by=batch, step=step)
    return RunRow(Summary(run, folder="", batches=held_by))


def sweeping(**flags: Value) -> Run:
    run = run_of(ONE, Status.COMPLETED)
    return replace(run, kind=Kind.BATCH, flags=flags, batch=BatchPart())


@pytest.mark.parametrize(
    "text",
    [
        "tag(log,interval(0.01,0.1))",
        "tag( log , interval(0.01, 0.1))",
        "tag('log',interval(1,2))",
        "tag(log,int(interval(1,8)))",
        "int(tag(log,interval(1,8)))",
    ],
)
def test_a_flag_is_drawn_in_the_logarithm_where_its_interval_says_so(text: str) -> None:
    batch = sweeping(lr=text, uniform="interval(1,2)", listed=[1, 100], opt="tag(log,choice(1,2))")
    assert drawn_in_log([made_by(ONE)], {ONE: batch}) == {"lr": True, "uniform": False}


def test_batches_that_draw_a_flag_have_to_agree_and_those_that_list_it_have_no_say() -> None:
    in_log, uniform = sweeping(lr="tag(log,interval(1,9))"), sweeping(lr="interval(1,9)")
    runs = [made_by(ONE), made_by(OTHER), made_by(None)]
    assert drawn_in_log(runs, {ONE: in_log, OTHER: sweeping(lr=[1, 2])}) == {"lr": True}
    assert drawn_in_log(runs, {ONE: in_log, OTHER: uniform}) == {}
    assert drawn_in_log(runs[:1], {ONE: in_log, OTHER: uniform}) == {"lr": True}


def test_a_batch_that_has_adopted_a_run_has_a_say_and_one_that_is_gone_has_none() -> None:
    in_log, uniform = sweeping(lr="tag(log,interval(1,9))"), sweeping(lr="interval(1,9)")
    adopted = made_by(ONE, held_by=(OTHER,))
    assert batch_ids([adopted, made_by(None)]) == {ONE, OTHER}
    assert drawn_in_log([adopted], {OTHER: in_log}) == {"lr": True}
    assert drawn_in_log([adopted], {ONE: uniform, OTHER: in_log}) == {}
    damaged = RunRow(Unreadable(id="d" * 32, path="runs/d", why="torn"))
    assert drawn_in_log([damaged], {ONE: in_log}) == {} and batch_ids([damaged]) == set()


def test_a_pipelines_flag_is_that_of_its_step_and_of_the_steps_behind_it() -> None:
    batch = sweeping(**{"train.lr": "tag(log,interval(1,9))", "test.k": "interval(1,9)"})
    train, test = made_by(ONE, step="train"), made_by(ONE, step="test")
    own = {"lr": True, "train.lr": True, "test.k": False}
    assert drawn_in_log([train], {ONE: batch}) == own
    assert drawn_in_log([test], {ONE: batch}) == {"train.lr": True, "test.k": False, "k": False}
