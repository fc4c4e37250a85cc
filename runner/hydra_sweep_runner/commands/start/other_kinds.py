"""Tells values of another kind than the YAML has, where they look like one of its kind: the texts
of `seed=1-3`, `amp=no` and `ckpt=None`, and `hidden=64,32` where `hidden` is a list."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from difflib import get_close_matches

from hydra_sweep_runner.commands.start.composing import Composing
from hydra_sweep_runner.commands.start.hints import NUMBERS
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.compose.overrides import name_in, parse_override, values_of
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Value
from hydra_sweep_runner.terminal.render import escape, render_value

_WHOLE_RANGE = re.compile(r"(\d{1,4})\s*([-:])\s*(\d{1,4})")
_TRUTHS = ("true", "false", "yes", "no", "on", "off", "y", "n")
_NOTHINGS = ("none", "nil")


def report_other_kinds(
    world: World, composing: Composing, overrides: Iterable[str], combination: Sequence[str]
) -> None:
    """Print which overrides give a text where the YAML has another kind of value, and which sweep
    over numbers where it has a list. `combination` are the overrides of one trial, which choose the
    config groups."""
    texts = [(text, value) for text in overrides for value in _suspicious(text)]
    numbers = [text for text in overrides if NUMBERS.fullmatch(text.partition("=")[2])]
    if not texts and not numbers:
        return
    groups = [text for text in combination if composing.composer.is_group_choice(text)]
    with suppress(Mistake):  # without what was given, it need not compose
        defaults = composing.describe_combination(groups)[1]
        for text, value in texts:
            name = name_in(text)
            why = _why(name, value, defaults[name]) if name in defaults else None
            if why is not None:
                world.reporter.say(
                    f"{escape(text)}: {escape(repr(value))} is a text, where the YAML has "
                    f"{render_value(defaults[name])}; {escape(why)}"
                )
        for text in numbers:
            name, _, values = text.partition("=")
            if isinstance(defaults.get(name), list):
                world.reporter.say(
                    f"{escape(text)} is {values.count(',') + 1} trials, where the YAML has a list, "
                    f"{render_value(defaults[name])}; one list is written "
                    f"{escape(shlex.quote(f'{name}=[{values}]'))}"
                )


def _suspicious(text: str) -> Iterator[str]:
    """The texts among an override's values that may have been meant as other values."""
    override = parse_override(text)
    if override.is_delete() or override.value_type is None:
        return
    for value in values_of(override):
        if isinstance(value, str) and (_is_of_numbers(value) or len(value) < 6):
            yield value


def _is_of_numbers(value: str) -> bool:
    return bool(NUMBERS.fullmatch(_with_commas(value)) or _WHOLE_RANGE.fullmatch(value.strip()))


def _with_commas(value: str) -> str:
    """What commas, semicolons or white space keep apart, with commas in their place."""
    return ",".join(filter(None, re.split(r"[,;\s]+", value)))


def _why(name: str, value: str, default: Value) -> str | None:
    """How what was probably meant is written; None if the text is likely to be meant as one."""
    word = value.strip().lower()
    if isinstance(default, bool):
        is_like = word in _TRUTHS or get_close_matches(word, ("true", "false"), n=1)
        return f"a truth value is written {name}=true or {name}=false" if is_like else None
    if default is None:
        return f"no value is written {name}=null" if word in _NOTHINGS else None
    if not isinstance(default, (int, float)) or not _is_of_numbers(value):
        return None
    whole = _WHOLE_RANGE.fullmatch(word)
    if whole is not None:
        end = int(whole[3]) + (whole[2] == "-")
        return f"the numbers of a range are swept by -m '{name}=range({whole[1]},{end})'"
    return f"several values are swept by -m {shlex.quote(f'{name}={_with_commas(value)}')}"
