"""`runner runs restore` and `runner runs purge`."""

from __future__ import annotations

import sys

import click

from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.commands.runs import trash
from hydra_sweep_runner.commands.runs.listing import list_table
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.terminal.render import first_few, short
from hydra_sweep_runner.terminal.screen import print_table


@click.command("restore")
@click.argument("run_ids", metavar="[ID]...", nargs=-1)
@click.option(
    "--list", "only_list", is_flag=True, help="Show what can be restored, and do nothing."
)
@STORE
def restore(run_ids: tuple[str, ...], only_list: bool, store: str | None) -> None:
    """Bring deleted runs back under their ids: these, or all that are in the trash.

    The plan of a batch has a trial again unless the batch was restarted since: then it is an
    orphan, which a restart of the batch takes up again if its flags are planned.

    \b
    Examples:
      runner runs restore --list
      runner runs restore 3f2a9c1d
      runner runs restore
    """
    opened = open_store(store)
    if only_list:
        if run_ids:
            raise Mistake("runner runs restore --list takes no ids: it shows what can be restored")
        deleted = trash.deleted_runs(opened)
        if deleted:
            print_table(list_table(deleted))
        else:
            click.echo("No deleted runs", err=True)
        return
    entries = trash.runs_to_restore(opened, run_ids)
    orphans = trash.restore_runs(opened, entries)
    if orphans:
        are = "is an orphan" if len(orphans) == 1 else "are orphans"
        named = first_few([short(run_id) for run_id in orphans])
        click.echo(f"{named} {are}: the batch was restarted since", err=True)
    click.echo(f"Restored {len(entries)} run(s)", err=True)


@click.command("purge")
@click.option("--older", metavar="AGE", help="Only what was deleted longer ago: 30d, 12h, 45m.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@STORE
def purge(older: str | None, yes: bool, store: str | None) -> None:
    """Remove what is in the trash for good.

    \b
    Example:
      runner runs purge --older 30d --yes
    """
    opened = open_store(store)
    entries = trash.runs_to_purge(opened, older, now())
    staying = trash.staying_outputs(opened, entries)
    what = "1 deleted run" if len(entries) == 1 else f"{len(entries)} deleted runs"
    if entries and not yes:
        if not sys.stdin.isatty():
            raise Mistake(f"to remove {what} for good without being asked, add --yes")
        if staying is not None:
            click.echo(staying, err=True)
        click.confirm(
            f"Remove {what} ({first_few([short(e.id) for e in entries])}) for good?",
            abort=True,
            err=True,
        )
    trash.purge_runs(opened, entries)
    if yes and staying is not None:
        click.echo(staying, err=True)
    click.echo(f"Purged {len(entries)} run(s)", err=True)
