"""Second names for a run's record, lock and logs, outside its folder, while it is at work.

An operation may empty its working folder, `.runner` included. Hard links in the store's
`.running/<id>` keep these files then, under their names in `.runner`: what is appended to the
log goes on into the same file, and the lock stays the one that its owner holds. Where the file
system has no hard links, a run whose operation empties its folder is recorded again at its end,
without its log.
"""

from __future__ import annotations

import os
from contextlib import suppress

from hydra_sweep_runner.store import disk, layout

# The record comes first and goes last: where it is not, nothing is kept.
_KEPT = (layout.RECORD, layout.LOCK, layout.LOG)


def second_name(spare: str, name: str) -> str:
    """The path in `spare` of one of the runner's own files of a run."""
    return f"{spare}/{name.removeprefix(f'{layout.OWN}/')}"


def keep(folder: str, spare: str) -> None:
    """Give the files of the run's folder their second names in `spare`, a folder that is made;
    those that were there are replaced."""
    logs = _logs(f"{folder}/{layout.LOGS}")
    with suppress(OSError):  # there are no hard links there, or the disk is full
        _make(spare)
        if logs:
            _make(second_name(spare, layout.LOGS))
        for name in (*_KEPT, *logs):
            _link(f"{folder}/{name}", second_name(spare, name))


def restore(folder: str, spare: str) -> bool:
    """Put back what is kept and gone from the run's folder; whether anything was kept.

    Raises OSError.
    """
    names = [*_KEPT, *_logs(second_name(spare, layout.LOGS))]
    kept = [name for name in names if os.path.lexists(second_name(spare, name))]
    if layout.RECORD not in kept:
        return False
    os.makedirs(f"{folder}/{layout.OWN}", exist_ok=True)  # noqa: PTH103
    for name in sorted(kept, key=layout.RECORD.__eq__):  # the record at last: then all is there
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
    try:
        os.rmdir(spare)  # noqa: PTH106
    except FileNotFoundError:
        return
    except OSError:
        with suppress(OSError):
            os.rmdir(logs)  # noqa: PTH106
            os.rmdir(spare)  # noqa: PTH106


def _make(folder: str) -> None:
    try:
        os.mkdir(folder)  # noqa: PTH102 (for each trial)
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
    except FileExistsError:
        return


def _logs(folder: str) -> list[str]:
    """The names of the logs of earlier starts and attempts that lie in a folder."""
    try:
        with os.scandir(folder) as files:
            return [f"{layout.LOGS}/{file.name}" for file in files if file.name.endswith(".log")]
    except OSError:
        return []


def _link(source: str, name: str) -> None:
    """Give a file a second name, whatever had it."""
    with suppress(FileNotFoundError):  # there is no such file yet
        try:
            os.link(source, name)
        except FileExistsError:
            part = f"{name}.{disk.token()}"
            os.link(source, part)
            os.replace(part, name)  # noqa: PTH105
            with suppress(FileNotFoundError):
                os.unlink(part)  # noqa: PTH108 (both names were of one file: nothing was replaced)
