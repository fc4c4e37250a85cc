"""A disk that fails: no space, no permission, read-only, broken; at each change, one by one."""

from __future__ import annotations

import errno
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.instrument import Fault
from tests.torture.projects import Place
from tests.torture.scenarios import SCENARIOS, check, fill
from tests.torture.size import FULL, sized
from tests.torture.zygote import Ended, Zygote

_ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT, errno.EACCES)
#: What the runner exits with when its store cannot be written.
_STORE_FAILED = 74


def _faults(total: int) -> Iterator[Fault]:
    """A fault at each point: no space, then for good, and another error, once and for good
    in turn; at some points only by default."""
    points = range(total)
    if not FULL:
        points = random.sample(points, sized(1, total))
    for at in points:
        other = _ERRORS[1 + at // 2 % (len(_ERRORS) - 1)]
        yield Fault(at=at, error=errno.ENOSPC, lasting=True)
        yield Fault(at=at, error=other, lasting=bool(at % 2))


@pytest.mark.parametrize("name", SCENARIOS)
def test_whatever_fails_on_the_disk_it_is_told_in_one_line_and_can_be_gone_on_with(
    name: str, tmp_path: Path, zygote: Zygote
) -> None:
    scenario = SCENARIOS[name]
    origin = Place.make(tmp_path / "origin", zygote, program=scenario.program)
    for before in scenario.before:
        origin.run(*fill(origin, before))
    words = fill(origin, scenario.command)
    counted = origin.copy(tmp_path / "counted")
    folder = tmp_path / "copy"
    for fault in _faults(counted.run(*words, fault=Fault()).points):
        place = origin.copy(folder)
        ended = place.run(*words, status=None, fault=fault)
        try:
            _check_told(ended, fault)
            check(scenario, origin, place, words, failing=True)
        except AssertionError as error:
            raise AssertionError(f"{fault}: {error}\n{ended.err}") from error
        shutil.rmtree(folder)


def _check_told(ended: Ended, fault: Fault) -> None:
    assert not ended.left
    assert "a bug of the runner" not in ended.err
    told = [line for line in ended.said if line.startswith("runner: ")]
    why = os.strerror(fault.error or 0)
    if ended.status == 0:
        assert not told
    elif ended.status == 1:
        assert not told
        assert any(" failed: " in line and why in line for line in ended.said)
    else:
        assert ended.status in (2, _STORE_FAILED)
        assert len(told) == 1 and told[0].endswith(why)
