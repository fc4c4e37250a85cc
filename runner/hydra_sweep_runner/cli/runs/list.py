"""`runner runs list`."""

from __future__ import annotations

import sys

import click

from hydra_sweep_runner.cli.filters import with_filters
from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.commands.runs import listing
from hydra_sweep_runner.commands.runs.selecting import Asked, newest_runs, nothing_line, select_runs
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.query.columns import Column, parse_columns
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.terminal.render import escape
from hydra_sweep_runner.terminal.screen import print_table


@click.command("list")
@with_filters
@click.option(
    "-n", "count", type=click.IntRange(min=1), metavar="N", help="How many (default: 20)."
)
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--sort", metavar="EXPR", help="Sort by a flag, a scalar or an expression.")
@click.option("--reverse", is_flag=True, help="The other way round.")
@click.option("--columns", metavar="A,B...", help="Flags, scalars, attributes or expressions.")
@click.option("--json", "as_json", is_flag=True, help="All of them as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="All of them as CSV.")
@STORE
def command(
    asked: Asked,
    count: int | None,
    everything: bool,
    sort: str | None,
    reverse: bool,
    columns: str | None,
    as_json: bool,
    as_csv: bool,
    store: str | None,
) -> None:
    """List runs, the one started last first.

    \b
    Examples:
      runner runs list --status error --since 2h
      runner runs list --where 'lr < 0.1 and loss < 0.5' --sort loss
      runner runs list --columns id,lr,loss,duration/60 --csv
    """
    if everything and count is not None:
        raise Mistake("--all and -n exclude each other: give one of them")
    if as_json and as_csv:
        raise Mistake("--json and --csv exclude each other: give one of them")
    if as_json and columns is not None:
        raise Mistake("--columns is for tables and --csv: JSON has all there is")
    opened = open_store(store, tell=True)
    shown_of_all = None if everything or as_json or as_csv else listing.DEFAULT_COUNT
    chosen: list[Column] = []
    order = listing.Order(sort=sort, reverse=reverse, count=count or shown_of_all)
    if asked or as_json or as_csv or sort or reverse or columns or everything:
        found = select_runs(opened, asked, now())
        chosen = parse_columns(columns, found) if columns is not None and found else []
        shown, of_all = order.apply(found), len(found)
    else:  # the most common list, which is the fastest
        shown, of_all = newest_runs(opened, order.count), opened.count()
    if not shown and asked and opened.ids():
        click.echo(escape(nothing_line(opened, (), asked, now())), err=True)
    if as_json:
        sys.stdout.writelines(listing.list_json(shown))
    elif as_csv:
        print(listing.list_csv(shown, chosen), end="")
    elif shown:
        left = of_all - len(shown)
        notes = [f"{left} more: -n N or --all shows them"] if left else []
        print_table(listing.list_table(shown, chosen), *notes)
        if notes and count is None and not sys.stdout.isatty():
            click.echo(notes[0], err=True)
