"""The store that a management command works on."""

from __future__ import annotations

import os
from pathlib import Path

import click

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.store import location
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import escape

STORE = click.option(
    "--store",
    metavar="FOLDER",
    help="The store; otherwise $RUNNER_STORE, hydra.sweeper.store of conf/config.yaml, or runs.",
)


def open_store(store: str | None, *, tell: bool = False) -> RunStore:
    """The typed store, or that of the project that contains the current folder. With `tell`, a line
    says if it is not the current folder's, or if there is none."""
    here = Path.cwd()
    project = location.project_of(here) if store is None else here
    chosen = location.store_path(
        project,
        typed=store,
        environment=os.environ,
        in_yaml=location.store_in_yaml(project / "conf" / "config.yaml"),
    )
    if store is not None and not os.path.lexists(chosen):
        raise Mistake(f"--store {store}: there is no such folder")
    opened = RunStore.open(chosen, create=False)
    if tell and not os.path.lexists(chosen):
        _say(
            f"There is no store here ({chosen}): nothing has been run in this folder; a project's "
            "store is found in its folder, or named by --store"
        )
    elif tell and project != here:
        _say(f"The store is {chosen}")
    if tell and store is not None and not opened.ids():
        below = Path(store, location.DEFAULT_STORE)
        meant = f"; the store is {below}" if location.is_store(chosen / below.name) else ""
        _say(f"There are no runs in {store}{meant}")
    return opened


def project_folder(store: str | None) -> Path:
    """The folder in which the store's project is meant to be: the current one if a store was typed,
    else the project that contains it."""
    return Path.cwd() if store is not None else location.project_of(Path.cwd())


def is_found(store: str | None) -> bool:
    """Whether commands in the project's folder find the store by themselves, without its name."""
    return store is None and "RUNNER_STORE" not in os.environ


def _say(line: str) -> None:
    click.echo(escape(line), err=True)
