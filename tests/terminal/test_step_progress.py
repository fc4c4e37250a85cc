"""How far the steps of a pipeline are, in the progress line."""

from __future__ import annotations

from collections import Counter

from hydra_sweep_runner.commands.start.pipeline.progress import told


def test_each_step_is_told_with_how_many_of_how_many_and_not_any_more_when_it_is_done() -> None:
    total = Counter({"prepare": 1, "train": 3, "report": 1})
    assert told(Counter(), total) == "prepare 0/1, train 0/3, report 0/1"
    assert told(Counter(prepare=1, train=2), total) == "train 2/3, report 0/1"
    assert told(total, total) == ""
