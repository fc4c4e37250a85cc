"""`runner watch`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from hydra_sweep_runner.cli.store import STORE, is_found, open_store, project_folder
from hydra_sweep_runner.commands.runs.watch import (
    Snapshot,
    changes,
    find_batch,
    go_on_line,
    status_line,
    take_snapshot,
    watch_table,
)
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import escape

# How often to read the store, in seconds, and the largest share of the time spent reading.
_LOOK_S = 0.5
_SHARE = 0.2


@click.command("watch")
@click.argument("batch", metavar="[BATCH]", required=False)
@STORE
def watch(batch: str | None, store: str | None) -> None:
    """Watch a batch at work, from any terminal, until it ends.

    Without BATCH it is the one at work, or else the newest. Ctrl-C ends the watching, not
    the batch. Of a batch that has ended with something left, or was killed, the last line
    says how it goes on.

    \b
    Examples:
      runner watch
      runner watch 77b01c52 | tee progress.txt
    """
    opened = open_store(store)
    batch_id = find_batch(opened, batch)
    show = _draw if sys.stdout.isatty() else _print
    last = show(opened, batch_id)
    folder = project_folder(store)
    how = go_on_line(last, folder, None if is_found(store) else opened.root)
    if how:
        where = "" if folder == Path.cwd() else f" (in {folder})"
        click.echo(escape(f"{how}{where}"), err=True)


def _print(store: RunStore, batch_id: str) -> Snapshot:
    """Print a line for each change, and the final state."""
    before: Snapshot | None = None
    while True:
        began_s = time.monotonic()
        snapshot = take_snapshot(store, batch_id)
        for line in changes(before, snapshot):
            print(escape(line), flush=True)
        if not snapshot.is_at_work:
            print(escape(status_line(snapshot)), flush=True)
            return snapshot
        before = snapshot
        _rest(began_s)


def _draw(store: RunStore, batch_id: str) -> Snapshot:
    """Draw a table that is updated, and give the final state."""
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    from hydra_sweep_runner.terminal.screen import draw, open_console

    console = open_console()
    with Live(console=console, auto_refresh=False, transient=False) as live:
        while True:
            began_s = time.monotonic()
            snapshot = take_snapshot(store, batch_id)
            most = max(1, console.height - 5)
            table, hidden = draw(watch_table(snapshot, most), console.width)
            left = len(snapshot.trials) - most
            notes = [*([f"{left} more trials"] if left > 0 else []), *hidden]
            line = Text(escape(status_line(snapshot)), style="bold")
            live.update(Group(line, table, *(Text(note, style="dim") for note in notes)))
            live.refresh()
            if not snapshot.is_at_work:
                return snapshot
            _rest(began_s)


def _rest(began_s: float) -> None:
    """Wait until the next update; slow updates are done less often."""
    time.sleep(max(_LOOK_S, (time.monotonic() - began_s) / _SHARE))
