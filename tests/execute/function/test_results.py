"""What JSON gives back as it was is kept in the record; the rest is not plain."""

from __future__ import annotations

import enum
import json
from collections import OrderedDict, namedtuple
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.execute.function.results import NotPlain, plain

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_plain_values_are_kept_as_json_gives_them_back(value: Any) -> None:
    assert plain(value) == value == json.loads(json.dumps(plain(value)))


class Colour(enum.IntEnum):
    RED = 1


Point = namedtuple("Point", "x y")
circle: list[Any] = []
circle.append(circle)


@pytest.mark.parametrize(
    "value",
    [
        (1, 2),
        {1: 2},
        {"a": {3}},
        b"x",
        1j,
        Colour.RED,
        Point(1, 2),
        OrderedDict(a=1),
        circle,
        object,
    ],
)
def test_what_json_would_change_or_refuse_is_not_plain(value: object) -> None:
    with pytest.raises(NotPlain):
        plain(value)


def test_numpys_scalars_are_numbers_and_its_arrays_are_not() -> None:
    numpy = pytest.importorskip("numpy")
    assert [type(plain(x)) for x in (numpy.float64(0.5), numpy.int8(3), numpy.bool_(True))] == [
        float,
        int,
        bool,
    ]
    assert plain({"a": [numpy.float32(0.25)]}) == {"a": [0.25]}
    for value in (numpy.array([1]), numpy.array(1.0), numpy.datetime64("2020-01-01")):
        with pytest.raises(NotPlain):
            plain(value)
