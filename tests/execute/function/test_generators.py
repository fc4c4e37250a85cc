"""Random generators at the beginning of a trial."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest

from hydra_sweep_runner.execute.function.generators import Generators


class Torch(ModuleType):
    """As much of torch as this looks at: a state that is a number, and draws that count it on."""

    def __init__(self, seed: int) -> None:
        super().__init__("torch")
        self.seeded = self.state = seed

    def initial_seed(self) -> int:
        return self.seeded

    def get_rng_state(self) -> int:
        return self.state

    def set_rng_state(self, state: int) -> None:
        self.state = state

    def seed(self) -> None:
        self.state = random.getrandbits(53)


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    python, numpy = random.getstate(), np.random.get_state()
    yield
    random.setstate(python)
    np.random.set_state(numpy)


def draws(generators: Generators) -> list[tuple[float, float]]:
    found = []
    for _ in range(3):
        generators.begin_trial()
        found.append((random.random(), float(np.random.rand())))
    return found


def test_what_was_seeded_begins_where_it_stood_in_every_trial() -> None:
    random.seed(7)
    np.random.seed(7)
    random.random()
    expected = random.Random(7)
    expected.random()
    drawn = draws(Generators.of_this_process())
    assert len(set(drawn)) == 1
    assert drawn[0] == (expected.random(), np.random.RandomState(7).rand())


def test_what_nobody_seeded_is_different_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    random.seed()
    drawn = draws(Generators())
    assert len({python for python, _ in drawn}) == len({numpy for _, numpy in drawn}) == 3


@pytest.mark.parametrize(("seed", "is_same"), [(42, True), (2**52 + 1, False)])
def test_torch_is_seeded_by_a_number_that_people_type(
    monkeypatch: pytest.MonkeyPatch, seed: int, is_same: bool
) -> None:
    torch = Torch(seed)
    monkeypatch.setitem(sys.modules, "torch", torch)
    generators = Generators.of_this_process()
    states = set()
    for _ in range(3):
        generators.begin_trial()
        states.add(torch.state)
        torch.state += 1
    assert (states == {seed}) == is_same
    assert len(states) == (1 if is_same else 3)
