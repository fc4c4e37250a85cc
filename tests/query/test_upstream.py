"""The flags of what a pipeline's trial was made from, by dotted names."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import cast

from hydra_sweep_runner.model import Input, Value
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.query.upstream import with_upstream_flags
from hydra_sweep_runner.record.fields import Summary
from tests.stores import run_of


def trial(run_id: str, step: str, inputs: dict[str, Input] | None = None, **flags: Value) -> RunRow:
    run = replace(run_of(run_id), step=step, flags=flags, inputs=inputs or {})
    return RunRow(Summary(run, folder=""))


def gather(run_id: str, *members: str, step: str = "report", of: str = "train") -> RunRow:
    return trial(run_id, step, {"runs": Input(runs=members, step=of)})


def upstream(run_id: str, *rows: RunRow) -> dict[str, Value]:
    by_id = {row.id: row for row in rows}
    (found,) = with_upstream_flags([by_id[run_id]], by_id)
    return dict(found.upstream)


FROM_P = {"clean": Input(run="p", path="clean.csv", step="prepare")}
ROWS = (
    trial("p", "prepare", rows=10, seed=float("nan")),
    trial("q", "prepare", rows=99, seed=float("nan")),
    trial("a", "train", FROM_P, lr=0.1, depth=3),
    trial("b", "train", FROM_P, lr=0.2, depth=3),
    trial("c", "train", FROM_P, lr=0.2, depth=3.0, note="x"),
    gather("g", "a", "b", "c"),
    gather("one", "b"),
    gather("of gathers", "g", "one", step="all", of="report"),
    gather("partly there", "b", "deleted"),
    gather("none", "deleted"),
    gather("circle", "circle"),
)


def test_a_gathering_trial_has_the_flags_in_which_all_that_it_gathers_agree() -> None:
    found = upstream("g", *ROWS)
    assert math.isnan(cast("float", found.pop("prepare.seed")))  # a NaN equals a NaN
    assert found == {"prepare.rows": 10, "train.depth": 3}
    assert upstream("one", *ROWS).items() >= {"train.lr": 0.2, "prepare.rows": 10}.items()


def test_what_gathers_trials_that_gather_has_what_all_of_those_have() -> None:
    found = upstream("of gathers", *ROWS)
    del found["prepare.seed"]
    assert found == {"prepare.rows": 10, "train.depth": 3}


def test_members_that_are_deleted_or_records_in_a_circle_give_no_flags() -> None:
    assert upstream("partly there", *ROWS) == upstream("one", *ROWS)
    assert upstream("none", *ROWS) == upstream("circle", *ROWS) == {}


def test_a_trial_s_own_input_counts_more_than_what_it_gathers() -> None:
    inputs = {
        "runs": Input(runs=("a", "b"), step="train"),
        "clean": Input(run="q", path="clean.csv", step="prepare"),
    }
    found = upstream("both", trial("both", "report", inputs), *ROWS)
    assert (found["prepare.rows"], found["train.depth"]) == (99, 3)
