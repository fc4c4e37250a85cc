"""docs/commands.md, made from the help of the commands.

`python -m tests.docs.commands` writes the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from hydra_sweep_runner.cli.management import commands

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"

_HEAD = """# Commands

`runner [OVERRIDE…]` runs an operation, `runner -m [OVERRIDE…]` a batch; [Batches](batches.md) has \
their options. A bare word in first place is one of the commands on this page, which is made of \
their `--help`.

An `ID` may be cut to any unique prefix of at least four digits; `last` is the run or trial \
that was started last, `last:batch` the newest batch. `--store FOLDER` \
names another store than the project's.
"""


def all_commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with what is typed for it, in the order of help; groups are none."""
    yield from _below("runner", commands)


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for typed, command in all_commands():
        context = click.Context(command, info_name=typed, terminal_width=96, max_content_width=96)
        parts.append(f"## `{typed}`\n\n```\n{command.get_help(context).rstrip()}\n```\n")
    return "\n".join(parts)


def _below(typed: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield typed, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        yield from _below(f"{typed} {name}", below)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
