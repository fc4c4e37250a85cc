"""Second names (hard links) for a running run's record, lock and logs, outside its folder.

An operation may empty its working folder, `.runner` included. Hard links in the store's `.running`
then keep these files: `<id>.record.json` and so on. Later output goes into the same log file, and
the lock is still the one that the run's owner holds. On a file system without hard links, a run
whose operation empties its folder is recorded again at its end, without its log.

`spare` is the path `.running/<id>`, with which the names begin. No folder is made for each run:
making and removing one costs a trial three times as much as the links.
"""

from __future__ import annotations

import os
from contextlib import suppress

from hydra_sweep_runner.store import disk, layout

# The record is linked first and removed last: without it, the other files are not restored.
_KEPT = (layout.RECORD, layout.LOCK, layout.LOG)


def second_name(spare: str, name: str) -> str:
    """The second name of one of the runner's own files of a run."""
    return f"{spare}.{name.removeprefix(f'{layout.OWN}/')}"


def keep(folder: str, spare: str) -> None:
    """Give the files of the run's folder second names; earlier ones are replaced."""
    logs = _logs(f"{folder}/{layout.LOGS}")
    with suppress(OSError):  # the file system has no hard links, or the disk is full
        target = second_name(spare, layout.LOGS) if logs else spare.rpartition("/")[0]
        if not os.path.isdir(target):  # noqa: PTH112 (for each trial)
            os.makedirs(target, exist_ok=True)  # noqa: PTH103
        for name in (*_KEPT, *logs):
            _link(f"{folder}/{name}", second_name(spare, name))


def restore(folder: str, spare: str) -> bool:
    """Link the files back into the run's folder where they are missing. False if the record has no
    second name.

    Raises OSError.
    """
    names = [*_KEPT, *_logs(second_name(spare, layout.LOGS))]
    kept = [name for name in names if os.path.lexists(second_name(spare, name))]
    if layout.RECORD not in kept:
        return False
    os.makedirs(f"{folder}/{layout.OWN}", exist_ok=True)  # noqa: PTH103
    for name in sorted(kept, key=layout.RECORD.__eq__):  # the record comes last
        if name.startswith(layout.LOGS):
            os.makedirs(f"{folder}/{layout.LOGS}", exist_ok=True)  # noqa: PTH103
        with suppress(FileExistsError):
            os.link(second_name(spare, name), f"{folder}/{name}")
    return True


def forget(spare: str) -> None:
    """Remove the second names, if there are any."""
    logs = second_name(spare, layout.LOGS)
    for name in (*_logs(logs), *reversed(_KEPT)):
        with suppress(OSError):
            os.unlink(second_name(spare, name))  # noqa: PTH108
    with suppress(OSError):
        os.rmdir(logs)  # noqa: PTH106


def _logs(folder: str) -> list[str]:
    """The names of the logs of earlier starts and attempts in a folder."""
    try:
        with os.scandir(folder) as files:
            return [f"{layout.LOGS}/{file.name}" for file in files if file.name.endswith(".log")]
    except OSError:
        return []


def _link(source: str, name: str) -> None:
    """Give the file `source` the second name `name`, replacing another file of that name."""
    with suppress(FileNotFoundError):  # the run has no such file yet
        try:
            os.link(source, name)
        except FileExistsError:
            part = f"{name}.{disk.token()}"
            os.link(source, part)
            os.replace(part, name)  # noqa: PTH105
            with suppress(FileNotFoundError):
                os.unlink(part)  # noqa: PTH108 (both names were of one file: nothing was replaced)
