"""`runner runs …`: the commands that list, show, stop and delete runs. Imports no Hydra."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from hydra_sweep_runner.commands.runs import delete as deleting
from hydra_sweep_runner.commands.runs import listing
from hydra_sweep_runner.commands.runs import stop as stopping
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.store import location
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import escape, render_columns

STORE = click.option(
    "--store",
    metavar="FOLDER",
    help="The store; otherwise $RUNNER_STORE, hydra.sweeper.store of conf/config.yaml, or runs.",
)


def open_store(store: str | None) -> RunStore:
    """The store that a command is about: the one that was typed, or that of the project in
    which the current folder lies. Says so where it is not the current folder's, or where
    there is none."""
    here = Path.cwd()
    project = location.project_of(here) if store is None else here
    chosen = location.store_path(
        project,
        typed=store,
        environment=os.environ,
        in_yaml=location.store_in_yaml(project / "conf" / "config.yaml"),
    )
    if store is not None and not os.path.lexists(chosen):
        raise Mistake(f"--store {store}: there is no such folder")
    opened = RunStore.open(chosen, create=False)
    if not os.path.lexists(chosen):
        _say(f"There is no store here ({chosen}): nothing has been run; --store names another")
    elif project != here:
        _say(f"The store is {chosen}")
    return opened


def _say(line: str) -> None:
    click.echo(escape(line), err=True)


@click.group(no_args_is_help=False)
def runs() -> None:
    """List, show, stop and delete runs, trials and batches."""


@runs.command("list")
@click.option("-n", "count", type=click.IntRange(min=1), help="How many (default: 20).")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--json", "as_json", is_flag=True, help="All of them as JSON.")
@STORE
def list_command(count: int | None, everything: bool, as_json: bool, store: str | None) -> None:
    """List runs, the one started last first."""
    opened = open_store(store)
    if as_json:
        click.echo(listing.list_json(opened))
        return
    if everything:
        if count is not None:
            raise Mistake("--all and -n exclude each other: give one of them")
        count = None
    elif count is None:
        count = listing.DEFAULT_COUNT
    rows = listing.list_rows(opened, count)
    if rows:
        _print_table(listing.COLUMNS, rows)


def _print_table(columns: tuple[str, ...], rows: Sequence[Sequence[str]]) -> None:
    used = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    shown = [[row[place] for place in used] for row in [columns, *rows]]
    lines = render_columns(shown)
    if sys.stdout.isatty():
        width = os.get_terminal_size().columns
        lines = [line if len(line) <= width else line[: width - 1] + "…" for line in lines]
        click.secho(lines[0], bold=True)
        lines = lines[1:]
    for line in lines:
        print(escape(line))


@runs.command("show")
@click.argument("run_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
@STORE
def show_command(run_id: str, as_json: bool, store: str | None) -> None:
    """Show one run; ID may be cut to a unique prefix of at least four digits."""
    opened = open_store(store)
    found = opened.resolve(run_id)
    if as_json:
        click.echo(listing.show_json(opened, found))
        return
    for line in listing.show_lines(opened, found):
        print(escape(line))


@runs.command("stop")
@click.argument("run_ids", metavar="ID...", nargs=-1, required=True)
@click.option(
    "--wait",
    "wait_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=stopping.WAIT_S,
    show_default=True,
    help="How long to wait for the end.",
)
@STORE
def stop_command(run_ids: tuple[str, ...], wait_s: float, store: str | None) -> None:
    """Stop batches, runs, or trials of a batch at work, on whatever host: all that are named
    or, if one is not running, none."""
    opened = open_store(store)
    found = stopping.runs_to_stop(opened, run_ids)
    stopping.stop_runs(opened, found, wait_s=wait_s, say=lambda line: click.echo(line, err=True))


@runs.command("delete")
@click.argument("run_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--trials", is_flag=True, help="Of a batch, its trials too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@STORE
def delete_command(run_ids: tuple[str, ...], trials: bool, yes: bool, store: str | None) -> None:
    """Delete runs: all that are named or, if one is unknown or running, none."""
    opened = open_store(store)
    found = deleting.runs_to_delete(opened, run_ids, trials=trials)
    what = "1 run" if len(found) == 1 else f"{len(found)} runs"
    if not yes:
        if not sys.stdin.isatty():
            raise Mistake(f"to delete {what} without being asked, add --yes")
        click.confirm(f"Delete {what}?", abort=True, err=True)
    deleting.delete_runs(opened, found)
    click.echo(f"Deleted {len(found)} run(s)", err=True)
