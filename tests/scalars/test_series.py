"""What is kept of a series: contract section 8."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.scalars import series as subject
from hydra_sweep_runner.scalars.series import AllSeries, Reports, Series

numbers = st.lists(st.floats(-5, 5) | st.sampled_from([math.nan, math.inf, -math.inf]), max_size=60)
steps = st.none() | st.integers(-5, 5) | st.just(2.5)


def cut(values: list[Any], places: list[int]) -> list[list[Any]]:
    ends = sorted(place % (len(values) + 1) for place in places)
    return [values[a:b] for a, b in zip([0, *ends], [*ends, len(values)], strict=True)]


@given(numbers, st.lists(st.integers(0, 100), max_size=5), st.data())
def test_a_summary_tells_of_all_reports(values: list[float], places: list[int], data: Any) -> None:
    if not values:
        return
    given_steps = data.draw(st.lists(steps, min_size=len(values), max_size=len(values)))
    series = Series()
    pairs = list(zip(values, given_steps, strict=True))
    for part in cut(pairs, places):
        series.add([value for value, _ in part], [step for _, step in part], 8)
    at = [place if step is None else step for place, step in enumerate(given_steps)]
    summary = series.summary()
    known = [value for value in values if not math.isnan(value)]
    assert repr((summary.first, summary.last)) == repr((values[0], values[-1]))
    assert (summary.count, summary.step) == (len(values), at[-1])
    if not known:
        assert (summary.min, summary.max, summary.min_step, summary.max_step) == (None,) * 4
    else:
        assert (summary.min, summary.max) == (min(known), max(known))
        assert summary.min_step == at[values.index(min(known))]
        assert summary.max_step == at[values.index(max(known))]


@given(st.integers(1, 500), st.lists(st.integers(0, 500), max_size=5), st.integers(2, 50))
def test_what_is_kept_is_bounded_even_and_independent_of_how_it_came(
    count: int, places: list[int], most: int
) -> None:
    values = [math.sin(place) for place in range(count)]
    series = Series()
    for part in cut(values, places):
        series.add(part, None, most)
    kept = [int(step) for step, _ in series.points()]
    assert [value for _, value in series.points()] == [values[place] for place in kept]
    extremes = {0, count - 1, values.index(min(values)), values.index(max(values))}
    stride = 1
    while len(range(0, count, stride)) > most:
        stride *= 2
    assert kept == sorted({*range(0, count, stride), *extremes})
    assert len(kept) <= most + 3


@given(st.integers(1, 300), st.lists(st.integers(0, 300), max_size=6), st.integers(1, 20))
def test_fresh_points_are_each_given_once_in_their_order(
    count: int, places: list[int], most: int
) -> None:
    series = Series()
    given_points = []
    for part in cut([float(place) for place in range(count)], places):
        series.add(part, None, 1000)
        given_points += series.fresh_points(most)
    while fresh := series.fresh_points(most):
        assert len(fresh) <= most
        given_points += fresh
    assert given_points == [(place, place) for place in range(count)]


def test_fresh_points_of_a_series_that_was_thinned_go_on_where_they_were() -> None:
    series = Series()
    series.add([float(place) for place in range(10)], None, 100)
    assert len(series.fresh_points(100)) == 10
    series.add([float(place) for place in range(10, 40)], None, 16)
    assert series.stride == 4
    assert series.fresh_points(3) == [(12, 12), (16, 16), (20, 20)]
    assert series.fresh_points(100) == [(24, 24), (28, 28), (32, 32), (36, 36)]
    assert series.fresh_points(100) == []


def test_many_names_share_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MOST_POINTS", 100)
    monkeypatch.setattr(subject, "MOST_POINTS_OF_ALL", 300)
    monkeypatch.setattr(subject, "MOST_NAMES", 10)
    found = AllSeries()
    for turn in range(20):
        for name in range(20):
            found.add(Reports(f"n{name}", [float(turn)] * 50, None))
    kept = {name: list(points) for name, points in found.points()}
    assert list(kept) == [f"n{name}" for name in range(10)]
    assert sum(len(points) for points in kept.values()) <= 300 + 3 * 10
    assert found.summaries()["n9"].count == 1000
    assert not found.is_whole


def test_a_hundred_thousand_reports_are_all_kept() -> None:
    series = Series()
    series.add([0.5] * 100_000, None, subject.MOST_POINTS)
    assert len(list(series.points())) == 100_000
    series.add([0.5] * 900_000, None, subject.MOST_POINTS)
    assert len(list(series.points())) == 62_501
