"""`runner init TARGET…`."""

from __future__ import annotations

from pathlib import Path

import click

from hydra_sweep_runner.commands import init as starting


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.argument("target", nargs=-1, required=True, type=click.UNPROCESSED)
def init(target: tuple[str, ...], dry_run: bool) -> None:
    """Write conf/config.yaml for a script, a function or a command.

    Flags and their defaults are read from the script's parser or variables, or from the
    function's parameters; nothing is run. Options of runner init stand before TARGET.

    \b
    Examples:
      runner init train.py
      runner init package.module.train
      runner init bash train.sh
    """
    project = Path.cwd()
    start = starting.describe(target, project)
    if dry_run:
        click.echo(f"# {starting.CONFIG}\n{start.config}")
        click.echo(f"# .gitignore\n{starting.IGNORED}")
        return
    for line in starting.write(start, project):
        click.echo(line, err=True)
