"""How many trials run at once."""

from __future__ import annotations

import os
from pathlib import Path

import joblib
import pytest

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.local import jobs
from hydra_sweep_runner.execute.local.jobs import processors, resolve_n_jobs


@pytest.mark.parametrize(
    ("value", "expected"), [(None, 4), (1, 1), (9, 9), (-1, 4), (-2, 3), (-4, 1), (-50, 1)]
)
def test_jobs_are_counted_as_in_joblib(
    monkeypatch: pytest.MonkeyPatch, value: int | None, expected: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 5}, raising=False)
    assert resolve_n_jobs(value) == expected


@pytest.mark.parametrize("limit", ["1", "2", "1000", "0", "-3"])
def test_processors_are_counted_as_in_joblib(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    assert processors() == joblib.cpu_count()
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", limit)
    assert processors() == joblib.cpu_count()
    assert resolve_n_jobs(-1) == joblib.effective_n_jobs(-1)


def test_a_limit_of_processors_that_is_no_number_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "many")
    with pytest.raises(Mistake, match="LOKY_MAX_CPU_COUNT=many: give a whole number"):
        processors()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
    ],
)
def test_a_containers_quota_counts(
    tmp_path: Path, files: dict[str, str], expected: int | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert jobs._container_quota(tmp_path) == expected


def test_no_jobs_at_all_is_a_mistake() -> None:
    with pytest.raises(Mistake, match=r"hydra\.launcher\.n_jobs=0: give how many"):
        resolve_n_jobs(0)
