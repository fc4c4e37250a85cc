"""`runner runs files` and `runner runs path`."""

from __future__ import annotations

import click

from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.commands.runs.files import files_table, list_files, path_in
from hydra_sweep_runner.terminal.render import escape
from hydra_sweep_runner.terminal.tables import plain_lines


@click.command("files")
@click.argument("run_id", metavar="ID")
@click.option("--all", "own", is_flag=True, help="Also the runner's own, in .runner.")
@STORE
def files(run_id: str, own: bool, store: str | None) -> None:
    """List the files in a run's folder with their sizes in bytes.

    \b
    Example:
      runner runs files 3f2a9c1d
    """
    opened = open_store(store)
    found = list_files(opened.folder(opened.resolve(run_id)), own=own)
    for line in plain_lines(files_table(found)) if found else ():
        print(line)


@click.command("path")
@click.argument("run_id", metavar="ID")
@click.argument("file", metavar="[FILE]", required=False)
@STORE
def path(run_id: str, file: str | None, store: str | None) -> None:
    """Print the absolute path of a run's folder, or of a file in it.

    \b
    Examples:
      runner runs path 3f2a9c1d
      cat $(runner runs path 3f2a9c1d model.txt)
    """
    opened = open_store(store)
    found = opened.resolve(run_id)
    print(escape(str(path_in(opened.folder(found), found, file))))
