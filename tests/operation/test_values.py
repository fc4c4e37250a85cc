"""Which values of a flag are equal: contract section 4. The rules themselves, and their text, are
tested in `tests.planning.test_identity`."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.operation.values import canonical, same
from tests.planning.test_identity import shuffled, values


@given(values, values)
def test_two_values_are_the_same_exactly_if_they_share_a_text(one: Any, other: Any) -> None:
    assert same(one, other) == (canonical(one) == canonical(other))


@given(values, st.randoms(use_true_random=False))
def test_a_value_is_the_same_in_another_order_and_as_a_tuple(value: Any, order: Any) -> None:
    assert same(value, shuffled(value, order))
