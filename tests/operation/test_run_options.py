"""Run options: contract section 2, table "Run options"."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.operation.run_options import OPTIONS, Options

GOOD: list[tuple[str, object, object]] = [
    ("restart", "12e45678", "12e45678"),
    ("restart", 12345678, "12345678"),
    ("needed", True, True),
    ("needed", False, False),
    ("needed", "strict", "strict"),
    ("from", "train", "train"),
    ("until", "train", "train"),
    ("max_trials", 1, 1),
    ("max_trials", 10**30, 10**30),
    ("random_seed", 0, 0),
    ("random_seed", 2**32 - 1, 2**32 - 1),
    ("init_trials", True, True),
    ("print_trials", True, True),
    ("refresh", True, True),
    ("only", "failed", "failed"),
    ("optimizer", "tpe", "tpe"),
    ("objective", "-accuracy", ["-accuracy"]),
    ("objective", ["loss", "-accuracy"], ["loss", "-accuracy"]),
    ("window", 4, 4),
    ("warm_start", "all", ["all"]),
    ("trials", ["a.csv", "b.json"], ["a.csv", "b.json"]),
    ("save_trials", "plan.csv", "plan.csv"),
    ("shape", "zip", "zip"),
    ("include", [{"x": 1}], [{"x": 1}]),
    ("include", {"x": 1}, [{"x": 1}]),
    ("exclude", "x > 1", ["x > 1"]),
    ("repeat", 3, 3),
    ("fail_fast", True, True),
    ("retries", 0, 0),
    ("retries", 3, 3),
    ("timeout", 10, 10.0),
    ("timeout", 0.5, 0.5),
    ("label", "a label", "a label"),
    ("label", 7, "7"),
    ("label", True, "true"),
    ("label", "", ""),
    ("tags", "one", ["one"]),
    ("tags", ["one", 2], ["one", "2"]),
    ("tags", ("one",), ["one"]),
    ("tags", [], []),
]

SEED = "must be an integer from 0 to 4294967295"
SECONDS = "must be a number of seconds above 0"
BAD: list[tuple[str, object, str]] = [
    ("needed", 1, "+needed=1: must be true, false or strict"),
    ("from", [1], "+from=1: must be one step of the pipeline"),
    ("until", [1], "+until=1: must be one step of the pipeline"),
    ("needed", "lax", "+needed=lax: must be true, false or strict"),
    ("init_trials", 1, "+init_trials=1: must be true or false"),
    *((name, "yes", f"+{name}=yes: must be true or false") for name in ("refresh", "fail_fast")),
    ("print_trials", "", "+print_trials=: must be true or false"),
    ("max_trials", 0, "+max_trials=0: must be an integer of at least 1"),
    ("max_trials", -1, "+max_trials=-1: must be an integer of at least 1"),
    ("max_trials", 4.0, "+max_trials=4.0: must be an integer of at least 1"),
    ("max_trials", "4", "+max_trials=4: must be an integer of at least 1"),
    ("max_trials", True, "+max_trials=true: must be an integer of at least 1"),
    ("max_trials", [1, 2], "+max_trials=[1, 2]: must be an integer of at least 1"),
    ("optimizer", ["tpe"], "+optimizer=['tpe']: must be a text"),
    ("objective", [["loss"]], "+objective=['loss']: must be a text"),
    ("window", 0, "+window=0: must be an integer of at least 1"),
    ("warm_start", {"a": 1}, "+warm_start={'a': 1}: must be a text"),
    ("trials", [None], "+trials=null: must be a text"),
    ("save_trials", ["a.csv"], "+save_trials=['a.csv']: must be a text"),
    ("shape", "square", "+shape=square: must be product or zip"),
    ("include", [1], "+include=[1]: must be a list of flag sets, as in [{x:1,y:2}]"),
    ("include", [{}], "+include=[{}]: must be a list of flag sets, as in [{x:1,y:2}]"),
    ("exclude", " ", "+exclude= : must be an expression over flags, as in 'x > 1'"),
    ("repeat", 0, "+repeat=0: must be an integer of at least 1"),
    ("only", "completed", "+only=completed: must be failed: +only=failed"),
    ("only", True, "+only=true: must be failed: +only=failed"),
    ("retries", -1, "+retries=-1: must be an integer of at least 0"),
    ("retries", False, "+retries=false: must be an integer of at least 0"),
    ("random_seed", -1, f"+random_seed=-1: {SEED}"),
    ("random_seed", 2**32, f"+random_seed=4294967296: {SEED}"),
    ("random_seed", 1.5, f"+random_seed=1.5: {SEED}"),
    ("random_seed", True, f"+random_seed=true: {SEED}"),
    ("timeout", 0, f"+timeout=0: {SECONDS}"),
    ("timeout", -1.5, f"+timeout=-1.5: {SECONDS}"),
    ("timeout", math.inf, f"+timeout=inf: {SECONDS}"),
    ("timeout", math.nan, f"+timeout=nan: {SECONDS}"),
    ("timeout", "10s", f"+timeout=10s: {SECONDS}"),
    ("timeout", True, f"+timeout=true: {SECONDS}"),
    ("timeout", 10**400, f"+timeout={10**400}: {SECONDS}"),
    ("label", ["a"], "+label=['a']: must be a text"),
    ("label", {"a": 1}, "+label={'a': 1}: must be a text"),
    ("restart", ["a", "b"], "+restart=['a', 'b']: must be a text"),
    ("tags", {"a": 1}, "+tags={'a': 1}: must be a text"),
    ("tags", ["a", None], "+tags=null: must be a text"),
    ("tags", [["a"]], "+tags=['a']: must be a text"),
]

#: The contract's words: these hold for the one call.
FOR_ONE_CALL = {
    *("restart", "needed", "only", "init_trials", "print_trials", "refresh"),
    *("save_trials", "from", "until"),
}


@pytest.mark.parametrize(("name", "value", "expected"), GOOD)
def test_a_right_value_is_taken(name: str, value: object, expected: object) -> None:
    taken = Options.read({name: value}).values[name]
    assert taken == expected
    assert type(taken) is type(expected)


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_a_wrong_value_is_told_with_what_would_be_right(
    name: str, value: object, message: str
) -> None:
    with pytest.raises(Mistake) as caught:
        Options.read({name: value})
    assert str(caught.value) == message


def test_each_option_has_a_right_and_a_wrong_value_here() -> None:
    assert {name for name, *_ in GOOD} == {name for name, *_ in BAD} == set(OPTIONS)


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_declared_by_its_own_name_and_with_a_meaning(name: str) -> None:
    assert OPTIONS[name].name == name
    assert OPTIONS[name].meaning


@pytest.mark.parametrize("name", OPTIONS)
def test_null_is_the_default(name: str) -> None:
    taken = Options.read({name: None})
    assert taken.values == {name: None}
    assert replace(taken, values={}) == Options()


# ---- remembering and precedence


def all_options() -> Options:
    return Options.read({name: value for name, value, _ in GOOD})


def test_a_restart_remembers_all_but_those_of_the_one_call() -> None:
    assert set(OPTIONS) - set(all_options().remembered) == FOR_ONE_CALL


def test_what_is_remembered_reads_the_same_again() -> None:
    options = all_options()
    again = Options.read(options.remembered)
    assert again.values == options.remembered
    assert again.remembered == options.remembered


given_options = st.fixed_dictionaries(
    {},
    optional={
        "max_trials": st.integers(1, 9),
        "label": st.text(max_size=3),
        "needed": st.booleans(),
        "tags": st.lists(st.text(max_size=2), max_size=2),
        "retries": st.integers(0, 3),
    },
)


@given(given_options, given_options)
def test_what_is_given_wins_over_what_is_remembered(
    typed: dict[str, Any], before: dict[str, Any]
) -> None:
    both = Options.read(typed).over(Options.read(before).values)
    assert both.values == {**before, **typed}


@given(given_options, given_options, given_options)
def test_three_sources_rank_however_they_are_put_together(
    one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]
) -> None:
    first, second = Options.read(one), Options.read(two)
    assert first.over(two).over(three) == first.over(second.over(three).values)


def test_false_and_zero_and_nothing_are_values_that_win() -> None:
    options = Options.read({"fail_fast": False, "retries": 0, "tags": [], "label": ""})
    both = options.over({"fail_fast": True, "retries": 2, "tags": ["a"], "label": "b"})
    assert (both.fail_fast, both.retries, both.tags, both.label) == (False, 0, (), "")


@pytest.mark.parametrize("name", sorted(set(OPTIONS) - FOR_ONE_CALL))
def test_null_takes_a_remembered_option_back_for_this_start_and_those_that_follow(
    name: str,
) -> None:
    before = all_options().remembered
    taken_back = Options.read({name: None}).over(before)
    assert taken_back == Options.read({**before, name: None})
    assert Options().over(taken_back.remembered).remembered == {**before, name: None}


# ---- what they are if nobody gives them


def test_the_defaults() -> None:
    options = Options()
    assert (options.restart, options.max_trials, options.random_seed) == (None, None, None)
    assert (options.timeout_s, options.label, options.tags, options.retries) == (None, None, (), 0)
    assert not (options.needed or options.init_trials or options.print_trials)
    assert not (options.refresh or options.fail_fast)
    assert options.only is None


def test_what_was_given_is_found_by_name() -> None:
    options = Options.read(
        {
            "restart": "3f2a",
            "needed": True,
            "max_trials": 4,
            "random_seed": 5,
            "init_trials": True,
            "print_trials": True,
            "refresh": True,
            "fail_fast": True,
            "retries": 2,
            "timeout": 3,
            "label": "l",
            "tags": ["a", "b"],
        }
    )
    assert (options.restart, options.needed, options.max_trials) == ("3f2a", True, 4)
    assert (options.random_seed, options.init_trials, options.print_trials) == (5, True, True)
    assert (options.refresh, options.fail_fast, options.retries) == (True, True, 2)
    assert (options.timeout_s, options.label, options.tags) == (3.0, "l", ("a", "b"))
