"""Values, lines and tables as text: contract section 6."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_sweep_runner.model import Value
from hydra_sweep_runner.terminal.render import (
    escape,
    initialized_line,
    render_columns,
    render_flags,
    render_plan,
    render_value,
    running_line,
    short,
    shown_change,
)
from tests.stores import run_of

#: The table of the restart document that the contract follows word for word.
TABLE = """\
#   x  y  z
1   1  5  a
2   1  5  b
3   1  5  c
4   1  4  a
5   1  4  b
6   1  4  c
7   1  6  a
8   1  6  b
9   1  6  c
10  2  5  a
11  2  5  b
12  2  5  c
13  2  4  a
14  2  4  b
15  2  4  c
16  2  6  a
17  2  6  b
18  2  6  c
19  3  5  a
20  3  5  b
21  3  5  c
22  3  4  a
23  3  4  b
24  3  4  c
25  3  6  a
26  3  6  b
27  3  6  c
"""

texts = st.text(max_size=8) | st.sampled_from(
    ["\n", "\x1b[31m", "\x00", "\u2028", "\udcff", "\x7f"]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
flags = st.dictionaries(texts, values, max_size=10)

# ---- nothing raw


@given(texts)
def test_an_escaped_text_holds_no_control_character_and_no_line_break(text: str) -> None:
    assert escape(text).isprintable()


@given(values)
def test_nor_does_a_value(value: Any) -> None:
    assert render_value(value).isprintable()


@given(flags, st.lists(texts))
def test_nor_do_flags_in_a_line(these: dict[str, Any], given_names: list[str]) -> None:
    assert render_flags(these, given_names).isprintable()
    named = replace(run_of(), flags=these, operation=replace(run_of().operation, name="a\x1bb"))
    assert running_line(named).isprintable()


@settings(max_examples=40)
@given(st.lists(texts, max_size=3), st.lists(values, max_size=3))
def test_nor_does_a_table(names: list[str], shown: list[Any]) -> None:
    columns = [(name, [render_value(value) for value in shown]) for name in names]
    assert all(line.isprintable() for line in render_plan(columns, len(shown)))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"])))
def test_what_is_printable_is_left_alone(text: str) -> None:
    assert escape(text) == text


def test_escapes_are_those_of_python() -> None:
    assert escape("a\n\t\x1b[0m\x00é\u2028\udcff") == r"a\n\t\x1b[0m\x00é\u2028\udcff"


# ---- values


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (1e-05, "1e-05"),
        (1e22, "1e+22"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        ("a", "a"),
        ("two words", "two words"),
        ("naïve 実験", "naïve 実験"),
        ("${oc.env:TOKEN}", "${oc.env:TOKEN}"),
        ("a=b", "a=b"),
        ("1a", "1a"),
        ("-", "-"),
        ("e5", "e5"),
        ("", '""'),
        (" a", '" a"'),
        ("1", '"1"'),
        ("-1.5", '"-1.5"'),
        ("12e45678", '"12e45678"'),
        ("1_000", '"1_000"'),
        (".5", '".5"'),
        ("True", '"True"'),
        ("null", '"null"'),
        ("~", '"~"'),
        ("NaN", '"NaN"'),
        ("-.inf", '"-.inf"'),
        ("a, b", '"a, b"'),
        ("it's", '"it\'s"'),
        ('say "a"', '"say \\"a\\""'),
        ("[a]", '"[a]"'),
        ("{}", '"{}"'),
        ("a\nb", "a\\nb"),
        ([], "[]"),
        ({}, "{}"),
        ([1, 1.0, "1", "a", None], '[1, 1.0, "1", a, null]'),
        ({"b": 1, "a": {"c": [True]}}, "{b: 1, a: {c: [true]}}"),
        ({"a\n": 1}, "{a\\n: 1}"),
    ],
)
def test_a_value_in_one_line(value: Value, text: str) -> None:
    assert render_value(value) == text


@given(
    texts, st.none() | st.booleans() | st.integers() | st.floats() | st.lists(values, max_size=2)
)
def test_a_text_does_not_look_like_a_value_that_is_none(text: str, other: Any) -> None:
    assert render_value(text) != render_value(other)


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.lists(values, max_size=2))
def test_a_value_s_own_text_is_quoted(value: Any) -> None:
    text = render_value(value)
    assert render_value(text) != text


# ---- flags


def test_up_to_eight_flags_are_all_shown() -> None:
    eight: dict[str, Value] = {f"f{n}": n for n in range(8)}
    assert render_flags(eight, ["f3"]) == "f0=0, f1=1, f2=2, f3=3, f4=4, f5=5, f6=6, f7=7"


def test_of_nine_flags_those_that_were_given_are_shown() -> None:
    nine: dict[str, Value] = {**{f"f{n}": n for n in range(7)}, "m.a": 7, "m.b": 8}
    assert render_flags(nine, ["m", "f3", "group"]) == "m.a=7, m.b=8, f3=3"
    assert render_flags(nine) == ""


def test_a_line_of_flags() -> None:
    assert render_flags({"x": 1.0, "y": 2, "z": "a"}) == "x=1.0, y=2, z=a"


def test_the_lines_of_a_trial_are_those_of_the_contract() -> None:
    run = run_of("3f2a9c1d" * 4)
    run = replace(run, flags={"x": 1.0, "y": 2, "z": "a"})
    run = replace(run, operation=replace(run.operation, name="echo.py"))
    assert initialized_line(run) == "Initialized trial 3f2a9c1d (x=1.0, y=2, z=a)"
    assert running_line(run) == "Running trial 3f2a9c1d: echo.py (x=1.0, y=2, z=a)"
    assert short(run.id) == "3f2a9c1d"


def test_a_trial_without_flags_has_empty_brackets() -> None:
    assert initialized_line(replace(run_of(), flags={})).endswith("3f2a9c1d ()")


# ---- tables


def test_the_plan_of_the_restart_document() -> None:
    combinations = list(itertools.product((1, 2, 3), (5, 4, 6), "abc"))
    columns = [(name, [str(one[n]) for one in combinations]) for n, name in enumerate("xyz")]
    assert "".join(f"{line}\n" for line in render_plan(columns, len(combinations))) == TABLE


def test_the_plan_of_the_contract() -> None:
    assert render_plan([("x", ["1"]), ("y", ["5"]), ("z", ["a"])], 1) == [
        "#  x  y  z",
        "1  1  5  a",
    ]


def test_columns_are_left_aligned_two_spaces_apart_and_end_without_spaces() -> None:
    assert render_columns([["a", "bb", "c"], ["aaa", "b", ""]]) == ["a    bb  c", "aaa  b"]
    assert render_columns([]) == []


def test_empty_cells_of_a_plan_keep_its_columns_in_line() -> None:
    assert render_plan([("x", ["", "2"]), ("long", ["1", ""])], 2) == [
        "#  x  long",
        "1     1",
        "2  2",
    ]


def test_a_plan_of_nothing_is_its_heading() -> None:
    assert render_plan([], 0) == ["#"]
    assert render_plan([], 2) == ["#", "1", "2"]


def test_a_flag_has_a_column_beside_one_of_ours_with_its_name() -> None:
    assert render_plan([("do", ["1"]), ("do", ["run"])], 1) == ["#  do  do", "1  1   run"]


def test_two_long_values_are_shown_where_they_begin_to_differ() -> None:
    assert shown_change("a" * 70, "a" * 69 + "b") == ("…" + "a" * 13, "…" + "a" * 12 + "b")
    assert shown_change("a" * 70, "a" * 70 + "b") == ("…" + "a" * 12, "…" + "a" * 12 + "b")
    assert shown_change("a", "ab") == ("a", "ab")
