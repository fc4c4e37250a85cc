"""Draws that are seeded, alike everywhere, and that only grow."""

from __future__ import annotations

import sys
import tracemalloc
from collections import Counter
from itertools import islice, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.model import MAX_SEED
from hydra_sweep_runner.planning.seeded_shuffle import (
    RandomStream,
    derive_seed,
    random_order,
    shuffled,
)

seeds = st.integers(0, MAX_SEED)
sizes = st.integers(0, 60) | st.integers(0, 10**40)


def first(size: int, seed: int, count: int) -> list[int]:
    return list(islice(random_order(size, seed), count))


# ---- laws


@given(sizes, seeds, st.integers(0, 100))
def test_what_is_drawn_is_distinct_and_in_range(size: int, seed: int, count: int) -> None:
    drawn = first(size, seed, count)
    assert len(drawn) == len(set(drawn)) == min(size, count)
    assert all(0 <= number < size for number in drawn)


@given(sizes, seeds, st.integers(0, 50), st.integers(0, 50))
def test_a_longer_draw_begins_with_the_shorter_one(
    size: int, seed: int, count: int, more: int
) -> None:
    assert first(size, seed, count + more)[:count] == first(size, seed, count)


@given(st.integers(0, 300), seeds)
def test_a_draw_of_all_is_a_permutation(size: int, seed: int) -> None:
    assert sorted(random_order(size, seed)) == list(range(size))


@given(st.lists(st.integers(), max_size=30), seeds, st.text())
def test_shuffling_keeps_the_values_and_repeats_itself(
    values: list[int], seed: int, label: str
) -> None:
    assert Counter(shuffled(values, seed, label)) == Counter(values)
    assert shuffled(values, seed, label) == shuffled(tuple(values), seed, label)


@given(seeds, st.lists(st.integers(0, 600), max_size=12))
def test_bits_are_dealt_from_one_stream_however_they_are_cut(seed: int, cuts: list[int]) -> None:
    whole = RandomStream(seed, "x").bits(sum(cuts))
    stream = RandomStream(seed, "x")
    joined = 0
    for count in cuts:
        joined = joined << count | stream.bits(count)
    assert joined == whole


@given(seeds, st.text())
def test_a_derived_seed_is_a_seed(seed: int, text: str) -> None:
    assert 0 <= derive_seed(seed, text) <= MAX_SEED
    assert derive_seed(seed, text) == derive_seed(seed, text)


# ---- the same on every machine, Python and library version


def test_the_draw_is_pinned() -> None:
    assert first(27, 42, 12) == [23, 17, 21, 18, 24, 1, 9, 12, 3, 6, 19, 2]
    assert first(10**12, 0, 4) == [432888481189, 560715113564, 886181701432, 650216955007]
    assert first(10**30, MAX_SEED, 2) == [
        251987765241032787584102675493,
        662955794826899161687032606518,
    ]


def test_a_shuffle_is_pinned() -> None:
    assert "".join(shuffled("abcdefgh", 7, "shuffle x")) == "ahebdgfc"


def test_derived_seeds_are_pinned() -> None:
    assert [derive_seed(1, "a"), derive_seed(1, "b"), derive_seed(2, "a")] == [
        3206387831,
        3668097562,
        1279577640,
    ]


def test_seed_and_label_each_make_another_draw() -> None:
    draws = [list(random_order(100, seed, label)) for seed in (1, 2) for label in ("a", "b")]
    assert len(set(map(tuple, draws))) == 4


# ---- fair, and at any size


def chi_square(counts: list[int]) -> float:
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts)


def test_all_orders_are_as_likely() -> None:
    seen = Counter(tuple(random_order(4, seed)) for seed in range(4800))
    counts = [seen[order] for order in permutations(range(4))]
    assert chi_square(counts) < 49.7  # 0.999 of chi-square with 23 degrees of freedom


def test_all_places_are_as_likely_in_a_small_draw_from_many() -> None:
    counts = [0] * 20
    for seed in range(1000):
        for number in first(10**6, seed, 5):
            counts[number * 20 // 10**6] += 1
    assert chi_square(counts) < 43.8  # 0.999 of chi-square with 19 degrees of freedom


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 255, 256, 257])
def test_numbers_below_a_limit_are_as_likely(limit: int) -> None:
    stream = RandomStream(3, "below")
    counts = Counter(stream.below(limit) for _ in range(40 * limit))
    assert set(counts) <= set(range(limit))
    if limit > 1:
        bound = limit - 1 + 3.3 * (2 * (limit - 1)) ** 0.5 + 8
        assert chi_square([counts[number] for number in range(limit)]) < bound


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="limit must be positive, not 0"):
        RandomStream(0, "x").below(0)


@pytest.mark.parametrize("size", [10**2, 10**12, 10**30, 10**300])
def test_a_hundred_cost_the_same_from_any_number(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    below = RandomStream.below

    def counted(self: RandomStream, limit: int) -> int:
        asked.append(limit)
        return below(self, limit)

    monkeypatch.setattr(RandomStream, "below", counted)
    assert len(set(first(size, 5, 100))) == 100
    assert len(asked) == 100


def test_memory_grows_with_what_is_taken_and_not_with_what_there_is() -> None:
    tracemalloc.start()
    try:
        drawn = random_order(10**30, 1)
        for _ in range(100):
            next(drawn)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 500_000
    assert sys.getsizeof(drawn) < 2_000
