"""`python train.py +restart=ID` without `-m`: an ordinary job with a flag `restart`, for Hydra.

Hydra asks no sweeper for one job, so the plugin has this looked at where `+restart=` was typed.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra._internal.hydra import Hydra

from hydra_sweep_runner.compose.overrides import read_path
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.program.identify import go_on_command
from hydra_sweep_runner.store import location
from hydra_sweep_runner.terminal.console import Console, tell_error

#: As lines show an id, or whole; a date or another number is none.
_LIKELY = re.compile(r"(?=.*[a-f])([0-9a-f]{8}|[0-9a-f]{32})")
_ID = re.compile(r"\+restart=([0-9a-f]{4,32})")


def watch_runs() -> None:
    """Have this process refuse one job of a program whose `+restart=` names a run of its store.
    What is no such run stays a flag; what looks like one is told."""
    run = Hydra.run
    if hasattr(run, "__wrapped__"):
        return  # Hydra 1.3 imports a plugin twice

    @functools.wraps(run)
    def watched(self: Hydra, config_name: str | None, *given: Any, **named: Any) -> Any:
        overrides = named.get("overrides", given[1] if len(given) > 1 else ())
        try:
            _refuse_restart(overrides)
        except Mistake as mistake:
            raise SystemExit(tell_error(mistake)) from mistake
        return run(self, config_name, *given, **named)

    Hydra.run = watched  # type: ignore[method-assign]


def _refuse_restart(overrides: Sequence[str]) -> None:
    for text in overrides:
        match = _ID.fullmatch(text)
        if match is None:
            continue
        typed = [read_path(each) for each in overrides if each.startswith(_STORE)]
        store = location.store_path(
            Path.cwd(), typed=typed[-1] if typed else None, environment=os.environ, in_yaml=None
        )
        if any(store.glob(f"{match[1]}*/.runner")):
            raise Mistake(
                f"{text} restarts nothing without -m: {go_on_command(store, Path.cwd())}"
                f"{match[1]} (++restart={match[1]} is a flag of the program)"
            )
        if _LIKELY.fullmatch(match[1]):
            Console().say(
                f"{text} is a flag of this job: nothing is restarted without -m, and there is no "
                f"such run in {store}"
            )


_STORE = "hydra.sweeper.store="
