"""`runner runs label`, `runner runs tag` and `runner runs note`."""

from __future__ import annotations

import click

from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.commands.runs import annotate
from hydra_sweep_runner.commands.runs.selecting import resolve_all
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.terminal.render import escape

# `-best` removes the tag `best`; it is not an option.
_TAGS = {"ignore_unknown_options": True, "help_option_names": ["--help"]}


@click.command("label")
@click.argument("run_ids", metavar="ID...", nargs=-1, required=True)
@click.argument("text", metavar="TEXT")
@STORE
def label(run_ids: tuple[str, ...], text: str, store: str | None) -> None:
    """Give runs a label; an empty one takes it away.

    \b
    Example:
      runner runs label 3f2a9c1d "the one in the paper"
    """
    _change(run_ids, annotate.labelled(text), store)


@click.command("tag", context_settings=_TAGS)
@click.argument("words", metavar="ID... +TAG... -TAG...", nargs=-1, type=click.UNPROCESSED)
@STORE
def tag(words: tuple[str, ...], store: str | None) -> None:
    """Add tags to runs with +TAG and remove them with -TAG; several with commas: +A,B.

    \b
    Example:
      runner runs tag 3f2a9c1d 77b01c52 +best -draft
    """
    ids = [word for word in words if not word.startswith(("+", "-"))]
    add, remove = annotate.parse_tags([word for word in words if word.startswith(("+", "-"))])
    if not ids:
        raise Mistake("runner runs tag: give the ids of runs before the tags")
    _change(ids, annotate.tagged(add, remove), store)


@click.command("note")
@click.argument("run_id", metavar="ID")
@click.argument("text", metavar="[TEXT]", required=False)
@STORE
def note(run_id: str, text: str | None, store: str | None) -> None:
    """Keep a note with a run, or print the one that is kept; an empty one takes it away.

    \b
    Examples:
      runner runs note 3f2a9c1d "diverged after the learning rate was raised"
      runner runs note 3f2a9c1d
    """
    if text is not None:
        _change([run_id], annotate.noted(text), store)
        return
    opened = open_store(store)
    kept = opened.read(opened.resolve(run_id)).note or ""
    for line in kept.splitlines():
        print(escape(line))


def _change(
    run_ids: tuple[str, ...] | list[str], change: annotate.Change, store: str | None
) -> None:
    opened = open_store(store)
    changed = annotate.change_runs(opened, resolve_all(opened, run_ids), change)
    click.echo(f"Changed {changed} run(s)", err=True)
