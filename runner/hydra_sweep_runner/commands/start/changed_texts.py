"""Tells texts that Hydra reads as numbers and so changes: `rev=12e4` is 120000.0."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from hydra_sweep_runner.commands.start.composing import Composing
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.elements import read_element, typed_text
from hydra_sweep_runner.compose.overrides import name_in
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Value
from hydra_sweep_runner.terminal.render import escape, render_value, shown_value


def report_texts_read_as_numbers(
    world: World, composing: Composing, overrides: Iterable[str], combination: Sequence[str]
) -> None:
    """Print which overrides give a flag, whose default is a text, a number that is written
    otherwise than it was typed: two commit hashes may be the same number, and 1.10 is 1.1.
    `combination` are the overrides of one trial, which choose the config groups."""
    changed = {text: found for text in overrides if (found := dict(_changed(text)))}
    if not changed:
        return
    groups = [text for text in combination if composing.composer.is_group_choice(text)]
    defaults: dict[str, Value] = {}
    with suppress(Mistake):  # without what was given, it need not compose
        defaults = dict(composing.describe_combination(groups)[1])
    for text, found in changed.items():
        name = name_in(text)
        default = defaults.get(name)
        if not isinstance(default, str) or "${" in default or default == "???":
            continue
        sign, _, values = text.partition("=")
        words = ",".join(typed_text(each) if each in found else each for each in values.split(","))
        numbers = escape(", ".join(f"{each} is {number}" for each, number in found.items()))
        world.reporter.say(
            f"{escape(text)}: as numbers, {numbers}; as texts, like the default "
            f"{shown_value(default)!r}: {escape(shlex.quote(f'{sign}={words}'))}"
        )


def _changed(text: str) -> Iterator[tuple[str, str]]:
    """The values of an override that are numbers and are not written as numbers are, with how they
    are written."""
    for value in text.partition("=")[2].split(","):
        try:
            number = float(value)
        except ValueError:
            continue
        if value in (repr(number), str(int(number)) if number.is_integer() else ""):
            continue
        read = read_element(value)
        if isinstance(read, (int, float)) and render_value(read) != value.strip():
            yield value, render_value(read)
