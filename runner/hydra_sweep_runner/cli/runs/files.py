"""`runner runs files` and `runner runs path`."""

from __future__ import annotations

import click

from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.commands.runs.files import Place, files_of, files_table, path_in, place_of
from hydra_sweep_runner.errors import UnreadableRecord
from hydra_sweep_runner.store.runs import RunStore
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
    found = files_of(_place(opened, run_id), own=own)
    for line in plain_lines(files_table(found)) if found else ():
        print(line)


@click.command("path")
@click.argument("run_id", metavar="ID")
@click.argument("file", metavar="[FILE]", required=False)
@STORE
def path(run_id: str, file: str | None, store: str | None) -> None:
    """Print the absolute path of the folder where a run's files are, or of one of its files.

    It is the run's folder; for a Hydra program's job it is its output folder.

    \b
    Examples:
      runner runs path 3f2a9c1d
      cat $(runner runs path 3f2a9c1d model.txt)
    """
    opened = open_store(store)
    print(escape(str(path_in(_place(opened, run_id), file))))


def _place(store: RunStore, typed: str) -> Place:
    """The folders of the run's files. A damaged record does not hide its folder."""
    found = store.resolve(typed)
    try:
        return place_of(store, store.read(found))
    except UnreadableRecord:
        return Place(run_id=found, folder=store.folder(found))
