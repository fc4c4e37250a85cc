"""`runner runs label`, `runner runs tag` and `runner runs note`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import takewhile

import click

from hydra_sweep_runner.cli.filters import FILTERS
from hydra_sweep_runner.cli.store import STORE, open_store
from hydra_sweep_runner.commands.runs import annotate
from hydra_sweep_runner.commands.runs.selecting import resolve_all
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.store.run_ids import may_be_id
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
    _check_text("label", [*run_ids, text], store)
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
    _check_no_option(words, ids, store)
    add, remove = annotate.parse_tags([word for word in words if word.startswith(("+", "-"))])
    if not ids:
        raise Mistake("runner runs tag: give the ids of runs before the tags")
    _change(ids, annotate.tagged(add, remove), store)


@click.command("note")
@click.argument("run_id", metavar="ID")
@click.argument("texts", metavar="[TEXT]", nargs=-1)
@STORE
def note(run_id: str, texts: tuple[str, ...], store: str | None) -> None:
    """Keep a note with a run, or print the one that is kept; an empty one takes it away.

    \b
    Examples:
      runner runs note 3f2a9c1d "diverged after the learning rate was raised"
      runner runs note 3f2a9c1d
    """
    _check_text("note", [run_id, *texts], store)
    if texts:
        _change([run_id], annotate.noted(texts[0]), store)
        return
    opened = open_store(store)
    kept = opened.read(opened.resolve(run_id)).note or ""
    for line in kept.splitlines():
        print(escape(line))


def _check_text(command: str, words: Sequence[str], store: str | None) -> None:
    """Raise Mistake for a text of several words without quotes after an id."""
    ids = list(takewhile(may_be_id, words[:1] if command == "note" else words))
    text = words[len(ids) :]
    if ids and len(text) > 1:
        one = shlex.join([*ids, " ".join(text), *(["--store", store] if store else [])])
        raise Mistake(
            f"runner runs {command}: a text of several words stands in quotes: runner runs "
            f"{command} {one}"
        )


def _check_no_option(words: Sequence[str], ids: Sequence[str], store: str | None) -> None:
    """Raise Mistake for an option that the command does not have, `--batch`, unless one of the runs
    has a tag that begins with -, which it removes."""
    for word in words:
        name, sign, _ = word[2:].partition("=")
        if not word.startswith("--") or (name not in FILTERS and _has_tag(word[1:], ids, store)):
            continue
        instead = f"a tag is removed by {shlex.quote(word[1:])}"
        if name in FILTERS:
            chosen = [word] if sign else [word, *words[words.index(word) + 1 :][:1]]
            own = ["--store", store] if store else []
            listed = ["runner", "runs", "list", *chosen, *own, "--columns", "id", "--csv"]
            left = [*(one for one in words if one not in chosen), *own]
            instead = (
                f"the ids of filters: runner runs tag $({shlex.join(listed)} | tail -n +2) "
                f"{shlex.join(left)}"
            )
        raise Mistake(f"runner runs tag: No such option --{name}; {instead}")


def _has_tag(tag: str, ids: Sequence[str], store: str | None) -> bool:
    opened = open_store(store)
    return any(tag in opened.read(run_id).tags for run_id in resolve_all(opened, ids))


def _change(
    run_ids: tuple[str, ...] | list[str], change: annotate.Change, store: str | None
) -> None:
    opened = open_store(store)
    changed = annotate.change_runs(opened, resolve_all(opened, run_ids), change)
    click.echo(f"Changed {changed} run(s)", err=True)
