"""`runner runs show`."""

from __future__ import annotations

import click

from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.commands.runs import show as showing
from hydra_sweep_runner.terminal.render import escape


@click.command("show")
@click.argument("run_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
@STORE
def command(run_id: str, as_json: bool, store: str | None) -> None:
    """Show all about one run.

    ID may be cut to a unique prefix of at least four digits.

    \b
    Example:
      runner runs show 3f2a9c1d
    """
    opened = open_store(store)
    found = opened.resolve(run_id)
    if as_json:
        print(showing.show_json(opened, found))
        return
    for line in showing.show_lines(opened, found):
        print(escape(line))
