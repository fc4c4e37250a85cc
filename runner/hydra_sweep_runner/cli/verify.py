"""`runner verify BATCH`."""

from __future__ import annotations

from pathlib import Path

import click

from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.terminal.render import escape


@click.command("verify")
@click.argument("batch")
@STORE
def verify(batch: str, store: str | None) -> int:
    """Propose each trial of a search again and say which differ (exit status 1).

    \b
    Example:
      runner verify 77b01c52
    """
    from hydra_sweep_runner.cli.world import ProjectYaml
    from hydra_sweep_runner.commands.start.searching import importer
    from hydra_sweep_runner.commands.verify import verify_batch
    from hydra_sweep_runner.compose.project import set_defaults
    from hydra_sweep_runner.model import Run

    opened, here = open_store(store), Path.cwd()
    set_defaults()

    def loader_of(run: Run) -> object:
        yaml = ProjectYaml(folder=here).completed_by(run.recipe)
        kept = opened.snapshot_folder(run.recipe.snapshot)
        return yaml.composer(run.recipe.hydra, kept).loader

    verified = verify_batch(opened, batch, import_class=importer(here), loader_of=loader_of)
    for line in verified.lines:
        click.echo(escape(line))
    return 1 if verified.has_differences else 0
