"""The reference of the commands is the one that they give themselves."""

from __future__ import annotations

from collections.abc import Sequence

import click
import pytest

from tests.docs.commands import PAGE, all_commands, page

COMMANDS = dict(all_commands())


def test_the_reference_is_made_from_the_commands() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.docs.commands"


@pytest.mark.parametrize("typed", COMMANDS)
def test_every_command_has_an_example(typed: str) -> None:
    text = COMMANDS[typed].get_help(click.Context(COMMANDS[typed], info_name=typed))
    assert any(f"{typed} " in line for line in text.splitlines() if "Usage" not in line), text


def test_commands_of_many_runs_have_the_same_filters() -> None:
    names = ("operation", "status", "kind", "batch", "step", "label", "tag", "since", "where")
    for typed in ("list", "delete", "export", "path"):
        assert _filters(f"runner runs {typed}", names) == _filters("runner compare", names)
    assert list(_filters("runner compare", names)) == list(names)


def _filters(typed: str, names: Sequence[str]) -> dict[str, object]:
    options = {param.opts[-1].removeprefix("--"): param for param in COMMANDS[typed].params}
    kept = ("metavar", "multiple", "help", "type")
    return {name: [str(getattr(options[name], each)) for each in kept] for name in names}


@pytest.mark.parametrize("typed", COMMANDS)
def test_every_option_says_what_it_does(typed: str) -> None:
    silent = [
        option.opts
        for option in COMMANDS[typed].params
        if isinstance(option, click.Option) and not option.help
    ]
    assert not silent
