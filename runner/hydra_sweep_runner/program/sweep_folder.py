"""A sweep's own output folder, where its name is made of the time: two sweeps that start in the
same second do not share it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from omegaconf import DictConfig

from hydra_sweep_runner.compose.output_dir import find_sweep_dir
from hydra_sweep_runner.errors import Mistake


@contextmanager
def own_sweep_dir(config: DictConfig) -> Iterator[str | None]:
    """Take the folder of a new sweep, by making the `multirun.yaml` in it, which nobody else can
    make then. Gives another folder beside it where somebody has it already, else None. What was
    made is removed where a mistake ends the sweep before it starts."""
    path = Path(find_sweep_dir(config))
    written = config.hydra.sweep._get_node("dir")._value()
    if "${now:" not in str(written):
        yield None  # whoever names a folder means it
        return
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
