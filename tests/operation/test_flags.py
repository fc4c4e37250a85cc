"""Flags by name."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.model import Flags, Value
from hydra_sweep_runner.operation.flags import (
    MISSING,
    as_chosen,
    covered_by,
    differences,
    dotted,
    flatten,
    given_flags,
    named,
    repeats_flag,
)
from hydra_sweep_runner.operation.values import canonical

keys = st.text(st.sampled_from("ab.[]"), max_size=3)
paths = st.lists(keys, min_size=1, max_size=4)
scalars = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from([1.0, math.nan, "1"])
flags = st.dictionaries(st.sampled_from(["a", "b", "c.d"]), scalars)


def name_of(path: list[str]) -> str:
    name = ""
    for key in path:
        name = dotted(name, key)
    return name


# ---- names


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (["lr"], "lr"),
        (["model", "depth"], "model.depth"),
        (["a.b"], "[a.b]"),
        (["a", "b.c", "d"], "a[b.c].d"),
        (["a", ""], "a[]"),
        ([""], "[]"),
        (["a[0]"], "[a[0]]"),
    ],
)
def test_a_name_is_dotted_and_a_key_with_a_dot_in_brackets(path: list[str], name: str) -> None:
    assert name_of(path) == name


def test_a_key_that_is_no_text_stands_as_its_text() -> None:
    assert (dotted("", 3), dotted("a", 1.5), dotted("a", None)) == ("3", "a[1.5]", "a.None")


plain_keys = st.text(st.sampled_from("ab."), max_size=3)


@given(
    st.lists(plain_keys, min_size=1, max_size=4),
    st.lists(plain_keys, min_size=1, max_size=4),
)
def test_no_two_flags_share_a_name(one: list[str], other: list[str]) -> None:
    assert (name_of(one) == name_of(other)) == (one == other)


@given(paths, keys)
def test_setting_a_node_sets_all_below_it(path: list[str], key: str) -> None:
    name = name_of(path)
    assert covered_by(name, name)
    assert name == "" or covered_by(dotted(name, key), name)


@pytest.mark.parametrize(("name", "given_name"), [("ab", "a"), ("a", "a.b"), ("b.a", "a")])
def test_it_sets_no_other(name: str, given_name: str) -> None:
    assert not covered_by(name, given_name)


# ---- flags that were given


def test_given_flags_are_in_the_order_in_which_they_were_given() -> None:
    flags: dict[str, Value] = {"x": 1, "model.depth": 2, "model.name": "m", "y": 3}
    assert list(given_flags(flags, ["y", "model", "x"]).items()) == [
        ("y", 3),
        ("model.depth", 2),
        ("model.name", "m"),
        ("x", 1),
    ]


def test_a_name_that_is_no_flag_gives_nothing() -> None:
    assert given_flags({"x": 1}, ["db", "x.y"]) == {}


# ---- differences


def test_a_scalar_that_repeats_a_flag_has_its_name_and_value() -> None:
    flags: dict[str, Value] = {"model.lr": 0.1, "seed": 3, "on": True}
    assert repeats_flag("lr", 0.1, flags) and repeats_flag("seed", 3.0, flags)
    assert not repeats_flag("lr", 0.2, flags) and not repeats_flag("loss", 0.1, flags)
    assert not repeats_flag("del.lr", 0.1, flags) and not repeats_flag("on", 1, flags)


def test_an_element_of_a_list_sets_the_list() -> None:
    flags: dict[str, Value] = {"a.b": [1, 2], "a.c": 3, "b": {}}
    assert given_flags(flags, ["a.b.0"]) == {"a.b": [1, 2]}
    assert given_flags(flags, ["a.b.x", "b.0.c", "a.0"]) == {}


@given(flags)
def test_nothing_differs_from_itself(one: dict[str, Any]) -> None:
    assert differences(one, dict(one)) == {}


@given(flags, flags)
def test_what_differs_is_what_makes_another_trial(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    expected = [
        name
        for name in [*other, *(name for name in one if name not in other)]
        if (name in one) != (name in other) or canonical(one[name]) != canonical(other[name])
    ]
    found = differences(one, other)
    assert list(found) == expected
    for name, (before, after) in found.items():
        assert before is one.get(name, MISSING) and after is other.get(name, MISSING)


def test_numbers_that_are_equal_do_not_differ_and_true_is_no_number() -> None:
    assert differences({"x": 1, "n": math.nan}, {"x": 1.0, "n": math.nan}) == {}
    assert differences({"x": [1]}, {"x": [True]}) == {"x": ([1], [True])}


def test_a_flag_on_one_side_only_differs_even_if_it_is_null() -> None:
    assert differences({}, {"x": None}) == {"x": (MISSING, None)}
    assert differences({"x": None}, {}) == {"x": (None, MISSING)}


# ---- nested flags


trees = st.recursive(
    st.dictionaries(plain_keys, st.integers(), max_size=3),
    lambda inner: st.dictionaries(plain_keys, inner | st.integers(), max_size=3),
    max_leaves=6,
)


def count_leaves(tree: dict[str, Any]) -> int:
    return sum(count_leaves(v) if isinstance(v, dict) and v else 1 for v in tree.values())


@given(trees)
def test_flattening_loses_no_leaf(tree: dict[str, Any]) -> None:
    assert len(flatten(tree)) == count_leaves(tree)


def test_leaves_keep_their_order_and_an_empty_dict_is_one() -> None:
    tree: dict[str, Any] = {"b": {"x": 1, "a": {"k.l": [2]}}, "a": {}, "c": None}
    assert list(flatten(tree).items()) == [
        ("b.x", 1),
        ("b.a[k.l]", [2]),
        ("a", {}),
        ("c", None),
    ]


def test_a_chosen_group_stands_in_the_place_of_the_flags_below_its_node() -> None:
    flags: Flags = {"lr": 1, "model.depth": 3, "model.wide": 4, "src.host": "a", "x": 2}
    choices: dict[str, Value] = {
        "operation": "train",
        "model": "mlp",
        "db@src": "mysql",
        "experiment": "big",
    }
    assert dict(as_chosen(flags, choices)) == {
        "experiment": "big",
        "lr": 1,
        "model": "mlp",
        "db@src": "mysql",
        "x": 2,
    }
    assert list(as_chosen(flags, choices, ["model", "model.wide"]))[:4] == [
        "experiment",
        "lr",
        "model",
        "model.wide",
    ]
    assert as_chosen(flags, {"operation": "train"}) is flags


def test_a_group_without_flags_below_it_is_shown_where_runs_are_told_apart_by_it() -> None:
    flags: Flags = {"lr": 1, "model.depth": 3}
    choices: dict[str, Value] = {"operation": "train", "model": "mlp", "experiment": "big"}
    assert list(as_chosen(flags, choices, (), ["lr"])) == ["lr", "model"]
    assert list(as_chosen(flags, choices, (), ["experiment"])) == ["experiment", "lr", "model"]
    assert list(as_chosen(flags, choices, (), ["operation"])) == ["operation", "lr", "model"]


def test_a_name_gives_its_own_entry_or_those_below_it() -> None:
    shown: dict[str, Value] = {"x": 1, "model": "mlp", "model.depth": 3, "opt.lr": 2, "opt.m": 0}
    assert list(named(shown, ["opt", "model", "none"])) == ["opt.lr", "opt.m", "model"]
