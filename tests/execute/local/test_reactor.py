"""Supervisions that are given up."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from hydra_sweep_runner.errors import StoreFailed
from hydra_sweep_runner.execute.attempt.stop_signals import StopSwitch
from hydra_sweep_runner.execute.local.reactor import Reactor


class NeverOver:
    """Stands for a Watch of a process that goes on."""

    def attach(self, *_: object) -> None:
        """Nothing is to be waited for."""

    detach = attach


def test_one_that_cannot_be_given_up_well_does_not_keep_the_others_from_it() -> None:
    given_up = []

    def supervision(number: int) -> Generator[Any, None, None]:
        try:
            yield NeverOver()
        finally:
            given_up.append(number)
            if number < 2:
                raise StoreFailed(f"no space for {number}")

    stop = StopSwitch()
    reactor: Reactor[None] = Reactor(stop)
    for number in range(3):
        reactor.start(supervision(number))
    failed = [str(each.error) for each in reactor.close()]
    stop.close()
    assert given_up == [0, 1, 2]
    assert failed == ["no space for 0", "no space for 1"]
