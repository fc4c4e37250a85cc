"""`runner runs files` and `runner runs path`: the files in a run's folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hydra_sweep_runner.errors import Mistake, StoreFailed
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.terminal import tables
from hydra_sweep_runner.terminal.render import escape, short
from hydra_sweep_runner.terminal.tables import Table


@dataclass(frozen=True, kw_only=True)
class File:
    """A file in a run's folder: its path there, its size, and its target if it is a link (links are
    not followed). `is_regular` is False for a link, a pipe, a socket or a device."""

    path: str
    size_bytes: int
    link: str | None = None
    is_regular: bool = True


def list_files(folder: Path, *, own: bool = False) -> list[File]:
    """The files of an operation by path, including links to folders; with `own`, also the runner's
    files in `.runner`. Raises StoreFailed."""
    return sorted(_files(folder, own=own), key=lambda file: file.path.split("/"))


def files_table(files: list[File]) -> Table:
    """The files as a table: size in bytes, and path."""
    columns = [
        tables.TableColumn("size", tables.ColumnKind.NUMBER),
        tables.TableColumn("file", tables.ColumnKind.ID),
    ]
    return Table(columns, [[str(file.size_bytes), _shown(file)] for file in files])


def path_in(folder: Path, run_id: str, name: str | None) -> Path:
    """The path of a run's folder, or of a file in it. Raises Mistake for a name that leads out of
    the folder, and for a missing file."""
    if name is None:
        return folder
    path = Path(os.path.normpath(folder / name))
    if "\0" in name or not path.is_relative_to(folder):
        raise Mistake(f"{name}: not in the folder of run {short(run_id)}")
    if not os.path.lexists(path):
        raise Mistake(
            f"{name}: there is no such file in run {short(run_id)}; "
            f"runner runs files {short(run_id)} lists them"
        )
    return path


def _files(folder: Path, *, own: bool) -> Iterator[File]:
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        try:
            with os.scandir(folder / prefix) as entries:
                found = list(entries)
        except FileNotFoundError:
            continue  # it was removed meanwhile
        except OSError as error:
            raise _unreadable(folder / prefix, error) from error
        for entry in found:
            path = f"{prefix}{entry.name}"
            if path == layout.OWN and not own:
                continue
            try:
                about = entry.stat(follow_symlinks=False)
                link = str(Path(entry.path).readlink()) if stat.S_ISLNK(about.st_mode) else None
            except FileNotFoundError:
                continue
            except OSError as error:
                raise _unreadable(folder / prefix, error) from error
            if stat.S_ISDIR(about.st_mode):
                waiting.append(f"{path}/")
            else:
                is_regular = stat.S_ISREG(about.st_mode)
                yield File(path=path, size_bytes=about.st_size, link=link, is_regular=is_regular)


def _unreadable(folder: Path, error: OSError) -> StoreFailed:
    return StoreFailed(f"cannot read {folder}: {error.strerror}")


def _shown(file: File) -> str:
    path = escape(file.path)
    return path if file.link is None else f"{path} -> {escape(file.link)}"
