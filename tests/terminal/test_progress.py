from __future__ import annotations

from contextlib import nullcontext

import pytest

from hydra_sweep_runner.terminal.progress import ProgressLine, rate, time_left


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


@pytest.mark.parametrize(("done", "running"), [(0, 4), (2, 1), (4, 1), (7, 4), (10, 1)])
def test_the_time_left_is_not_guessed_from_a_few_trials(done: int, running: int) -> None:
    assert time_left(done, 10, running, 60.0) == ""


@pytest.mark.parametrize(
    ("done", "total", "running", "seconds", "told"),
    [
        (5, 10, 0, 60.0, "about 1:00 left"),
        (5, 11, 2, 60.0, "about 0:50 left"),
        (10, 1000, 0, 600.0, "about 16:30:00 left"),
        (999, 1000, 1, 0.1, "about 0:01 left"),
    ],
)
def test_the_time_left_goes_by_the_trials_that_have_ended(
    done: int, total: int, running: int, seconds: float, told: str
) -> None:
    assert time_left(done, total, running, seconds) == told


@pytest.mark.parametrize(("at_once", "told"), [(2, "2 running"), (None, "3 running")])
def test_no_more_trials_are_running_than_run_side_by_side(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    at_once: int | None,
    told: str,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    line = ProgressLine(5, at_once, nullcontext)
    for _ in range(3):  # the first has ended, which is not on the disk yet
        line.count(running=1)
    line.close()
    assert told in capsys.readouterr().err
