"""`runner compare`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from hydra_sweep_runner.cli.filters import with_filters
from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.commands.runs import compare as comparing
from hydra_sweep_runner.commands.runs.selecting import (
    Asked,
    batches_line,
    nothing_line,
    resolve_all,
    select_rows,
)
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.terminal.render import escape
from hydra_sweep_runner.terminal.screen import print_table

_FILE = "FILE"


@click.command("compare")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@with_filters
@click.option("--min", "least", metavar="EXPR", help="The least value first.")
@click.option("--max", "greatest", metavar="EXPR", help="The greatest value first.")
@click.option(
    "--flags",
    type=click.Choice(["varying", "all"]),
    default="varying",
    show_default=True,
    help="Which flags are shown.",
)
@click.option(
    "-n",
    "count",
    type=click.IntRange(min=1),
    metavar="N",
    help="The best N only; without an objective the first N.",
)
@click.option("--csv", metavar=_FILE, help="Write CSV; - is standard output.")
@click.option(
    "--parquet", metavar=_FILE, help="Write Parquet (needs pyarrow); - is standard output."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON: the objects of runs list.")
@click.option("--plot", metavar=_FILE, help="Draw F.html, or F.png (needs matplotlib).")
@STORE
def compare(
    ids: tuple[str, ...],
    asked: Asked,
    least: str | None,
    greatest: str | None,
    flags: Literal["varying", "all"],
    count: int | None,
    csv: str | None,
    parquet: str | None,
    as_json: bool,
    plot: str | None,
    store: str | None,
) -> None:
    """Compare runs: a row a run, the best first, with the flags that vary and all scalars.

    A batch's ID stands for its trials. Without --min or --max the best is what the batch's
    own objective says, by default the least result; if it has none, the runs stand in the
    order of the plan or, without a batch, the newest first.

    \b
    Examples:
      runner compare 77b01c52 --min loss
      runner compare --operation train --where 'epochs >= 10' --max acc -n 10
      runner compare 77b01c52 --min loss --plot loss.html
    """
    suffix = None if plot is None else Path(plot).suffix.lower()
    if suffix not in (None, ".html", ".png"):
        raise Mistake(f"--plot {plot}: give a name that ends in .html or .png")
    if least is not None and greatest is not None:
        raise Mistake("--min and --max exclude each other: give one of them")
    asks_stdout = [csv == "-", parquet == "-", as_json]
    if sum(asks_stdout) > 1:
        raise Mistake("--json, --csv - and --parquet - all write to standard output: give one")
    opened = open_store(store, tell=True)
    rows = select_rows(opened, ids, asked, now())
    of_batches = None if ids else batches_line(opened, asked, rows, now())
    if of_batches is not None:
        click.echo(escape(of_batches), err=True)
    elif not rows and asked and opened.ids():
        line = nothing_line(opened, resolve_all(opened, ids), asked, now())
        click.echo(escape(line), err=True)
    by: tuple[Literal["min", "max"], str] | None = None
    if least is not None:
        by = "min", least
    elif greatest is not None:
        by = "max", greatest
    comparison = comparing.compare_runs(opened, rows, by=by, flags=flags, count=count)
    of_order = comparing.order_line(comparison)
    if of_order:
        click.echo(of_order, err=True)
    files: list[tuple[str, bytes, str]] = []  # all are made before one is written
    if csv is not None:
        files.append((csv, comparing.comparison_csv(comparison).encode(), "--csv"))
    if parquet is not None:
        files.append((parquet, comparing.comparison_parquet(comparison), "--parquet"))
    if plot is not None:
        drawn = comparing.comparison_plot(opened, comparison, as_png=suffix == ".png")
        files.append((plot, drawn, "--plot"))
    for target, data, option in files:
        _write(target, data, option, len(comparison.runs))
    if as_json:
        sys.stdout.writelines(comparing.comparison_json(comparison))
    if not (csv or parquet or plot or as_json) and comparison.runs:
        print_table(comparing.comparison_table(comparison))


def _write(target: str, data: bytes, option: str, count: int) -> None:
    """Write a file, or standard output. Raises Mistake if that fails."""
    if target == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        Path(target).write_bytes(data)
    except OSError as error:
        raise Mistake(f"{option} {target}: cannot be written: {error.strerror}") from error
    what = "1 run" if count == 1 else f"{count} runs"
    click.echo(f"Wrote {target}: {what}", err=True)
