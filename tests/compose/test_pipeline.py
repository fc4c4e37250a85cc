"""Composing a pipeline: each step once for each distinct set of what reaches it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hydra_sweep_runner.compose.chosen_pipeline import find_pipeline
from hydra_sweep_runner.compose.pipeline import PipelineComposer
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.pipeline.combination import Composed
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


def opened(folder: Path) -> PipelineComposer:
    found = find_pipeline(open_composer(folder, FILES), ["operation=study"])
    assert found is not None
    return found


class Counting:
    """A pipeline's composer, all that was composed for it, and what of that Hydra composed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.composed: list[tuple[str, ...]] = []
        self.pipeline = opened(folder)
        compose = self.pipeline._compose

        def counted(*arguments: Any) -> Composed:
            composed = compose(*arguments)
            self.composed.append(composed.overrides)
            return composed

        monkeypatch.setattr(self.pipeline, "_compose", counted)
        self.by_hydra: list[tuple[str, ...]] = []
        step = self.pipeline._composer.step

        def counted_step(texts: tuple[str, ...], chosen_by: str) -> TrialConfig:
            self.by_hydra.append(texts)
            return step(texts, chosen_by)

        monkeypatch.setattr(self.pipeline._composer, "step", counted_step)

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
    assert len(set(counting.by_hydra)) == len(counting.by_hydra) <= 1 + 1000 + 1


@pytest.mark.parametrize(
    "given",
    [
        ("train.lr=0.3",),
        ("train.lr=0.3", "train.lr=0.4"),
        ("prepare.rows=3", "train.lr=null"),
        ("prepare.rows='3'", "train.lr=1e3"),
        ("train.lr=[1,2]",),
        ("+train.more=1",),
        ("+train.lr=1",),
        ("train.half.of=2", "train.lr=1"),
        ("train.operation=prepare",),
        ("train.nosuch=1",),
        ("~train.lr",),
    ],
)
def test_a_combination_is_the_same_whatever_was_composed_before(
    tmp_path: Path, given: tuple[str, ...]
) -> None:
    used, fresh = opened(tmp_path), opened(tmp_path)
    for warm in (("train.lr=0.2",), ("prepare.rows=2", "train.lr=0.2")):
        used.combination(("operation=study", *warm))

    def told(pipeline: PipelineComposer) -> tuple[Composed, ...] | str:
        try:
            return pipeline.combination(("operation=study", *given))
        except Mistake as mistake:
            return str(mistake)

    assert told(used) == told(fresh)


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
