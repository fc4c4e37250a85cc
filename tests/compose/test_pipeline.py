"""Composing a pipeline: each step once for each distinct set of what reaches it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from hydra_sweep_runner.compose.chosen_pipeline import find_pipeline
from hydra_sweep_runner.compose.pipeline import PipelineComposer
from hydra_sweep_runner.compose.trial import TrialConfig
from tests.compose.projects import open_composer

FILES = {
    "config.yaml": "defaults: [operation: null, _self_]",
    "operation/study.yaml": """
        # @package _global_
        operation:
          name: study
          steps:
            prepare:
            train: {inputs: [prepare/clean.csv]}
        rows: 10
        note: none
        prepare: {rows: "${rows}"}
    """,
    "operation/prepare.yaml": """
        # @package _global_
        operation: {name: prepare, script: prepare.py}
        rows: 5
    """,
    "operation/train.yaml": """
        # @package _global_
        operation: {name: train, script: train.py}
        lr: 0.1
        half: {of: "${lr}"}
    """,
}


class Counting:
    """A pipeline's composer, and all that was composed for it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.composed: list[tuple[str, ...]] = []
        composer = open_composer(folder, FILES)
        compose = composer.step

        def counted(task: Sequence[str], pipeline: Sequence[str]) -> TrialConfig:
            self.composed.append(tuple(task))
            return compose(task, pipeline)

        monkeypatch.setattr(composer, "step", counted)
        found = find_pipeline(composer, ["operation=study"])
        assert found is not None
        self.pipeline: PipelineComposer = found

    def of(self, operation: str) -> list[tuple[str, ...]]:
        return [task for task in self.composed if f"operation={operation}" in task]


@pytest.fixture
def counting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counting:
    return Counting(tmp_path, monkeypatch)


def test_a_thousand_combinations_over_a_shared_step_compose_it_once(counting: Counting) -> None:
    for number in range(1000):
        overrides = ("operation=study", f"train.lr={number}")
        counting.pipeline.describe(overrides)
        counting.pipeline.identify(overrides, 0)
        counting.pipeline.combination(overrides)
    assert len(counting.of("prepare")) == 1
    assert len(counting.of("train")) == 1000


def test_a_flag_of_the_pipeline_composes_anew_what_it_reaches_and_nothing_else(
    counting: Counting,
) -> None:
    for rows in (1, 2, 3):
        for lr in (0.1, 0.2):
            counting.pipeline.describe(("operation=study", f"rows={rows}", f"train.lr={lr}"))
    assert counting.of("prepare") == [("operation=prepare", f"rows={rows}") for rows in (1, 2, 3)]
    assert len(counting.of("train")) == 2


def test_the_flags_of_a_combination_are_the_pipeline_s_and_those_of_steps_behind_their_names(
    counting: Counting,
) -> None:
    _, flags = counting.pipeline.describe(("operation=study", "rows=7", "train.lr=0.5"))
    assert dict(flags) == {
        "rows": 7,
        "note": "none",
        "prepare.operation": "prepare",
        "prepare.rows": 7,
        "train.operation": "train",
        "train.lr": 0.5,
        "train.half.of": 0.5,
    }
    assert len(flags) == len(dict(flags))
    assert "train.other" not in flags
    assert "other.lr" not in flags


def test_combinations_are_the_same_if_all_that_they_are_composed_to_is(counting: Counting) -> None:
    def digest(*more: str, repeat: int = 0) -> str:
        return counting.pipeline.identify(("operation=study", *more), repeat)

    same = digest("train.lr=1")
    assert digest("train.lr=1.0") == same
    assert digest("train.lr=1", "rows=10") == same
    others = [
        digest("train.lr=2"),
        digest("train.lr=1", "rows=11"),
        digest("train.lr=1", "note=x"),
        digest("train.lr=1", repeat=1),
    ]
    assert len({same, *others}) == len(others) + 1
