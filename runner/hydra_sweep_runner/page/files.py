"""Files in runs' folders, for the page: none that lies anywhere else is opened."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hydra_sweep_runner.commands.runs.files import find_folders, path_in
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake, StoreFailed
from hydra_sweep_runner.store import run_ids
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import short

#: What is shown of a text.
SHOWN_BYTES = 128 * 1024

#: The pictures that a browser draws and that hold no script.
PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """The beginning of a file as text; None where it holds bytes that are none."""

    text: str | None
    size: int


def locate(store: RunStore, run_id: str, name: str) -> Path:
    """A regular file of a run, all links followed: they may lead into another run's folder, as a
    pipeline's do.

    Raises Mistake for a name that leads out of the folder, that is not there, that is no regular
    file, or that leads out of all runs.
    """
    place = find_folders(store, store.read(run_id))
    path = Path(os.path.realpath(path_in(place, name)))
    if place.output is not None and path.is_relative_to(os.path.realpath(place.output)):
        return path
    root = Path(os.path.realpath(store.root))
    inside = path.relative_to(root).parts if path.is_relative_to(root) else ()
    if len(inside) < 2 or not run_ids.is_id(inside[0]):
        raise Mistake(f"{name}: leads out of the runs of this store, to {path}")
    return path


def open_file(path: Path) -> tuple[int, int]:
    """A descriptor of a regular file, and its size. Raises Mistake for anything else, and
    StoreFailed where it cannot be read."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise Mistake(f"{path}: is not there any more") from error
    except OSError as error:
        raise StoreFailed(f"cannot read {path}: {error.strerror}") from error
    about = os.fstat(opened)
    if not stat.S_ISREG(about.st_mode):
        os.close(opened)
        raise Mistake(f"{path}: is no regular file")
    return opened, about.st_size


def read_beginning(store: RunStore, run_id: str, name: str) -> Beginning:
    """The beginning of a file of a run. Raises as `locate` and `open_file`."""
    opened, size = open_file(locate(store, run_id, name))
    try:
        data = os.pread(opened, SHOWN_BYTES, 0)
    except OSError as error:
        raise StoreFailed(f"cannot read {name} of {short(run_id)}: {error.strerror}") from error
    finally:
        os.close(opened)
    if b"\0" in data:
        return Beginning(text=None, size=size)
    return Beginning(text=data.decode("utf-8", "replace"), size=size)
