"""`runner runs show`."""

from __future__ import annotations

from pathlib import Path

import click

from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.commands.runs import show as showing
from hydra_sweep_runner.commands.runs.details import read_details
from hydra_sweep_runner.store import location
from hydra_sweep_runner.terminal.render import escape


@click.command("show")
@click.argument("run_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
@STORE
def command(run_id: str, as_json: bool, store: str | None) -> None:
    """Show all about one run.

    Its flags and where each is from, options, scalars, times, attempts, seed, code and what differs
    from now, inputs and who takes its files, the end of its log; of a batch its trials and orphans.
    ID may be cut to a unique prefix of at least four digits.

    \b
    Example:
      runner runs show 3f2a9c1d
    """
    opened = open_store(store)
    found = opened.resolve(run_id)
    details = read_details(opened, found, location.project_of(Path.cwd()))
    if as_json:
        print(showing.show_json(details))
        return
    for line in showing.show_lines(opened, details):
        print(escape(line))
