"""Scalars in results and in the file of RUNNER_SCALARS: contract section 8."""

from __future__ import annotations

import math
from collections import UserDict
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.scalars.numbers import number_of, scalars_in
from hydra_sweep_runner.scalars.reported import reports_in


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (3, {"result": 3}),
        (0.5, {"result": 0.5}),
        (Fraction(1, 2), {"result": 0.5}),
        (True, {}),
        (None, {}),
        ("3", {}),
        ([1, 2], {}),
        (Decimal(3), {}),
        (1j, {}),
        (10**400, {}),
        ({"loss": 1, "ok": True, "name": "x", "none": None}, {"loss": 1}),
        (
            {"val": {"loss": 1, "top": {"1": 2}}, "lr": 0.1},
            {"val.loss": 1, "val.top.1": 2, "lr": 0.1},
        ),
        ({1: 2, "a": 3, None: 4}, {"a": 3}),
        (UserDict({"loss": 2}), {"loss": 2}),
        ({"step": 3, "loss": 1}, {"step": 3, "loss": 1}),
        ({"points": [1, 2]}, {}),
    ],
)
def test_the_scalars_of_a_result(result: object, expected: dict[str, float]) -> None:
    assert dict(scalars_in(result)) == expected


def test_a_result_that_holds_itself_has_an_end() -> None:
    loop: dict[str, Any] = {"loss": 1}
    loop["again"] = loop
    assert dict(scalars_in(loop))["again.loss"] == 1


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_numbers_of_libraries_are_numbers(library: str) -> None:
    module = pytest.importorskip(library)
    for kind in ("float32", "float64", "int64", "int32"):
        made = getattr(module, kind)
        one = made(3) if library == "numpy" else module.tensor(3, dtype=made)
        assert number_of(one) == 3
    make = module.asarray if library == "numpy" else module.tensor
    assert number_of(make(2.5)) == 2.5
    assert number_of(make([2.5])) is None
    assert number_of(make(True)) is None


def test_the_file_holds_an_object_a_line() -> None:
    lines = b'{"step": 3, "loss": 0.25, "acc": 1}\n{"loss": 0.5, "val/x": NaN}\n'
    found = {each.name: (each.values, each.steps) for each in reports_in(lines)}
    assert found["loss"] == ([0.25, 0.5], [3, None]) and found["acc"] == ([1], [3])
    assert math.isnan(found["val/x"][0][0])


@pytest.mark.parametrize(
    "line",
    [
        b'{"loss": 0.',
        b"[1]",
        b"3",
        b'{"loss": "0.5"}',
        b'{"loss": true}',
        b'{"loss": null}',
        b'{"loss": [1]}',
        b"\xff",
        b"",
        b'{"step": 3}',
        b"[" * 100_000,
        b'{"": 1}',
        b'{"x": {"y": 1}}',
    ],
)
def test_what_is_no_report_is_passed_over(line: bytes) -> None:
    assert [each.name for each in reports_in(line + b'\n{"ok": 1}\n')] == ["ok"]


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_line_stops_the_reading(data: bytes) -> None:
    assert [each.name for each in reports_in(data + b'\n{"ok": 1}\n')][-1] == "ok"
