"""Explains overrides and configurations that Hydra refuses before it calls our sweeper.

Hydra's parser names its own tokens, and its composition prints several lines; both end with exit
status 1. If the sweep would be ours, such a mistake is reported as everywhere else. Every program
that sweeps imports this module, whatever its sweeper: it imports what it needs when Hydra refuses
something.
"""

from __future__ import annotations

import functools
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.hydra import Hydra
from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf

from hydra_sweep_runner.errors import Mistake, RunnerError

_TYPED = "hydra/sweeper=runner"
_IS_SWEEP = frozenset(("-m", "--multirun"))
_BY_HYDRA = "hydra.mode=MULTIRUN"  #: what Hydra puts in the place of `-m`
_OURS = "hydra_plugins.runner.sweeper.RunnerSweeper"
_CHOOSES_OURS = re.compile(rb"""^[^#\n]*hydra/sweeper['"]?[ ]*:[ ]*['"]?runner\b""", re.MULTILINE)


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
            except Exception as error:  # YAML's, Hydra's, and some that Hydra does not foresee
                name, overrides = settings.get("config_name"), settings["overrides"]
                if _is_ours(self.config_loader, name, overrides):
                    mistake = _mistake(self.config_loader, name, overrides)
                    if mistake is not None:
                        raise SystemExit(_report(mistake)) from error
                raise

        self.compose_config = composed  # type: ignore[method-assign]
        return multirun(self, *given, **named)

    Hydra.multirun = watched  # type: ignore[method-assign]
    _watch_parser()


def _watch_parser() -> None:
    """Do the same for the overrides that Hydra parses before it composes anything, from Hydra
    1.4 on: it reads the main config for that."""
    parse: Any = getattr(ConfigLoaderImpl, "parse_overrides", None)
    if parse is None:
        return

    @functools.wraps(parse)
    def parsed(
        self: ConfigLoaderImpl, config_name: str | None, overrides: Any, *rest: Any, **named: Any
    ) -> Any:
        try:
            return parse(self, config_name, overrides, *rest, **named)
        except Exception as error:
            mistake = None
            if isinstance(error, HydraException):
                mistake = _mistake_in(overrides)
            elif type(self) is ConfigLoaderImpl and _IS_SWEEP.intersection(sys.argv[1:]):
                mistake = _mistake(self, config_name, overrides)
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
    if any(word.startswith("hydra/sweeper=") for word in sys.argv[1:]):
        return _TYPED in sys.argv[1:]
    from hydra_sweep_runner.commands.start.composing import read_typed
    from hydra_sweep_runner.compose.composer import Composer
    from hydra_sweep_runner.compose.value_overrides import REFUSALS

    kept: list[str] = []
    target = ""
    files: dict[str, bytes] = {}
    for text in ("", *overrides):
        tried = [*kept, text] if text else kept
        composer = None
        try:
            typed = read_typed(tried)
            composer = Composer(loader, config_name, typed.hydra)
            if text and not composer.is_group_choice(text):
                continue
            config = composer.compose(typed.task, RunMode.MULTIRUN)
        except (RunnerError, *REFUSALS):
            if composer is not None:
                files |= composer.files()
            continue  # what cannot be composed chooses no sweeper
        kept = tried
        target = str(OmegaConf.select(config, "hydra.sweeper._target_"))
    return target == _OURS or _is_written(files, config_name, overrides)


def _is_written(
    files: Mapping[str, bytes], config_name: str | None, overrides: Sequence[str]
) -> bool:
    """Whether the main config, or a config that an override chooses, has our sweeper in its
    defaults list. It is looked for in the text, because the YAML may not parse."""
    names = {config_name, *(text.lstrip("+").replace("=", "/", 1) for text in overrides)}
    return any(
        _CHOOSES_OURS.search(content)
        for path, content in files.items()
        if path.partition("/")[2].rpartition(".")[0] in names
    )


def _misdirected(loader: ConfigLoader) -> Mistake | None:
    """The mistake in a word that was meant to choose our sweeper, and chooses none."""
    for word in sys.argv[1:]:
        name, _, value = word.partition("=")
        if name in ("+hydra/sweeper", "++hydra/sweeper") and value == "runner":
            return Mistake(f"{word}: the sweeper is chosen without +: {_TYPED}")
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


def _mistake(
    loader: ConfigLoader, config_name: str | None, overrides: Sequence[str]
) -> Mistake | None:
    """The mistake, found by composing again; None if composing again does not fail."""
    from hydra_sweep_runner.commands.start.composing import read_typed
    from hydra_sweep_runner.compose.composer import Composer

    try:
        composer = Composer(loader, config_name, read_typed(overrides).hydra)
        typed = read_typed(overrides).among(composer)
        composer.compose(typed.task, RunMode.MULTIRUN)
    except Mistake as mistake:
        return mistake
    for text in overrides:
        name, _, value = text.removeprefix("+").partition("=")
        if text.startswith("+") and name in typed.given:
            try:
                composer.compose([*typed.task, text], RunMode.MULTIRUN)
            except Mistake:
                own = shlex.quote(f"hydra.sweeper.{name}={value}")
                return Mistake(
                    f"{text}: the program's configuration has an entry {name}, so Hydra takes this "
                    f"for a flag; the run option is {own}"
                )
    return None
