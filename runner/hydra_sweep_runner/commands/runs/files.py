"""`runner runs files` and `runner runs path`: the files of a run.

They are in the run's folder. A Hydra program's job has them in its output folder, which lies
outside the store.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake, StoreFailed
from hydra_sweep_runner.model import Kind, Run, Status
from hydra_sweep_runner.record.job_output import output_folder
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal import tables
from hydra_sweep_runner.terminal.render import escape, short
from hydra_sweep_runner.terminal.tables import Table


@dataclass(frozen=True, kw_only=True)
class RunFolders:
    """The folders of a run's files: `output` is the output folder of a Hydra program's job, or the
    sweep's folder of its batch; None for other runs, and while there is none."""

    run_id: str
    folder: Path
    output: Path | None = None
    is_batch: bool = False

    @property
    def main(self) -> Path:
        """The folder where the run's files are."""
        return self.output or self.folder


def find_folders(store: RunStore, run: Run) -> RunFolders:
    """The folders of a run's files, as far as they exist."""
    output = output_folder(run, store.root)
    exists = output is not None and output.is_dir()
    return RunFolders(
        run_id=run.id,
        folder=store.folder(run.id),
        output=output if exists else None,
        is_batch=run.kind is Kind.BATCH,
    )


def folders_of(store: RunStore, run: Run) -> RunFolders:
    """The folders of a run's files. Raises Mistake if its output folder is gone."""
    place, output = find_folders(store, run), output_folder(run, store.root)
    # A job that has just begun may not have made its folder yet.
    has_ended = run.state.started is not None and run.state.status is not Status.RUNNING
    if output is None or place.output is not None or run.kind is Kind.BATCH or not has_ended:
        return place
    raise Mistake(
        f"{run.kind.value} {short(run.id)}: its output folder is not there any more: {output}"
    )


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of a run: its path in the run's folder, or in its output folder, its size, and its
    target if it is a link (links are not followed). `is_regular` is False for a link, a pipe, a
    socket or a device."""

    path: str
    size_bytes: int
    link: str | None = None
    is_regular: bool = True


def list_files(folder: Path, *, own: bool = False) -> list[File]:
    """The files of an operation by path, including links to folders; with `own`, also the runner's
    files in `.runner`. Raises StoreFailed."""
    return sorted(_files(folder, own=own), key=lambda file: file.path.split("/"))


def files_of(place: RunFolders, *, own: bool = False) -> list[File]:
    """The files of a run by path: those in its output folder, if it has one, then those in its
    folder, as `list_files` lists them. Raises StoreFailed."""
    found = [] if place.output is None else list_files(place.output)
    known = {file.path for file in found}
    return found + [file for file in list_files(place.folder, own=own) if file.path not in known]


def files_table(files: list[File]) -> Table:
    """The files as a table: size in bytes, and path."""
    columns = [
        tables.TableColumn("size", tables.ColumnKind.NUMBER),
        tables.TableColumn("file", tables.ColumnKind.ID),
    ]
    return Table(columns, [[str(file.size_bytes), _shown(file)] for file in files])


def path_in(place: RunFolders, name: str | None) -> Path:
    """The path of the folder where a run's files are, or of one of its files.

    Raises Mistake for a name that leads out of the run's folders, and for a missing file.
    """
    if name is None:
        return place.main
    run_id = short(place.run_id)
    folders = [place.folder] if place.output is None else [place.output, place.folder]
    paths = [
        path
        for folder in folders
        if (path := Path(os.path.normpath(folder / name))).is_relative_to(folder)
    ]
    if "\0" in name or not paths:
        raise Mistake(f"{name}: not in the folder of run {run_id}")
    for path in paths:
        if os.path.lexists(path):
            return path
    if place.is_batch:
        raise Mistake(
            f"{name}: {run_id} is a batch, and its trials have the files: "
            f"runner runs path {run_id} {name} --trials"
        )
    raise Mistake(
        f"{name}: there is no such file in run {run_id}; runner runs files {run_id} lists them"
    )


def nothing_line(place: RunFolders) -> str:
    """The line on a run that has no files."""
    run_id = short(place.run_id)
    if place.is_batch:
        return (
            f"{run_id} is a batch, and its trials have the files: runner runs path {run_id} FILE "
            "--trials finds one of each"
        )
    return f"Run {run_id} has no files (--all lists the runner's own)"


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
