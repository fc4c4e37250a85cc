"""Hints on values that were probably meant as a sweep, or as another one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from hydra_sweep_runner.commands.start.own_defaults import own_defaults
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.overrides import (
    gives_mappings,
    gives_sweep,
    name_in,
    parse_override,
)
from hydra_sweep_runner.model import Flags, Operation
from hydra_sweep_runner.operation.flags import given_flags
from hydra_sweep_runner.operation.option_suggestions import rarely_a_flag
from hydra_sweep_runner.terminal.render import escape

_NUMBER = r"\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*"
_DOTTED = re.compile(r"\+{0,2}([\w.-]+)=([-+]?(?:\d+\.\d+|\d+))\.{2,3}([-+]?(?:\d+\.?\d*|\.\d+))")
_PUNCTUATED = re.compile(r"[\"'(\[{\\]")
#: Numbers with commas between them.
NUMBERS = re.compile(rf"{_NUMBER}(,{_NUMBER})+", re.IGNORECASE)


def report_texts_like_sweeps(
    world: World, operation: Operation, flags: Flags, given: Iterable[str]
) -> None:
    """Print which flags have a text like `0.1,0.2` in the YAML, where it is a single value. Flags
    given on the command line are left out, and those whose text is the script's own default."""
    typed = given_flags(flags, given)
    found = {
        name: value
        for name, value in flags.items()
        if name not in typed and isinstance(value, str) and NUMBERS.fullmatch(value)
    }
    own = own_defaults(world.project_dir, operation) if found else {}
    for name, value in found.items():
        if own.get(name) != value and not name.startswith("[hydra."):
            world.reporter.say(
                f"{escape(name)} is one text in the YAML, '{escape(value)}': its values are swept "
                f"by -m {shlex.quote(f'{escape(name)}={escape(value)}')}, or from "
                "hydra.sweeper.params"
            )


def report_dotted_settings(world: World, flags: Flags) -> None:
    """Print that `hydra.sweeper.params:` in YAML is one name, which sets nothing of Hydra's."""
    name = next((name for name in flags if name.startswith("[hydra.")), None)
    if name is not None:
        node = name[1:].partition("]")[0]
        nested = ": {".join(node.split("."))
        world.reporter.say(
            f"{escape(node)} in the YAML is one name with dots in it, and sets nothing of Hydra's: "
            f"it is written {escape(nested)}: …{'}' * node.count('.')}"
        )


def report_flags_like_options(world: World, overrides: Iterable[str]) -> None:
    """Print which flags that are added to a program have names that other tools give to settings
    of the runner's."""
    for text in overrides:
        override = parse_override(text)
        meant = rarely_a_flag(override.key_or_group) if override.is_add() else None
        if meant is not None:
            name = escape(override.key_or_group)
            world.reporter.say(f"{escape(text)} adds a flag {name} to the program; {meant}")


def report_texts_like_ranges(world: World, overrides: Iterable[str]) -> None:
    """Print which overrides give a text like `0.1..0.3`, which is no range."""
    for text in overrides:
        found = _DOTTED.fullmatch(text)
        if found is not None:
            name, low, high = map(escape, found.groups())
            world.reporter.say(
                f"{escape(text)} is one text: numbers of a range are swept by "
                f"-m '{name}=range({low},{high},STEP)', random ones by "
                f"-m '{name}=interval({low},{high})'"
            )


def report_texts_in_pieces(world: World, overrides: Iterable[str]) -> None:
    """Print which sweeps are over the parts of what looks like one text: words, a comma and a
    blank, more words."""
    for text in overrides:
        name, _, values = text.partition("=")
        pieces = values.split(", ")
        has_words = any(" " in piece.strip() for piece in pieces)
        if len(pieces) > 1 and has_words and not _PUNCTUATED.search(values):
            one = escape(shlex.quote(f'{name}="{values}"'))
            world.reporter.say(
                f"{escape(text)} is {len(pieces)} values of {escape(name_in(text))}; one text with "
                f"its commas is written {one}"
            )


def report_given_twice(world: World, overrides: Iterable[str]) -> None:
    """Print which flags are given more than once: the last value counts, and a shell makes two
    words, `lr=1 lr=2`, of `lr={1,2}`. Mappings are merged, so that all of them count."""
    given: dict[str, list[str]] = {}
    for text in overrides:
        if not text.startswith("~") and not gives_mappings(parse_override(text)):
            given.setdefault(name_in(text), []).append(text)
    for name, texts in given.items():
        if len(set(texts)) > 1:
            values = ",".join(text.partition("=")[2] for text in texts)
            swept = shlex.quote(f"{name}={values}")
            also = "" if "(" in values else f"; several values are swept by -m {escape(swept)}"
            world.reporter.say(
                f"{escape(name)} is given {len(texts)} times, and the last one counts, "
                f"{escape(texts[-1])}{also}"
            )


def report_unused_params(world: World, sweeper: Mapping[str, Any]) -> None:
    """Print that a single run ignores the sweep in the YAML."""
    params = sweeper.get("params")
    if isinstance(params, Mapping) and params:
        names = escape(", ".join(map(str, params)))
        world.reporter.say(
            f"This is one run: hydra.sweeper.params ({names}) has an effect with -m alone, or "
            "where the YAML has hydra.mode: MULTIRUN"
        )


#: Options that decide on the trials of a batch, which a single run has none of.
_OF_BATCHES = ("max_trials", "fail_fast", "objective")


def report_options_of_batches(world: World, typed: Collection[str]) -> None:
    """Print which of the options that were typed have no effect on a single run."""
    names = [f"+{name}" for name in _OF_BATCHES if name in typed]
    if names:
        have = "has no effect" if len(names) == 1 else "have no effect"
        world.reporter.say(
            f"{', '.join(names)} {have} on one run: a batch of trials is started with -m"
        )


def report_lists_in_params(world: World, sweeper: Mapping[str, Any]) -> None:
    """Print which entries of `hydra.sweeper.params` are lists, which are single values."""
    params = sweeper.get("params")
    for name, value in params.items() if isinstance(params, Mapping) else ():
        text = str(value).strip()
        if text.startswith("[") and text.endswith("]") and not gives_sweep(f"{name}={text}"):
            world.reporter.say(
                f"hydra.sweeper.params.{escape(name)} is one value, the list {escape(text)}; its "
                f"elements are swept over by {escape(name)}: {text[1:-1]!r}"
            )


def report_short_ranges(world: World, overrides: Iterable[str]) -> None:
    """Print which swept ranges have a single value because their step is larger than they are."""
    from hydra_sweep_runner.compose.sweeps import range_of_one  # one run needs none of it

    for text in overrides:
        found = range_of_one(text)
        if found is not None:
            name, start, stop = escape(text.partition("=")[0]), found.start, found.stop
            world.reporter.say(
                f"{escape(text)} has one value, {start}, as its step is {found.step}: a smaller "
                f"step gives more, {name}=range({start},{stop},STEP), and random ones come from "
                f"{name}=interval({start},{stop})"
            )
