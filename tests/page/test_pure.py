"""Brushes, thinning and what is drawn: values in, values out."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Flags, Status
from hydra_sweep_runner.page.brushes import Brush, parse_brush
from hydra_sweep_runner.page.cells import cell, told_flags
from hydra_sweep_runner.page.thinning import thinned
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.record.fields import Summary
from tests.stores import run_of

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(axis=st.text(), low=NUMBERS, high=NUMBERS)
def test_a_brush_of_numbers_is_read_as_it_is_written(axis: str, low: float, high: float) -> None:
    assert parse_brush(json.dumps([axis, low, high])) == Brush(axis, low, high)


@given(axis=st.text(), texts=st.lists(st.text()))
def test_a_brush_of_texts_is_read_as_it_is_written(axis: str, texts: list[str]) -> None:
    assert parse_brush(json.dumps([axis, texts])) == Brush(axis, texts=tuple(texts))


@pytest.mark.parametrize(
    "text",
    ["", "lr", "[]", "[1, 2, 3]", '["a"]', '["a", 1]', '["a", true, 2]', '["a", [1]]', "[" * 9999],
)
def test_what_is_no_brush_is_a_mistake(text: str) -> None:
    with pytest.raises(Mistake, match="give"):
        parse_brush(text)


def test_a_truth_is_no_number_and_lies_in_no_brush_of_numbers() -> None:
    assert Brush("x", 0, 1).holds(1) and not Brush("x", 0, 1).holds(True)
    assert Brush("x", texts=("true",)).holds(True)
    assert not Brush("x", 0, 1).holds(None) and not Brush("x", texts=("null",)).holds(None)


@given(values=st.lists(st.floats(), max_size=400), most=st.integers(2, 60))
def test_a_thinned_series_keeps_its_ends_its_peaks_and_its_order(
    values: list[float], most: int
) -> None:
    points = [(float(step), value) for step, value in enumerate(values)]
    kept = thinned(points, most)
    assert len(kept) <= max(len(points) if len(points) <= most else 0, most + 2)
    steps = [step for step, _ in kept]
    assert steps == sorted(set(steps)) and set(steps) <= {step for step, _ in points}
    known = [value for value in values if not math.isnan(value)]
    if points:
        assert kept[0][0] == 0 and kept[-1][0] == len(points) - 1
    if known:
        drawn = [value for _, value in kept if not math.isnan(value)]
        assert (min(drawn), max(drawn)) == (min(known), max(known))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (1, 1),
        (True, "true"),
        (0.1, 0.1),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (2**53, 2**53),
        (2**53 + 1, "9007199254740993"),
        ("1", "1"),
        ("a\x00b", "a\\x00b"),
        ("x" * 300, "x" * 199 + "…"),
        ([1, "a"], "[1, a]"),
        ([], None),
        (None, None),
        ("", '""'),
        ("  ", '"  "'),
    ],
)
def test_a_cell_is_a_number_that_a_browser_holds_exactly_or_a_text(
    value: object, shown: object
) -> None:
    found = cell(value)  # type: ignore[arg-type]
    assert found == shown and type(found) is type(shown)


def test_the_line_of_a_run_has_its_flags_in_as_many_digits_as_the_table() -> None:
    run = run_of(status=Status.COMPLETED)
    flags: Flags = {"lr": 0.9263925003430995, "x": 1e-05, "k": 2**70, "inf": math.inf, "y": 1.0}
    row = RunRow(Summary(replace(run, flags=flags), folder=""))
    told = "lr=0.926393, x=1e-05, k=1180591620717411303424, inf=inf, y=1"
    assert told_flags(row, [*flags, "z"]) == told
