"""How many trials run at once."""

from __future__ import annotations

import os

import pytest

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.local.jobs import resolve_n_jobs


@pytest.mark.parametrize(
    ("value", "expected"), [(None, 4), (1, 1), (9, 9), (-1, 4), (-2, 3), (-4, 1), (-50, 1)]
)
def test_jobs_are_counted_as_in_joblib(
    monkeypatch: pytest.MonkeyPatch, value: int | None, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 5}, raising=False)
    assert resolve_n_jobs(value) == expected


def test_no_jobs_at_all_is_a_mistake() -> None:
    with pytest.raises(Mistake, match=r"hydra\.launcher\.n_jobs=0: give how many"):
        resolve_n_jobs(0)
