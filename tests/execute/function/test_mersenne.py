"""Whether somebody seeded a Mersenne Twister is told from its state."""

from __future__ import annotations

import os
import random

from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.execute.function.mersenne import is_seeded


def state_of(generator: random.Random) -> tuple[int, ...]:
    state: tuple[int, ...] = generator.getstate()[1][:-1]
    return state


@given(st.integers(-(2**128), 2**128) | st.text(max_size=20), st.integers(0, 3000))
def test_a_generator_that_was_given_a_seed_is_seeded(seed: int | str, drawn: int) -> None:
    generator = random.Random(seed)
    for _ in range(drawn):
        generator.random()
    assert is_seeded(state_of(generator))


@given(st.integers(0, 2000))
def test_one_of_the_systems_entropy_is_not(drawn: int) -> None:
    generator = random.Random()
    for _ in range(drawn):
        generator.random()
    assert not is_seeded(state_of(generator))


def test_one_that_went_on_from_a_key_of_full_length_is_not() -> None:
    generator = random.Random(int.from_bytes(os.urandom(2496), "little"))
    assert not is_seeded(state_of(generator))
