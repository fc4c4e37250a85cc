"""Draws of a random search: from seed, name and number alone."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.model import MAX_SEED, Flags, Operation
from hydra_sweep_runner.planning.combinations import (
    Dimension,
    Draws,
    combinations_of,
    most_trials,
)
from hydra_sweep_runner.planning.random_search import place_in_list, share
from hydra_sweep_runner.planning.space import Interval
from hydra_sweep_runner.planning.trials import Plan, Shape, plan_trials

OPERATION = Operation(name="f", kind="function", target="f")

seeds = st.integers(0, MAX_SEED)


def interval(name: str, low: float = 0.0, high: float = 1.0, log: bool = False) -> Dimension:
    return Dimension(name=name, overrides=(), interval=Interval(low, high, log), key=name)


def listed(name: str, *values: object) -> Dimension:
    return Dimension(name=name, overrides=[f"{name}={value}" for value in values])


SPACE = (interval("x"), interval("lr", 1e-5, 0.1, log=True), listed("z", "a", "b", "c"))


def compose(overrides: tuple[str, ...]) -> tuple[Operation, Flags]:
    return OPERATION, dict(sorted(text.split("=") for text in overrides))


def plan(space: tuple[Dimension, ...], seed: int, count: int) -> Plan:
    return plan_trials(combinations_of(space, seed), max_trials=count, seed=seed, compose=compose)


@given(seeds, st.integers(1, 30), st.integers(0, 30))
def test_more_trials_begin_with_the_fewer_ones(seed: int, count: int, more: int) -> None:
    assert plan(SPACE, seed, count + more).trials[:count] == plan(SPACE, seed, count).trials


def test_an_included_combination_that_is_given_twice_is_counted_as_a_duplicate() -> None:
    included = ("x=0.5", "lr=0.01", "z=a")
    planned = plan_trials(
        combinations_of(SPACE, 0),
        max_trials=3,
        seed=0,
        compose=compose,
        shape=Shape(include=[included, included]),
    )
    assert [trial.overrides == included for trial in planned.trials] == [False, False, True]
    assert planned.duplicates == 1


def test_a_draw_that_comes_again_is_not_counted_as_a_duplicate() -> None:
    planned = plan_trials(
        combinations_of(SPACE, 0),
        max_trials=9,
        seed=0,
        compose=lambda overrides: (OPERATION, {"z": overrides[-1]}),
    )
    assert (len(planned.trials), planned.duplicates) == (3, 0)


@given(seeds, st.permutations(SPACE))
def test_the_order_of_flags_changes_no_value(seed: int, space: list[Dimension]) -> None:
    assert [trial.flags for trial in plan(tuple(space), seed, 9).trials] == [
        trial.flags for trial in plan(SPACE, seed, 9).trials
    ]


@given(seeds, st.integers(0, 100))
def test_another_flag_changes_no_value_of_those_that_were_there(seed: int, number: int) -> None:
    more = (*SPACE, interval("y", -5, 5), listed("w", 1, 2))
    assert set(Draws(SPACE, seed).at(number)) < set(Draws(more, seed).at(number))


@given(seeds, st.integers(0, 10**30), st.text())
def test_a_share_is_below_one(seed: int, number: int, name: str) -> None:
    assert 0 <= share(seed, name, number) < 1


@given(st.integers(1, 10**40), st.integers(0, 2**256 - 1))
def test_a_place_is_in_the_list(count: int, parts: int) -> None:
    assert 0 <= place_in_list(Fraction(parts, 2**256), count) < count


def test_shares_are_uniform() -> None:
    counts = [0] * 10
    for number in range(10_000):
        counts[place_in_list(share(3, "x", number), 10)] += 1
    chi_square = sum((count - 1000) ** 2 / 1000 for count in counts)
    assert chi_square < 21.7  # exceeded by one in a hundred; the seed is fixed


PINNED = [
    ("x=0.2928954265224042", "lr=0.05059251638036714", "z=a"),
    ("x=0.7148357151725703", "lr=3.228435209582745e-05", "z=a"),
    ("x=0.32723643524018825", "lr=0.0003344043122560246", "z=c"),
]
PINNED_SHARE = "0.76197878709234868"


def test_the_draws_are_pinned() -> None:
    """These never change: the formula is documented, and others may rely on it."""
    assert [Draws(SPACE, 42).at(number) for number in range(3)] == PINNED
    assert f"{float(share(0, 'x', 0)):.17f}" == PINNED_SHARE


def test_the_draws_are_the_same_under_any_hash_seed() -> None:
    script = (
        "from tests.planning.test_random_search import SPACE, Draws; print(Draws(SPACE, 42).at(7))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "12345")
    }
    assert told == {f"{Draws(SPACE, 42).at(7)}\n"}


# ---- a random search's plan


def test_a_draw_that_gives_a_trial_again_is_passed_over() -> None:
    narrow = (interval("x", 1.0, 1.0000000000000004), listed("z", 1, 2))
    trials = plan(narrow, 5, 50).trials
    assert len(trials) == len({trial.identity for trial in trials}) == 6


def test_a_whole_number_interval_is_a_list_in_ascending_order() -> None:
    space = (
        Dimension(
            name="n", overrides=["n=1", "n=2", "n=3"], interval=Interval(1, 3, int=True), key="n"
        ),
        listed("z", "a", "b"),
    )
    whole = plan(space, 1, 6)
    assert [trial.flags["n"] for trial in whole.trials] == ["1", "1", "2", "2", "3", "3"]
    some = plan(space, 1, 4).trials
    assert [trial for trial in whole.trials if trial in some] == list(some)


def test_a_random_search_has_twenty_trials_where_nobody_says_how_many() -> None:
    assert most_trials(SPACE, None) == 20
    assert most_trials(SPACE, 5) == 5
    assert most_trials((listed("z", 1, 2),), None) is None
