"""When two trials are the same: contract section 4, "Same flags"."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.model import FlagsTo, Operation
from hydra_sweep_runner.operation.values import canonical
from hydra_sweep_runner.planning.identity import (
    InputKey,
    gather_identity,
    step_identity,
    trial_identity,
)

TRAIN = Operation(name="train", kind="script", target="train.py")

texts = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ["", "1", "1.0", "true", "null", "nan", "inf", "[]", "{}", '"', "\\", '":"', "\udcff"]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    """The rules of the contract, word by word."""
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    numbers = [
        isinstance(value, (int, float)) and not isinstance(value, bool) for value in (one, other)
    ]
    if all(numbers):
        return bool(one == other) or (math.isnan(one) and math.isnan(other))
    return type(one) is type(other) and bool(one == other)


def shuffled(value: Any, order: random.Random) -> Any:
    """The value with all keys in another order, and some lists as tuples."""
    if isinstance(value, list):
        return order.choice([list, tuple])(shuffled(item, order) for item in value)
    if isinstance(value, dict):
        entries = [(key, shuffled(item, order)) for key, item in value.items()]
        order.shuffle(entries)
        return dict(entries)
    return value


# ---- laws


@given(values, values)
def test_two_values_share_a_text_exactly_if_they_are_the_same(one: Any, other: Any) -> None:
    assert (canonical(one) == canonical(other)) == same(one, other)


@given(values, st.randoms(use_true_random=False))
def test_neither_key_order_nor_tuples_count(value: Any, order: random.Random) -> None:
    assert canonical(value) == canonical(shuffled(value, order))


@given(st.dictionaries(texts, values, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_flags_does_not_count(flags: dict[str, Any], order: random.Random) -> None:
    assert trial_identity(TRAIN, flags) == trial_identity(TRAIN, shuffled(flags, order))


@given(st.integers(-(2**53), 2**53))
def test_a_whole_float_is_its_integer(number: int) -> None:
    assert canonical(float(number)) == canonical(number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_no_other_float(number: float) -> None:
    neighbour = math.nextafter(number, math.inf)
    if math.isfinite(neighbour) and neighbour != number:
        assert canonical(number) != canonical(neighbour)


# ---- tables

SAME: list[tuple[Any, Any]] = [
    (1, 1.0),
    (0.0, -0.0),
    (0, -0.0),
    (10**20, 1e20),
    (-(10**20), -1e20),
    (2**70, float(2**70)),
    (math.nan, -math.nan),
    (math.nan, float("nan")),
    ([1, 2], (1.0, 2.0)),
    ({"a": 1, "b": [2]}, {"b": (2.0,), "a": 1.0}),
    ([], ()),
]
DIFFERENT: list[tuple[Any, Any]] = [
    (1, True),
    (0, False),
    (1.0, True),
    (1, "1"),
    (1.0, "1.0"),
    (True, "true"),
    (None, "null"),
    (None, 0),
    (None, False),
    (None, ""),
    (math.nan, "nan"),
    (math.nan, math.inf),
    (math.inf, -math.inf),
    (math.inf, "inf"),
    (math.inf, 10**400),
    (10**20, 10**20 + 1),
    (10**20 + 1, 1e20),
    (2**53, 2**53 + 1),
    (10**23, 1e23),  # 1e23 is 99999999999999991611392
    (0.1, 0.1 + 2**-56),
    (5e-324, 0.0),
    ([], {}),
    ([], None),
    ([1], 1),
    ([1, 2], [2, 1]),
    ([1, 2], [[1, 2]]),
    ([[1], 2], [1, [2]]),
    (["a", "b"], ["a,b"]),
    (['a","b'], ["a", "b"]),
    ({"a": 1}, {"a": 1, "b": None}),
    ({"a": {"b": 1}}, {"a.b": 1}),
    ({"a": 1}, [["a", 1]]),
    ("a", "a "),
    ("a", "A"),
    ("é", "e\u0301"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same(one: Any, other: Any) -> None:
    assert canonical(one) == canonical(other)
    assert trial_identity(TRAIN, {"x": one}) == trial_identity(TRAIN, {"x": other})


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_not_the_same(one: Any, other: Any) -> None:
    assert canonical(one) != canonical(other)
    assert trial_identity(TRAIN, {"x": one}) != trial_identity(TRAIN, {"x": other})


def test_a_flag_that_is_null_is_not_a_missing_one() -> None:
    assert trial_identity(TRAIN, {"x": None}) != trial_identity(TRAIN, {})


# ---- the operation


@pytest.mark.parametrize(
    "other",
    [
        replace(TRAIN, name="other"),
        replace(TRAIN, kind="function"),
        replace(TRAIN, target="other.py"),
        replace(TRAIN, kind="command", target=("train.py",)),
    ],
)
def test_name_kind_and_target_make_another_operation(other: Operation) -> None:
    assert trial_identity(other, {"x": 1}) != trial_identity(TRAIN, {"x": 1})


@pytest.mark.parametrize(
    "other",
    [
        replace(TRAIN, flags_to=FlagsTo.ARGS),
        replace(TRAIN, requires=("data",)),
        replace(TRAIN, preload=("sklearn",)),
    ],
)
def test_how_an_operation_is_run_does_not(other: Operation) -> None:
    assert trial_identity(other, {"x": 1}) == trial_identity(TRAIN, {"x": 1})


def test_a_command_s_arguments_are_not_run_together() -> None:
    def command(*arguments: str) -> Operation:
        return Operation(name="c", kind="command", target=arguments)

    assert trial_identity(command("a", "b c"), {}) != trial_identity(command("a", "b", "c"), {})
    assert trial_identity(command("a", "b"), {}) != trial_identity(command("b", "a"), {})


# ---- for ever

FLAGS: dict[str, Any] = {
    "lr": 0.1,
    "x": 1.0,
    "model": {"depth": 3, "act": ["relu", None]},
    "seed": 10**20,
    "on": True,
    "stop": math.inf,
    "token": "${oc.env:TOKEN}",
    "name": "naïve 実験",
}


def test_the_text_is_the_same_in_every_version() -> None:
    assert canonical(FLAGS) == (
        '{"lr":0x1.999999999999ap-4,"model":{"act":["relu",null],"depth":3},'
        '"name":"na\\u00efve \\u5b9f\\u9a13","on":true,"seed":100000000000000000000,'
        '"stop":inf,"token":"${oc.env:TOKEN}","x":1}'
    )


def test_an_identity_is_the_same_in_every_version() -> None:
    assert (
        trial_identity(TRAIN, FLAGS)
        == "9278c7b529359b55254f4d11247ac3d84f617563d5532f0a1e81940e8be61568"
    )
    command = Operation(name="c", kind="command", target=("bash", "-c", "${x}"))
    assert (
        trial_identity(command, {})
        == "9c46e8283f4fff534ec8ed0d54546f8775d217d366728dbdb84e82ad9f847d41"
    )


def test_a_trial_without_inputs_is_the_same_as_its_operation_on_its_own() -> None:
    assert step_identity("digest", []) == "digest"


def test_the_digest_of_a_step_is_the_same_in_every_version() -> None:
    gathered = InputKey("runs", None, gather_identity("train", [("train.lr", 0.1)]))
    upstream = [InputKey('b "ü"', "", "1f"), InputKey("a", "x/y.csv", "2e"), gathered]
    text = '["d",[["a","x/y.csv","2e"],["b \\"\\u00fc\\"","","1f"],["runs",null,"%s"]]]'
    text %= gathered.identity
    assert step_identity("d", upstream) == sha256(text.encode()).hexdigest()


def test_name_path_and_upstream_count_and_the_order_of_inputs_does_not() -> None:
    one, two = InputKey("a", "x", "1"), InputKey("b", "y", "2")
    same = step_identity("d", [one, two])
    assert step_identity("d", [two, one]) == same
    others = [
        step_identity("d", [one]),
        step_identity("d", [one, InputKey("c", "y", "2")]),
        step_identity("d", [one, InputKey("b", "z", "2")]),
        step_identity("d", [one, InputKey("b", "y", "3")]),
        step_identity("d", [one, InputKey("b", None, gather_identity("s"))]),
        step_identity("e", [one, two]),
    ]
    assert len({same, *others}) == len(others) + 1


def test_of_a_gather_count_its_step_and_the_values_that_divide_it() -> None:
    found = [
        gather_identity("s"),
        gather_identity("t"),
        gather_identity("s", [("a.x", 1)]),
        gather_identity("s", [("a.x", 2)]),
        gather_identity("s", [("a.y", 1)]),
    ]
    assert len(set(found)) == len(found)
    assert gather_identity("s", [("a.x", 1.0)]) == found[2]
