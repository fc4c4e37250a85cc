"""Gives each sweep its own output folder if the folder's name contains the time: two sweeps that
start in the same second must not share it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from omegaconf import DictConfig

from hydra_sweep_runner.commands.start.output_folders import check_place
from hydra_sweep_runner.compose.output_dir import find_sweep_dir
from hydra_sweep_runner.errors import Mistake


@contextmanager
def own_sweep_dir(config: DictConfig) -> Iterator[str | None]:
    """Claim the folder of a new sweep by creating its `multirun.yaml`, which only one process can
    do. Yields another folder beside it if another sweep has claimed it already, else None. If a
    mistake ends the sweep before it starts, what was created is removed. Raises Mistake for a
    folder that cannot be made."""
    path = Path(find_sweep_dir(config))
    written = config.hydra.sweep._get_node("dir")._value()
    if "${now:" not in str(written):
        yield None  # a folder that the user names is used in any case
        return
    check_place("hydra.sweep.dir", str(path))
    there = next(each for each in (path, *path.parents) if each.is_dir())
    taken = _take(path)
    try:
        yield None if taken == path else str(taken)
    except Mistake:
        with suppress(OSError):
            (taken / "multirun.yaml").unlink()
            while taken != there:
                taken.rmdir()
                taken = taken.parent
        raise


def _take(path: Path) -> Path:
    for number in itertools.count():
        candidate = path if number == 0 else path.with_name(f"{path.name}-{number}")
        candidate.mkdir(parents=True, exist_ok=True)
        try:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            os.close(os.open(candidate / "multirun.yaml", flags, 0o666))
        except FileExistsError:
            continue
        return candidate
    raise AssertionError("there is a last number")
