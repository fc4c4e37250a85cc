"""Intervals: bounds, exact draws, and which have how many values."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hydra_sweep_runner.planning.space import Interval

shares = st.fractions(0, 1).filter(lambda share: share < 1) | st.integers(0, 2**256 - 1).map(
    lambda parts: Fraction(parts, 2**256)
)
floats = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(5e-324, 1.7e308)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    log, whole = draw(st.booleans()), draw(st.booleans())
    if whole:
        bounds = [draw(st.integers(1 if log else -(10**30), 10**30)) for _ in range(2)]
    else:
        bounds = [draw(positive if log else floats) for _ in range(2)]
    low, high = sorted(bounds)
    return Interval(low, high, log, whole)


@given(intervals(), shares)
def test_a_value_lies_within_the_bounds(interval: Interval, share: Fraction) -> None:
    value = interval.at(share)
    assert interval.low <= value <= interval.high
    assert interval.holds(value)
    assert isinstance(value, int) == interval.int


@given(intervals(), shares, shares)
def test_a_greater_share_gives_no_smaller_value(
    interval: Interval, one: Fraction, other: Fraction
) -> None:
    small, great = sorted([one, other])
    assert interval.at(small) <= interval.at(great)


@given(intervals())
def test_the_interval_begins_at_its_lower_bound_and_ends_at_its_upper_one(
    interval: Interval,
) -> None:
    assert interval.at(Fraction(0)) == interval.low
    width = Fraction(interval.high) - Fraction(interval.low)
    last = Fraction(interval.at(Fraction(2**256 - 1, 2**256)))
    assert Fraction(interval.high) - last <= width / 2**52 + abs(last) / 2**50


@given(floats, floats, shares)
def test_a_uniform_value_is_the_float_nearest_to_the_exact_one(
    one: float, other: float, share: Fraction
) -> None:
    low, high = sorted([one, other])
    exact = Fraction(low) + (Fraction(high) - Fraction(low)) * share
    value = Interval(low, high).at(share)
    for near in (math.nextafter(value, -math.inf), math.nextafter(value, math.inf)):
        if math.isfinite(near):
            assert abs(Fraction(value) - exact) <= abs(Fraction(near) - exact)


@given(st.integers(-50, 50), st.integers(0, 40))
def test_whole_numbers_have_equal_shares(low: int, more: int) -> None:
    interval = Interval(low, low + more, int=True)
    count = more + 1
    assert interval.count == count
    for place in range(count):
        assert interval.at(Fraction(place, count)) == low + place
        assert interval.at(Fraction(2 * place + 1, 2 * count)) == low + place


@given(positive, positive)
def test_half_of_a_log_interval_lies_below_the_geometric_mean(one: float, other: float) -> None:
    low, high = sorted([one, other])
    assume(high / low > 1.01)
    mean = math.exp((math.log(low) + math.log(high)) / 2)
    assert Interval(low, high, log=True).at(Fraction(1, 2)) == pytest.approx(mean, rel=1e-9)


def test_a_whole_number_in_a_log_interval_has_what_is_around_it() -> None:
    interval = Interval(1, 4, log=True, int=True)
    whole = math.log(4.5) - math.log(0.5)
    for number in (1, 2, 3):
        edge = Fraction((math.log(number + 0.5) - math.log(0.5)) / whole)
        assert interval.at(edge - Fraction(1, 10**9)) == number
        assert interval.at(edge + Fraction(1, 10**9)) == number + 1


@pytest.mark.parametrize(
    ("low", "high", "first", "last"),
    [(1.7, 4.2, 2, 4), (-1.5, 1.5, -1, 1), (0.0, 0.9, 0, 0), (-0.5, -0.0, 0, 0), (3, 3, 3, 3)],
)
def test_the_whole_numbers_are_those_between_the_bounds_as_written(
    low: float, high: float, first: int, last: int
) -> None:
    interval = Interval(low, high, int=True)
    assert (interval.low, interval.high, interval.count) == (first, last, last - first + 1)


def test_large_whole_numbers_are_exact() -> None:
    low = 2**53 + 1
    interval = Interval(low, low + 2, int=True)
    assert [interval.at(Fraction(place, 3)) for place in range(3)] == [low, low + 1, low + 2]


def test_an_interval_of_one_number_has_one_value() -> None:
    assert Interval(0.5, 0.5).count == 1
    assert Interval(0.5, 0.6).count is None


@pytest.mark.parametrize("value", [True, "1", None, [1], 1.5, 0, 4, math.nan, math.inf, 2**1024])
def test_what_is_no_whole_number_between_the_bounds_is_not_held(value: object) -> None:
    assert not Interval(1, 3, int=True).holds(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((2, 1), "give the lower one first"),
        ((math.nan, 1), "finite numbers"),
        ((0, math.inf), "finite numbers"),
        ((True, 2), "finite numbers"),
        (("a", 2), "finite numbers"),
        ((0, 10**400), "finite numbers"),
        ((0, 1, True), "above 0"),
        ((-3, 1, True), "above 0"),
        ((0.5, 0.9, False, True), "no whole number"),
        ((0.5, 0.9, True, True), "no whole number"),
    ],
)
def test_bounds_without_numbers_between_them_are_refused(
    arguments: tuple[float, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        Interval(*arguments)  # type: ignore[arg-type]


def test_the_values_of_some_shares_are_pinned() -> None:
    third = Fraction(1, 3)
    assert Interval(0, 1).at(third) == 0.3333333333333333
    assert Interval(1e-5, 1e-1, log=True).at(third) == 0.0002154434690031884
    assert Interval(1e-300, 1e300, log=True).at(Fraction(5, 7)) == 3.72759372031494e128
    assert Interval(1, 1000, log=True, int=True).at(Fraction(9, 10)) == 468
    assert Interval(-(10**20), 10**20, int=True).at(third) == -33333333333333333333
