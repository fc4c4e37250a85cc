"""`runner runs …`: the commands that list, show, change and delete runs. Imports no Hydra."""

from __future__ import annotations

from collections.abc import Mapping

import click

from hydra_sweep_runner.cli.lazy import LazyGroup

_HERE = "hydra_sweep_runner.cli.runs"

#: The module of each command, by name.
COMMANDS: Mapping[str, str] = {
    "list": f"{_HERE}.list",
    "show": f"{_HERE}.show",
    "log": f"{_HERE}.log",
    "files": f"{_HERE}.files:files",
    "path": f"{_HERE}.files:path",
    "diff": f"{_HERE}.diff",
    "stop": f"{_HERE}.stop",
    "delete": f"{_HERE}.delete",
    "restore": f"{_HERE}.trash:restore",
    "purge": f"{_HERE}.trash:purge",
    "label": f"{_HERE}.annotate:label",
    "tag": f"{_HERE}.annotate:tag",
    "note": f"{_HERE}.annotate:note",
    "export": f"{_HERE}.archives:export",
    "import": f"{_HERE}.archives:import_runs",
}


@click.group(cls=LazyGroup, modules=COMMANDS, no_args_is_help=False)
def runs() -> None:
    """List, show, change and delete runs, trials and batches."""
