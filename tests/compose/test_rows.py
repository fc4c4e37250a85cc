"""Files of trials are read back as they were written; what is wrong in one is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.compose.elements import plain
from hydra_sweep_runner.compose.overrides import parse_override
from hydra_sweep_runner.compose.rows import (
    REFUSALS,
    read_cell,
    read_rows,
    render_rows,
    row_overrides,
    value_text,
)
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Value
from hydra_sweep_runner.operation.values import canonical

# No surrogates and no characters that no text file has.
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8) | st.sampled_from(
    ["1", "1.0", "true", "null", "a,b", "a b", " a", "''", "'a'", "${x}", "[1", "x=1", "-", "\\"]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = scalars | st.lists(scalars, max_size=3)
rows = st.lists(
    st.dictionaries(st.sampled_from(["x", "lr", "model.depth"]), values, min_size=1), min_size=1
)


def same(one: Any, other: Any) -> bool:
    return canonical([dict(row) for row in one]) == canonical([dict(row) for row in other])


@given(rows, st.sampled_from(["t.json", "t.yaml", "t.YML", "t.csv"]))
def test_rows_are_read_back_as_they_were_written(
    written: list[dict[str, Value]], name: str
) -> None:
    read = read_rows(render_rows(written, name), name)
    assert same(read, written)
    assert [[type(value) for value in row.values()] for row in read] == [
        [type(row[column]) for column in found] for row, found in zip(written, read, strict=True)
    ]


@given(values)
def test_an_override_has_the_value_that_it_was_made_from(value: Value) -> None:
    override = parse_override(f"x={value_text(value)}")
    assert not override.is_sweep_override()
    assert canonical(plain(override._value)) == canonical(value)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1", 1),
        ("1e-3", 0.001),
        ("true", True),
        ("null", None),
        ("abc", "abc"),
        ("'1'", "1"),
        ("''", ""),
        ("[1,2]", [1, 2]),
        ("{a:1}", {"a": 1}),
        ("a,b", "a,b"),
        ("range(3)", "range(3)"),
        ("interval(0,1)", "interval(0,1)"),
        ("[1", "[1"),
        ("a=b", "a=b"),
        ("${y}", "${y}"),
    ],
)
def test_a_cell_is_read_as_hydra_reads_a_value_or_is_text(cell: str, value: Value) -> None:
    assert read_cell(cell) == value


def test_an_empty_cell_leaves_the_flag_out() -> None:
    assert read_rows("x,y\n1,\n,2\n", "t.csv") == [{"x": 1}, {"y": 2}]


def test_nested_flags_have_dotted_names() -> None:
    read = read_rows("- {model: {depth: 3}, x: [1, 2]}\n", "t.yaml")
    assert read == [{"model.depth": 3, "x": [1, 2]}]
    assert row_overrides(read[0]) == ("model.depth=3", "x=[1,2]")


def test_yaml_numbers_are_those_of_configurations() -> None:
    assert read_rows("- {x: 1e-3, y: yes, z: 2020-01-31}\n", "t.yaml") == [
        {"x": 0.001, "y": True, "z": "2020-01-31"}
    ]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.csv", "", "t.csv has no trials"),
        ("t.csv", "x,y\n", "t.csv has no trials"),
        ("t.json", "[]", "has no trials"),
        ("t.yaml", "", "has no trials"),
        ("t.csv", "x,y\n1,2\n1\n", "t.csv, row 2: 1 cells, but the header has 2 columns"),
        ("t.csv", "x,x\n1,2\n", "'x' comes twice"),
        ("t.csv", "x,\n1,2\n", "has no name"),
        ("t.json", '[{"x": 1}, {"x": 1, "x": 2}]', "t.json: 'x' comes twice in one flag set"),
        ("t.json", '[{"m": {"d": 1}, "m.d": 2}]', "t.json, row 1: 'm.d' comes twice"),
        ("t.yaml", "- {m: {d: 1}, m.d: 2}\n", "t.yaml, row 1: 'm.d' comes twice"),
        ("t.json", "{}", "must be a list of flag sets"),
        ("t.json", "[1]", "t.json, row 1: 1 is no flag set"),
        ("t.yaml", "- {1: 2}", "is no flag set"),
        ("t.txt", "x\n1\n", "ends in .csv, .json or .yaml"),
        ("trials", "x\n1\n", "ends in .csv, .json or .yaml"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(name: str, text: str, words: str) -> None:
    with pytest.raises(Mistake) as told:
        read_rows(text, name)
    assert words in str(told.value)


@pytest.mark.parametrize(("name", "text"), [("t.json", "[{"), ("t.yaml", "- {"), ("t.csv", '"x')])
def test_what_is_not_of_its_form_is_refused(name: str, text: str) -> None:
    with pytest.raises(REFUSALS):
        read_rows(text, name)
