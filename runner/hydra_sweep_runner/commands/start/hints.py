"""Hints on values in the YAML that were probably meant as a sweep, if none is started."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.model import Flags
from hydra_sweep_runner.operation.flags import given_flags
from hydra_sweep_runner.terminal.render import escape, shown_value

_NUMBER = r"\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*"
_NUMBERS = re.compile(rf"{_NUMBER}(,{_NUMBER})+", re.IGNORECASE)


def report_texts_like_sweeps(world: World, flags: Flags, given: Iterable[str]) -> None:
    """Print which flags have a text like `0.1,0.2` in the YAML, where it is a single value. Flags
    given on the command line are left out."""
    typed = given_flags(flags, given)
    for name, value in flags.items():
        if name not in typed and isinstance(value, str) and _NUMBERS.fullmatch(value):
            world.reporter.say(
                f"{escape(name)} is one text in the YAML, {shown_value(value)!r}: its values are "
                f"swept by -m {escape(name)}={escape(value)}, or from hydra.sweeper.params"
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
