from __future__ import annotations

import pytest

from hydra_sweep_runner.terminal.progress import rate


@pytest.mark.parametrize(
    ("count", "seconds", "told"),
    [
        (30, 2.0, "15/s"),
        (5, 2.0, "2.5/s"),
        (1, 2.0, "30/min"),
        (1, 40.0, "1.5/min"),
        (1, 7200.0, "0.5/h"),
        (1, 0.0, "1000/s"),
    ],
)
def test_a_rate_has_a_unit_in_which_it_can_be_read(count: int, seconds: float, told: str) -> None:
    assert rate(count, seconds) == told
