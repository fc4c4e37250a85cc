"""Explains overrides and configurations that Hydra refuses before it calls our sweeper.

Hydra's parser names its own tokens, and its composition prints several lines; both end with exit
status 1. If the sweep would be ours, such a mistake is reported as everywhere else. Every program
that sweeps imports this module, whatever its sweeper: it imports what it needs when Hydra refuses
something.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Sequence
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.hydra import Hydra
from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hydra_sweep_runner.errors import Mistake, RunnerError

_TYPED = "hydra/sweeper=runner"
_BY_HYDRA = "hydra.mode=MULTIRUN"  #: what Hydra puts in the place of `-m`
_OURS = "hydra_plugins.runner.sweeper.RunnerSweeper"


def watch_sweeps() -> None:
    """Make this process report errors in composing a sweep of ours, and end with exit status 2.
    With HYDRA_FULL_ERROR=1 Hydra reports them itself."""
    multirun = Hydra.multirun
    if hasattr(multirun, "__wrapped__") or os.environ.get("HYDRA_FULL_ERROR") == "1":
        return  # Hydra 1.3 imports a plugin twice

    @functools.wraps(multirun)
    def watched(self: Hydra, *given: Any, **named: Any) -> Any:
        mistake = _misdirected(self.config_loader)
        if mistake is not None:
            raise SystemExit(_report(mistake))
        compose: Any = self.compose_config

        def composed(*args: Any, **settings: Any) -> Any:
            try:
                return compose(*args, **settings)
            except (
                HydraException,
                OmegaConfBaseException,
                AssertionError,  # some that Hydra does not foresee
                AttributeError,
            ) as error:
                name, overrides = settings.get("config_name"), settings["overrides"]
                if _is_ours(self.config_loader, name, overrides):
                    mistake = _mistake(self, name, overrides)
                    if mistake is not None:
                        raise SystemExit(_report(mistake)) from error
                raise

        self.compose_config = composed  # type: ignore[method-assign]
        return multirun(self, *given, **named)

    Hydra.multirun = watched  # type: ignore[method-assign]
    _watch_parser()


def _watch_parser() -> None:
    """Do the same for the overrides that Hydra parses before it composes anything, from Hydra
    1.4 on."""
    parse: Any = getattr(ConfigLoaderImpl, "parse_overrides", None)
    if parse is None:
        return

    @functools.wraps(parse)
    def parsed(
        self: ConfigLoaderImpl, config_name: str | None, overrides: Any, *rest: Any, **named: Any
    ) -> Any:
        try:
            return parse(self, config_name, overrides, *rest, **named)
        except HydraException as error:
            mistake = _mistake_in(overrides)
            if mistake is not None and _is_ours(self, config_name, overrides):
                raise SystemExit(_report(mistake)) from error
            raise

    setattr(ConfigLoaderImpl, "parse_overrides", parsed)  # noqa: B010 - Hydra 1.3 has none


def _is_ours(loader: ConfigLoader, config_name: str | None, overrides: Sequence[str]) -> bool:
    """Whether the sweeper is ours: it was typed, or the configuration chooses it, by the config
    groups among the overrides as far as Hydra can compose them. A call of Hydra's from Python,
    whose overrides nobody typed, gets its exception."""
    if not set(overrides) <= {_BY_HYDRA, *sys.argv[1:]}:
        return False
    if _TYPED in sys.argv[1:]:
        return True
    from hydra_sweep_runner.commands.start.composing import read_typed
    from hydra_sweep_runner.compose.composer import Composer

    kept: list[str] = []
    target = ""
    for text in ("", *overrides):
        tried = [*kept, text] if text else kept
        try:
            typed = read_typed(tried)
            composer = Composer(loader, config_name, typed.hydra)
            if text and not composer.is_group_choice(text):
                continue
            config = composer.compose(typed.task, RunMode.MULTIRUN)
        except (RunnerError, HydraException, OmegaConfBaseException):
            continue  # what cannot be composed chooses no sweeper
        kept = tried
        target = str(OmegaConf.select(config, "hydra.sweeper._target_"))
    return target == _OURS


def _misdirected(loader: ConfigLoader) -> Mistake | None:
    """The mistake in a word that was meant to choose our sweeper, and chooses none."""
    for word in sys.argv[1:]:
        name, _, value = word.partition("=")
        if name == "hydra.sweeper" and value == "runner":
            return Mistake(f"{word}: a config group is written with a slash: {_TYPED}")
        if name == "hydra/sweeper" and value != "runner":
            from difflib import get_close_matches

            if not get_close_matches(value, ["runner"], n=1, cutoff=0.7):
                continue
            there = loader.get_group_options("hydra/sweeper")
            if value not in there:
                return Mistake(
                    f"{word}: there is no such sweeper; did you mean {_TYPED}? (there are "
                    f"{', '.join(there)})"
                )
    return None


def _report(mistake: Mistake) -> int:
    from hydra_sweep_runner.terminal.console import report_error

    return report_error(mistake)


def _mistake_in(overrides: Sequence[str]) -> Mistake | None:
    """The mistake in override strings themselves, if there is one."""
    from hydra_sweep_runner.commands.start.composing import read_typed

    try:
        read_typed(overrides)
    except Mistake as mistake:
        return mistake
    return None


def _mistake(hydra: Hydra, config_name: str | None, overrides: Sequence[str]) -> Mistake | None:
    """The mistake, found by composing again; None if composing again does not fail."""
    from hydra_sweep_runner.commands.start.composing import read_typed
    from hydra_sweep_runner.compose.composer import Composer

    try:
        composer = Composer(hydra.config_loader, config_name, read_typed(overrides).hydra)
        typed = read_typed(overrides).among(composer)
        composer.compose(typed.task, RunMode.MULTIRUN)
    except Mistake as mistake:
        return mistake
    return None
