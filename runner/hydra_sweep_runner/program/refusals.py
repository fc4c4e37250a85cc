"""Explains overrides and configurations that Hydra refuses before it calls our sweeper.

Hydra's parser names its own tokens, and its composition prints several lines; both end with exit
status 1. If our sweeper was typed, such a mistake is reported as everywhere else.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.hydra import Hydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf.errors import OmegaConfBaseException

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.terminal.console import report_error


def watch_sweeps() -> None:
    """Make this process report errors in composing a sweep, and end with exit status 2. With
    HYDRA_FULL_ERROR=1 Hydra reports them itself."""
    multirun = Hydra.multirun
    if hasattr(multirun, "__wrapped__") or os.environ.get("HYDRA_FULL_ERROR") == "1":
        return  # Hydra 1.3 imports a plugin twice

    @functools.wraps(multirun)
    def watched(self: Hydra, *given: Any, **named: Any) -> Any:
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
                mistake = _mistake(self, settings.get("config_name"), settings["overrides"])
                if mistake is None:
                    raise
                raise SystemExit(report_error(mistake)) from error

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
            if mistake is None:
                raise
            raise SystemExit(report_error(mistake)) from error

    setattr(ConfigLoaderImpl, "parse_overrides", parsed)  # noqa: B010 - Hydra 1.3 has none


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
