"""`runner runs export` and `runner runs import`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from hydra_sweep_runner.cli.filters import with_filters
from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.commands.runs import archive
from hydra_sweep_runner.commands.runs.selecting import Asked, nothing_line, resolve_all
from hydra_sweep_runner.errors import AmbiguousRun, Mistake, UnknownRun
from hydra_sweep_runner.store.run_ids import may_be_id
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.terminal.render import escape


@click.command("export")
@click.argument("destination", metavar="DEST")
@click.argument("run_ids", metavar="[ID]...", nargs=-1)
@with_filters
@click.option("--trials", is_flag=True, help="Of a batch, all its trials too, orphans among them.")
@STORE
def export(
    destination: str, run_ids: tuple[str, ...], asked: Asked, trials: bool, store: str | None
) -> None:
    """Write runs to a .tar.gz, a .zip or a folder: all, or those that ids and filters select
    together.

    Ids stay, and the YAML that the runs are composed from goes along, so that they can be
    restarted where they are imported. The folder is itself a store.

    \b
    Examples:
      runner runs export all.tar.gz
      runner runs export best.zip --tag best
      runner runs export batch.zip 77b01c52 --trials
    """
    opened = open_store(store)
    if is_an_id(opened, destination):
        meant = next((word for word in run_ids if not may_be_id(word)), None)
        if meant is not None:
            archive.check_destination(Path(meant))
        others = [destination, *(word for word in run_ids if word != meant)]
        words = [meant or "kept.tar.gz", *others, *(["--trials"] if trials else [])]
        words += ["--store", store] if store else []
        filters = f" {asked.words}" if asked else ""
        raise Mistake(
            f"{destination} is a run, and stands where the destination does: runner runs export "
            f"{shlex.join(words)}{filters}"
        )
    archive.check_destination(Path(destination))
    runs = archive.choose_runs(opened, run_ids, asked, now(), trials=trials)
    if not runs:
        why = f"there are no runs in {opened.root}"
        if opened.ids():
            why = nothing_line(opened, resolve_all(opened, run_ids), asked, now())
        raise Mistake(f"{why}: nothing was exported")
    if asked.batch is not None:
        left = archive.left_batch_line(opened, asked.batch, runs)
        if left:
            click.echo(escape(left), err=True)
    left_trials = "" if trials else archive.left_trials_line(opened, runs)
    if left_trials:
        click.echo(left_trials, err=True)
    _tell(archive.export_runs(opened, runs, Path(destination)), "Exported")


@click.command("import")
@click.argument("source", metavar="SRC")
@STORE
def import_runs(source: str, store: str | None) -> None:
    """Take up runs that were exported, under their ids; what is there already is left.

    SRC is a .tar.gz, a .zip or a folder, also a whole store.

    \b
    Example:
      runner runs import all.tar.gz
    """
    found = open_store(store).root
    _tell(archive.import_runs(RunStore(found), Path(source)), "Imported")


def is_an_id(store: RunStore, typed: str) -> bool:
    """Whether a word names a run of the store, and no file or folder that is there."""
    if os.path.lexists(typed):
        return False
    try:
        store.resolve(typed)
    except AmbiguousRun:
        return True
    except (Mistake, UnknownRun):
        return False
    return True


def _tell(outcome: archive.ImportOutcome, done: str) -> None:
    for line in outcome.lines:
        click.echo(escape(line), err=True)
    click.echo(f"{done} {outcome.count} run(s)", err=True)
