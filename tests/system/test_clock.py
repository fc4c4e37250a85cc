from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

from hydra_sweep_runner.system.clock import now


def test_times_are_aware_and_in_utc() -> None:
    assert now().tzinfo is timezone.utc
    assert abs(now() - datetime.now(timezone.utc)) < timedelta(seconds=5)


def test_no_time_is_given_twice_in_threads() -> None:
    given: list[list[datetime]] = [[] for _ in range(4)]

    def take(times: list[datetime]) -> None:
        times.extend(now() for _ in range(2000))

    threads = [threading.Thread(target=take, args=(times,)) for times in given]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each for times in given for each in times}) == 8000
    assert all(times == sorted(times) for times in given)


def test_times_go_on_where_the_systems_clock_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = now()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert now() - before >= timedelta(microseconds=1)
    assert now() > before
