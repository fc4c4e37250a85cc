"""The whole of a runner is killed at each change that it makes to its store, one by one."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.torture.instrument import Fault
from tests.torture.projects import Place
from tests.torture.scenarios import SCENARIOS, check, fill
from tests.torture.size import FULL
from tests.torture.zygote import Zygote

#: Of how many points one is taken when not all are.
_STRIDE = 60


def _points(place: Place, copy: Callable[[], Place], words: list[str]) -> Iterator[int | None]:
    """The points at which to kill; None until there are none any more, if all are taken."""
    if FULL:
        yield from range(100_000)
    else:
        total = copy().run(*words, fault=Fault()).points
        yield from range(random.randrange(_STRIDE), total, _STRIDE)


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_any_change_nothing_completed_is_lost_and_a_restart_finishes(
    name: str, tmp_path: Path, zygote: Zygote
) -> None:
    scenario = SCENARIOS[name]
    origin = Place.make(tmp_path / "origin", zygote, program=scenario.program)
    for before in scenario.before:
        origin.run(*fill(origin, before))
    words = fill(origin, scenario.command)
    folder = tmp_path / "copy"

    def copy() -> Place:
        if folder.exists():
            shutil.rmtree(folder)
        return origin.copy(folder)

    for at in _points(origin, copy, words):
        place = copy()
        ended = place.run(*words, status=None, fault=Fault(at=at))
        assert not ended.left, f"processes outlive the kill at {at}"
        if ended.status != -9:
            assert ended.status == 0, (at, ended)
            assert ended.points <= at
            break
        try:
            check(scenario, origin, place, words)
        except AssertionError as error:
            raise AssertionError(f"killed at {at}: {error}") from error
