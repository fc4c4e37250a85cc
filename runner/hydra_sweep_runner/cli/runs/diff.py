"""`runner runs diff`."""

from __future__ import annotations

import click

from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.commands.runs.diff import diff_runs
from hydra_sweep_runner.commands.runs.selecting import resolve_all


@click.command("diff")
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
@STORE
def command(one: str, other: str, as_json: bool, store: str | None) -> None:
    """Show what differs between two runs: flags, scalars, code, versions, environment, files.

    \b
    Example:
      runner runs diff 3f2a9c1d 51b0c7aa
    """
    opened = open_store(store)
    first, second = resolve_all(opened, (one, other))
    difference = diff_runs(opened, first, second)
    for line in [difference.json()] if as_json else difference.lines():
        print(line)
