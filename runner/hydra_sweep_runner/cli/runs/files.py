"""`runner runs files` and `runner runs path`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hydra_sweep_runner.cli.filters import with_filters
from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.commands.runs.files import (
    RunFolders,
    files_of,
    files_table,
    folders_of,
    nothing_line,
    path_in,
)
from hydra_sweep_runner.commands.runs.selecting import Asked
from hydra_sweep_runner.commands.runs.trial_paths import trial_paths
from hydra_sweep_runner.errors import Mistake, UnreadableRecord
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.terminal.render import escape
from hydra_sweep_runner.terminal.tables import plain_lines


@click.command("files")
@click.argument("run_id", metavar="ID")
@click.option("--all", "own", is_flag=True, help="Also the runner's own, in .runner.")
@STORE
def files(run_id: str, own: bool, store: str | None) -> None:
    """List the files of a run with their sizes in bytes.

    They are in the run's folder; those of a Hydra program's job are in its output folder.

    \b
    Example:
      runner runs files 3f2a9c1d
    """
    opened = open_store(store)
    place = _place(opened, run_id)
    found = files_of(place, own=own)
    if not found:
        click.echo(nothing_line(place), err=True)
    for line in plain_lines(files_table(found)) if found else ():
        print(line)


@click.command("path")
@click.argument("run_id", metavar="ID")
@click.argument("file", metavar="[FILE]", required=False)
@click.option("--trials", is_flag=True, help="Of a batch: a path for each trial of its plan.")
@click.option("-0", "nul", is_flag=True, help="End each path with a NUL, for xargs -0.")
@with_filters
@STORE
def path(
    run_id: str, file: str | None, trials: bool, nul: bool, asked: Asked, store: str | None
) -> None:
    """Print the absolute path of the folder where a run's files are, or of one of its files.

    It is the run's folder; for a Hydra program's job it is its output folder. With --trials a path
    is printed for each trial of a batch, in the order of its plan; FILE may be a pattern then, and
    filters choose among the trials. A line on standard error says which have no such file.

    \b
    Examples:
      runner runs path 3f2a9c1d
      cat $(runner runs path 3f2a9c1d model.txt)
      runner runs path last:batch metrics.csv --trials --status completed
      runner runs path last:batch '*.png' --trials -0 | xargs -0 tar cf plots.tar
    """
    opened = open_store(store)
    end = "\0" if nul else "\n"
    if not trials:
        if asked:
            raise Mistake("filters choose among the trials of a batch: add --trials")
        print(_shown(path_in(_place(opened, run_id), file), nul), end=end)
        return
    found = trial_paths(opened, opened.resolve(run_id), file, asked, now())
    for each in found.paths:
        print(_shown(each, nul), end=end)
    if found.note is not None:
        sys.stdout.flush()
        click.echo(escape(found.note), err=True)


def _shown(path: Path, nul: bool) -> str:
    """A path on a line of its own; one that ends with a NUL is exact."""
    return str(path) if nul else escape(str(path))


def _place(store: RunStore, typed: str) -> RunFolders:
    """The folders of the run's files. A damaged record does not hide its folder."""
    found = store.resolve(typed)
    try:
        return folders_of(store, store.read(found))
    except UnreadableRecord:
        return RunFolders(run_id=found, folder=store.folder(found))
