"""`runner runs delete`."""

from __future__ import annotations

import sys

import click

from hydra_sweep_runner.cli.filters import with_filters
from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.commands.runs import delete as deleting
from hydra_sweep_runner.commands.runs.selecting import Asked, nothing_line
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.terminal.render import escape
from hydra_sweep_runner.terminal.screen import print_table


@click.command("delete")
@click.argument("run_ids", metavar="[ID]...", nargs=-1)
@with_filters
@click.option("--trials", is_flag=True, help="Of a batch, all its trials too, orphans among them.")
@click.option("--dependents", is_flag=True, help="Also the runs that take files from them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@STORE
def command(
    run_ids: tuple[str, ...],
    asked: Asked,
    trials: bool,
    dependents: bool,
    yes: bool,
    store: str | None,
) -> None:
    """Move runs to the store's trash: all that are meant or, if one is at work, none.

    Ids and filters combine with "and". Filters select batches, too, unless --kind says otherwise:
    a batch one of whose trials has failed, or was deleted, has the status error. A line says which
    go. runner runs restore brings runs back, runner runs purge
    removes them for good.

    \b
    Examples:
      runner runs delete 3f2a9c1d
      runner runs delete 77b01c52 --trials --yes
      runner runs delete --kind trial --status error --since 2h
    """
    opened = open_store(store)
    deletion = deleting.plan_deletion(
        opened, run_ids, asked, now(), trials=trials, dependents=dependents
    )
    _say(*deletion.passed_over)
    if not deletion.run_ids:
        if not run_ids:
            _say(nothing_line(opened, (), asked, now()))
        _say("No run is meant: nothing was deleted")
        return
    if not yes:
        if not sys.stdin.isatty():
            raise Mistake(f"to delete {deletion.what} without being asked, add --yes")
        table, more = deleting.deletion_table(opened, deletion)
        print_table(table, stream=sys.stderr)
        _say(*more, *deletion.lines)
        click.confirm(f"Delete {deletion.what}?", abort=True, err=True)
    deleting.delete_runs(opened, deletion.run_ids, now())
    if yes:
        _say(*deletion.lines)
    _say(f"Deleted {len(deletion.run_ids)} run(s)")


def _say(*lines: str) -> None:
    for line in lines:
        click.echo(escape(line), err=True)
