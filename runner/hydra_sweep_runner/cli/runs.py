"""The management commands' command line: `runner runs …`. Imports no Hydra."""

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

_STORE = click.option(
    "--store",
    metavar="FOLDER",
    help="The store; otherwise $RUNNER_STORE, hydra.sweeper.store of conf/config.yaml, or runs.",
)


def _open(store: str | None) -> RunStore:
    project = Path.cwd()
    chosen = location.store_path(
        project,
        typed=store,
        environment=os.environ,
        in_yaml=location.store_in_yaml(project / "conf" / "config.yaml"),
    )
    if store is not None and not os.path.lexists(chosen):
        raise Mistake(f"--store {store}: there is no such folder")
    return RunStore.open(chosen, create=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Manage what the runner has recorded."""


@commands.group(no_args_is_help=False)
def runs() -> None:
    """List, show, stop and delete runs, trials and batches."""


@runs.command("list")
@click.option("-n", "count", type=click.IntRange(min=1), help="How many (default: 20).")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--json", "as_json", is_flag=True, help="All of them as JSON.")
@_STORE
def list_command(count: int | None, everything: bool, as_json: bool, store: str | None) -> None:
    """List runs, the one started last first."""
    opened = _open(store)
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
        click.echo(escape(line))


@runs.command("show")
@click.argument("run_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
@_STORE
def show_command(run_id: str, as_json: bool, store: str | None) -> None:
    """Show one run; ID may be cut to a unique prefix of at least four digits."""
    opened = _open(store)
    found = opened.resolve(run_id)
    if as_json:
        click.echo(listing.show_json(opened, found))
        return
    for line in listing.show_lines(opened, found):
        click.echo(escape(line))


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
@_STORE
def stop_command(run_ids: tuple[str, ...], wait_s: float, store: str | None) -> None:
    """Stop batches, runs, or trials of a batch at work, on whatever host: all that are named
    or, if one is not running, none."""
    opened = _open(store)
    found = stopping.runs_to_stop(opened, run_ids)
    stopping.stop_runs(opened, found, wait_s=wait_s, say=lambda line: click.echo(line, err=True))


@runs.command("delete")
@click.argument("run_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--trials", is_flag=True, help="Of a batch, its trials too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_STORE
def delete_command(run_ids: tuple[str, ...], trials: bool, yes: bool, store: str | None) -> None:
    """Delete runs: all that are named or, if one is unknown or running, none."""
    opened = _open(store)
    found = deleting.runs_to_delete(opened, run_ids, trials=trials)
    what = "1 run" if len(found) == 1 else f"{len(found)} runs"
    if not yes:
        if not sys.stdin.isatty():
            raise Mistake(f"to delete {what} without being asked, add --yes")
        click.confirm(f"Delete {what}?", abort=True, err=True)
    deleting.delete_runs(opened, found)
    click.echo(f"Deleted {len(found)} run(s)", err=True)


def run_management(arguments: list[str]) -> int:
    """Carry out a management command and return the exit status.

    Raises Mistake for a command line that click refuses.
    """
    try:
        result = commands.main(arguments, prog_name="runner", standalone_mode=False)
    except click.Abort:
        click.echo("Nothing was deleted", err=True)
        return 1
    except click.ClickException as error:
        raise Mistake(_explain(error, arguments)) from error
    return result if isinstance(result, int) else 0


def _explain(error: click.ClickException, arguments: Sequence[str]) -> str:
    """A refusal of click's in one line, with what would be right."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = "runner" if context is None else context.command_path
    said = error.format_message().rstrip(".")
    if context is not None and context.command is runs and said == "Missing command":
        return f"{command}: give one of {', '.join(runs.commands)}"
    if context is not None and context.command is commands and "No such command" in said:
        return f"{said}; a flag is given as {arguments[0]}=…, the commands are in runner --help"
    return f"{command}: {said}; see {command} --help"
