"""`runner runs stop`."""

from __future__ import annotations

import click

from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.commands.runs import stop as stopping


@click.command("stop")
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
def command(run_ids: tuple[str, ...], wait_s: float, store: str | None) -> None:
    """Stop batches, runs, or trials of a batch at work, on whatever host.

    All that are named are stopped or, if one is not running, none.

    \b
    Example:
      runner runs stop 3f2a9c1d
    """
    opened = open_store(store)
    found = stopping.runs_to_stop(opened, run_ids)
    stopping.stop_runs(opened, found, wait_s=wait_s, say=lambda line: click.echo(line, err=True))
