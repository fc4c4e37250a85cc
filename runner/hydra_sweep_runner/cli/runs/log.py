"""`runner runs log`."""

from __future__ import annotations

import sys
import time

import click

from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.commands.runs import log as logging
from hydra_sweep_runner.terminal.render import escape

_LOOK_S = 0.1


@click.command("log")
@click.argument("run_id", metavar="ID")
@click.option("-f", "--follow", is_flag=True, help="As it comes, until the run has ended.")
@STORE
def command(run_id: str, follow: bool, store: str | None) -> None:
    """Print what a run has printed in its last start, unchanged.

    Of a Hydra program's trial under another launcher than the runner's, which shows the output
    itself, print the log that the job's own logging has written, then its failure; a line on
    standard error says which file it is.

    \b
    Examples:
      runner runs log 3f2a9c1d
      runner runs log 3f2a9c1d -f
    """
    opened = open_store(store)
    found = opened.resolve(run_id)
    run = opened.read(found)
    logging.check_has_log(run)
    logging.check_has_output(opened, run)
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        _say(line)

    if follow:
        pieces = logging.follow_log(opened, found, lambda: time.sleep(_LOOK_S), tell)
    else:
        pieces = logging.read_log(opened, run, tell)
    has_output = False
    for piece in pieces:
        has_output = True
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    if not has_output and not told:
        _say(logging.silence_line(opened, found))


def _say(line: str) -> None:
    sys.stdout.flush()
    click.echo(escape(line), err=True)
