"""When garbage is collected, and in which process it never is."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from hydra_sweep_runner.system.garbage import no_garbage, seldom_garbage


class Cycle:
    """Garbage that only the collector finds, once it is dropped."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    yield
    gc.unfreeze()


def cycles() -> int:
    return sum(type(one) is Cycle for one in gc.get_objects())


def test_garbage_of_a_users_process_is_collected_after_a_plan() -> None:
    frozen, threshold = gc.get_freeze_count(), gc.get_threshold()
    with seldom_garbage(freezes=False):
        Cycle()
        assert cycles() == 1 and gc.get_threshold()[0] > threshold[0]
    gc.collect()
    assert (cycles(), gc.get_freeze_count(), gc.get_threshold()) == (0, frozen, threshold)


def test_what_the_runners_own_process_has_planned_is_not_looked_through_again() -> None:
    with seldom_garbage(freezes=True):
        planned = Cycle()
    assert cycles() == 0 and planned.itself is planned


def test_a_collector_that_the_user_has_switched_off_stays_off() -> None:
    gc.disable()
    try:
        with no_garbage(), seldom_garbage(freezes=False):
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
