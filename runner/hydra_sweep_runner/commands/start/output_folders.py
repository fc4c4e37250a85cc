"""Whether a folder that a job will write into can be made, asked before anything is written."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.terminal.render import cut, escape

# The most characters of a path in a line.
_MOST_OF_PATH = 200

_MADE_BEFORE = frozenset((".hydra", "multirun.yaml"))


def check_place(setting: str, path: str) -> None:
    """Raise Mistake, naming the setting that chose it, for a folder that is not there and cannot
    be made, or is there and cannot be written. Nothing of it is made."""
    why = _why_not(Path(path))
    if why is not None:
        place = _shown(Path(path))
        raise Mistake(f"{setting}: the output folder {place} cannot be used: {why}")


def has_files(path: str) -> bool:
    """Whether a folder is there with more in it than what Hydra makes before a job begins."""
    try:
        with os.scandir(path) as entries:
            return any(entry.name not in _MADE_BEFORE for entry in entries)
    except OSError:
        return False


def _why_not(path: Path) -> str | None:
    there = path
    try:
        while (mode := _mode(there)) is None:
            there = there.parent
    except (OSError, ValueError) as error:
        return _said(error)
    shown = _shown(there)
    if stat.S_ISLNK(mode):
        return f"{shown} is a link that leads nowhere"
    if not stat.S_ISDIR(mode):
        return f"{shown} is not a folder"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{shown} cannot be written"
    if there == path:
        return None
    try:  # some folders, as those of /proc, let nobody make one, whatever their mode says
        Path(tempfile.mkdtemp(prefix=".runner-", dir=there)).rmdir()
    except OSError as error:
        return f"{shown} takes no new folder ({_said(error)})"
    return None


def _mode(path: Path) -> int | None:
    """The mode of what is there, a link's own if it leads nowhere; None for nothing."""
    for look in (path.stat, path.lstat):
        try:
            return look().st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
    return None


def _shown(path: Path) -> str:
    """A path, relative to the current folder if inside it."""
    here = Path.cwd()
    inside = path.is_relative_to(here) and path != here
    return cut(escape(str(path.relative_to(here) if inside else path)), _MOST_OF_PATH)


def _said(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
