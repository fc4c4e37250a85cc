"""Grids, and the trials that a grid, an option and a seed generate."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import MAX_SEED, Flags, Operation, Value
from hydra_sweep_runner.planning.combinations import Dimension, Grid
from hydra_sweep_runner.planning.identity import trial_identity
from hydra_sweep_runner.planning.seeded_shuffle import derive_seed
from hydra_sweep_runner.planning.trials import (
    LARGEST_WHOLE_GRID,
    Plan,
    operation_names,
    plan_trials,
)

ECHO = Operation(name="echo.py", kind="script", target="echo.py")

seeds = st.integers(0, MAX_SEED)
#: Few different values, some of them equal but written otherwise.
words = st.sampled_from(["1", "1.0", "2", "3", "a", "true", "0.0", "-0.0", "nan"])
dimensions = st.lists(st.lists(words, max_size=5), max_size=3)


class Counting(Sequence[str]):
    """`key=0` to `key=length-1`, of any length; counts what it is asked for."""

    def __init__(self, key: str, length: int) -> None:
        self.key = key
        self.length = length
        self.asked = 0

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, place: Any) -> Any:
        self.asked += 1
        return f"{self.key}={place}"


def grid_of(*dimensions: Sequence[str]) -> Grid:
    """A grid of flags a, b, c … with these values."""
    return Grid(
        tuple(
            Dimension(name=name, overrides=[f"{name}={value}" for value in values])
            for name, values in zip("abcdef", dimensions, strict=False)
        )
    )


def read(word: str) -> Value:
    if word in ("true", "a"):
        return word == "true" or word
    return float(word) if "." in word or word == "nan" else int(word)


def compose(overrides: tuple[str, ...]) -> tuple[Operation, Flags]:
    return ECHO, {name: read(word) for name, _, word in (x.partition("=") for x in overrides)}


def plan(grid: Grid, max_trials: int | None = None, seed: int = 0) -> Plan:
    return plan_trials(grid, max_trials=max_trials, seed=seed, compose=compose)


def identities(planned: Plan) -> list[str]:
    return [trial.identity for trial in planned.trials]


# ---- the grid


@given(dimensions)
def test_a_grid_is_the_product_in_order_with_the_last_one_fastest(values: list[list[str]]) -> None:
    grid = grid_of(*values)
    combinations = list(itertools.product(*(dimension.overrides for dimension in grid.dimensions)))
    assert [grid.at(index) for index in range(grid.size)] == combinations


def test_a_grid_of_nothing_has_one_combination() -> None:
    assert [trial.overrides for trial in plan(Grid(())).trials] == [()]


def test_a_dimension_without_values_leaves_no_trial() -> None:
    assert plan(grid_of(["1"], [], ["2"])) == Plan(trials=(), duplicates=0, combinations=0)
    assert plan(grid_of([], ["1"]), max_trials=3).trials == ()


# ---- laws of the plan


@given(dimensions, seeds)
def test_the_whole_plan_has_each_trial_once_in_grid_order(
    values: list[list[str]], seed: int
) -> None:
    grid = grid_of(*values)
    planned = plan(grid, seed=seed)
    composed = [trial_identity(*compose(grid.at(index))) for index in range(grid.size)]
    assert identities(planned) == list(dict.fromkeys(composed))
    assert planned.combinations == grid.size == len(planned.trials) + planned.duplicates


@given(dimensions, seeds, st.integers(1, 40))
def test_a_sample_has_as_many_distinct_trials_as_wanted_where_there_are_enough(
    values: list[list[str]], seed: int, wanted: int
) -> None:
    grid = grid_of(*values)
    there = set(identities(plan(grid)))
    sampled = identities(plan(grid, wanted, seed))
    assert len(sampled) == len(set(sampled)) == min(wanted, len(there))
    assert set(sampled) <= there


@given(dimensions, seeds, st.integers(1, 20), st.integers(0, 20))
def test_a_larger_sample_contains_the_smaller_one(
    values: list[list[str]], seed: int, count: int, more: int
) -> None:
    grid = grid_of(*values)
    smaller, larger = plan(grid, count, seed), plan(grid, count + more, seed)
    assert set(identities(smaller)) <= set(identities(larger))
    assert set(identities(larger)) <= set(identities(plan(grid, seed=seed)))


@given(st.lists(st.integers(1, 6), min_size=1, max_size=3), seeds, st.integers(1, 40))
def test_a_sample_keeps_the_order_of_the_grid(lengths: list[int], seed: int, wanted: int) -> None:
    grid = grid_of(*([str(value) for value in range(length)] for length in lengths))
    sampled = [trial.overrides for trial in plan(grid, wanted, seed).trials]
    places = [next(i for i in range(grid.size) if grid.at(i) == texts) for texts in sampled]
    assert places == sorted(places)


@given(dimensions, seeds, st.none() | st.integers(1, 10))
def test_a_plan_repeats_itself(values: list[list[str]], seed: int, wanted: int | None) -> None:
    grid = grid_of(*values)
    one, other = plan(grid, wanted, seed), plan(grid, wanted, seed)
    assert repr(one) == repr(other)  # a NaN equals nothing


@given(dimensions, seeds, st.none() | st.integers(1, 10))
def test_a_trial_s_seed_is_of_its_flags_and_not_of_its_place(
    values: list[list[str]], seed: int, wanted: int | None
) -> None:
    for trial in plan(grid_of(*values), wanted, seed).trials:
        assert trial.random_seed == derive_seed(seed, trial.identity)


# ---- cases


def test_a_combination_that_comes_again_is_kept_where_it_came_first() -> None:
    planned = plan(grid_of(["1", "1.0", "2", "1"]))
    assert [trial.overrides for trial in planned.trials] == [("a=1",), ("a=2",)]
    assert planned.duplicates == 2


def test_with_duplicates_a_sample_goes_on_until_it_has_enough() -> None:
    grid = grid_of(["1", "1.0", "1", "2", "3"])
    for seed in range(20):
        assert len(plan(grid, 3, seed).trials) == 3


def test_the_sample_is_pinned() -> None:
    grid = grid_of(["1", "2", "3"], ["5", "4", "6"], ["7", "8", "9"])
    chosen = ["".join(t[2:] for t in trial.overrides) for trial in plan(grid, 4, 42).trials]
    assert chosen == ["269", "357", "347", "349"]


def test_another_seed_draws_another_sample() -> None:
    grid = grid_of(*([str(value) for value in range(6)] for _ in range(3)))
    assert identities(plan(grid, 5, 1)) != identities(plan(grid, 5, 2))


def test_max_trials_at_the_size_of_the_grid_draws_nothing() -> None:
    grid = grid_of(["3", "1", "2"])
    assert plan(grid, 3, 1).trials == plan(grid, None, 1).trials


def test_a_grid_too_large_to_run_whole_is_refused() -> None:
    grid = Grid(
        (
            Dimension(name="x", overrides=Counting("x", LARGEST_WHOLE_GRID)),
            Dimension(name="y", overrides=["y=1", "y=2"]),
        )
    )
    with pytest.raises(Mistake) as caught:
        plan(grid)
    assert str(caught.value) == (
        "the grid has 2000000 combinations: give +max_trials=N to run a sample of them"
    )


@pytest.mark.parametrize("length", [100, 10**6, 10**12, 10**30])
def test_a_sample_asks_for_no_more_of_the_grid_than_it_takes(length: int) -> None:
    swept = [Counting(name, length) for name in "ab"]
    grid = Grid(tuple(Dimension(name=values.key, overrides=values) for values in swept))
    assert grid.size == length**2
    assert len(plan(grid, 20, 7).trials) == 20
    assert all(values.asked == 20 for values in swept)


def test_a_dimension_may_be_longer_than_len_can_tell() -> None:
    grid = Grid((Dimension(name="x", overrides=Counting("x", 10**30)),))
    places = [int(trial.overrides[0][2:]) for trial in plan(grid, 8, 1).trials]
    assert places == sorted(places)
    assert max(places) > 2**64


def test_a_nan_comes_once() -> None:
    trials = plan(grid_of(["nan", "nan"])).trials
    assert len(trials) == 1
    value = trials[0].flags["a"]
    assert isinstance(value, float)
    assert math.isnan(value)


def test_the_operations_of_a_plan_are_named_once_each_in_order() -> None:
    def by_flag(overrides: tuple[str, ...]) -> tuple[Operation, Flags]:
        name = overrides[0][2:]
        operation = Operation(name=name, kind="script", target=name)
        return operation, {"a": name, "b": overrides[1]}

    planned = plan_trials(
        grid_of(["two", "one"], ["1", "2"]), max_trials=None, seed=0, compose=by_flag
    )
    assert operation_names(planned.trials) == "two, one"
