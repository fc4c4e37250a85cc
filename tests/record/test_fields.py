"""What JSON shows of a run, and what expressions may name of it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

from hypothesis import given

from hydra_sweep_runner.model import Input, Kind, Result, Run, Scalar, Unreadable
from hydra_sweep_runner.record.fields import (
    ATTRIBUTES,
    FIELDS,
    Summary,
    public,
    public_unreadable,
)
from tests.record.test_text import BATCH, ID, PLAIN, TRIAL, runs

NAMES = [field.name for field in FIELDS]


def summary(run: Run, **known: Any) -> Summary:
    return Summary(
        run, folder="/store/x", find_log=lambda _: "/store/x/.runner/output.log", **known
    )


@given(runs)
def test_what_json_shows_is_strict_json_with_all_keys_in_order(run: Run) -> None:
    shown = public(summary(run, batches=("b",)))
    assert list(shown) == NAMES
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown


def test_json_shows_a_trial() -> None:
    assert public(summary(TRIAL, batches=("77b01c52" * 4,))) == {
        "id": ID,
        "operation": "train",
        "kind": "trial",
        "batches": ["77b01c52" * 4],
        "generated_by": "77b01c52" * 4,
        "flags": {"lr": "Infinity", "model": {"$float": [1, "é"]}, "x": 1.0, "y": None},
        "status": "error",
        "initialized": "2026-03-01T12:00:00.000000+00:00",
        "started": "2026-03-01T12:00:01.000250+00:00",
        "stopped": "2026-03-01T12:00:09.000000+00:00",
        "exit_status": 3,
        "result": {"loss": "-Infinity"},
        "random_seed": 2**32 - 1,
        "trials": None,
        "label": "a label",
        "tags": ["a", "b"],
        "dir": "/store/x",
        "reason": "exit status 3",
        "log": "/store/x/.runner/output.log",
        "output_dir": None,
        "overrides": ["x=1.0"],
        "choices": {},
        "attempts": [
            {
                "started": "2026-03-01T12:00:01.000000+00:00",
                "stopped": "2026-03-01T12:00:02.000000+00:00",
                "exit_status": None,
                "reason": "x",
                "log": "1.log",
            }
        ],
        "commit": "c0ffee",
        "duration": 7.99975,
        "scalars": {},
        "step": None,
        "inputs": {},
        "repeat": 0,
        "note": None,
    }


def test_json_shows_scalars_with_names_for_what_is_no_number() -> None:
    loss = Scalar(first=math.nan, last=2, min=2, max=2, count=2, step=7, min_step=7, max_step=7)
    assert public(summary(replace(TRIAL, scalars={"loss": loss})))["scalars"] == {
        "loss": {
            "first": "NaN",
            "last": 2,
            "min": 2,
            "max": 2,
            "count": 2,
            "step": 7,
            "min_step": 7,
            "max_step": 7,
        }
    }


def test_json_shows_what_a_step_takes_from_others() -> None:
    inputs = {
        "clean.csv": Input(run=ID, path="clean.csv", attempt=2, identity="d"),
        "runs": Input(runs=(ID, "0" * 32)),
    }
    assert public(summary(replace(TRIAL, inputs=inputs)))["inputs"] == {
        "clean.csv": {"run": ID, "path": "clean.csv", "attempt": 2},
        "runs": {"runs": [ID, "0" * 32]},
    }


def test_json_shows_a_batchs_trials_and_no_result_that_joblib_keeps() -> None:
    shown = public(summary(replace(BATCH, result=Result(stored=True))))
    assert shown["trials"] == [ID]
    assert shown["result"] is None
    assert shown["repeat"] is None


def test_json_shows_a_damaged_run_with_the_same_keys() -> None:
    shown = public_unreadable(Unreadable(id=ID, path="/store/x", why="empty"))
    assert list(shown) == NAMES
    known = {key: value for key, value in shown.items() if value is not None}
    assert known == {"id": ID, "status": "unreadable", "dir": "/store/x", "reason": "empty"}


def test_expressions_may_name_what_the_contract_lists_and_what_tells_runs_apart() -> None:
    contract = "id operation kind status started stopped duration label tags step batch random_seed"
    assert set(ATTRIBUTES) == {*contract.split(), "reason", "repeat"}
    assert ATTRIBUTES["repeat"](summary(replace(TRIAL, repeat=2))) == 2
    assert ATTRIBUTES["repeat"](summary(replace(TRIAL, kind=Kind.BATCH))) is None
    assert ATTRIBUTES["batch"](summary(PLAIN, batches=("b",))) == ["b"]
    assert ATTRIBUTES["started"](summary(TRIAL)) == "2026-03-01T12:00:01.000250+00:00"
    assert ATTRIBUTES["status"](summary(TRIAL)) == "error"
