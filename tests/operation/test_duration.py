"""Durations as people write them."""

from __future__ import annotations

import pytest

from hydra_sweep_runner.operation.duration import read_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), (" 1.5 h ", 5400), ("7d", 604800), ("0s", 0)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert read_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "-1h", "2w", "1h30m", "2H", "١h", "1e3s"])
def test_nothing_else_is_one(text: str) -> None:
    assert read_seconds(text) is None
