"""A step's configuration inside a pipeline: Hydra's node is the pipeline's, and the step's own is
ignored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache

from omegaconf import open_dict, read_write

from hydra_sweep_runner.compose.base import Base, base_of
from hydra_sweep_runner.compose.hydra_settings import (
    OF_COMPOSITION,
    OF_JOB,
    HydraSettings,
    different,
)
from hydra_sweep_runner.errors import Mistake


def settings_of_all(compose: Callable[[Sequence[str]], Base]) -> Callable[[], HydraSettings]:
    """A function that gives the settings of Hydra that the project's YAML has without an operation,
    composed when it is first asked."""

    @cache
    def settings() -> HydraSettings:
        for groups in (("~operation",), ()):  # the defaults list may choose no operation
            with suppress(Mistake):
                return compose(groups).hydra_settings
        return {}

    return settings


def within(
    own: Base, common: Base, of_all: Callable[[], HydraSettings]
) -> tuple[Base, tuple[str, ...]]:
    """A step's base with Hydra's node of its pipeline's base, and the dotted names of the settings
    of the step's own that this replaces; the step's own base and no names if nothing is replaced.

    Its own are those that differ from the project's settings without an operation, `of_all`."""
    replaced = different(own.hydra_settings, common.hydra_settings)
    if not replaced:
        return own, ()
    its_own = different(own.hydra_settings, of_all())
    ignored = tuple(name for name in replaced if name in its_own)
    config, hydra = own.load(), common.load().hydra
    with read_write(hydra), open_dict(hydra):
        for name in OF_COMPOSITION:
            hydra[name] = config.hydra[name]
        if OF_JOB in hydra.job:
            hydra.job[OF_JOB] = config.hydra.job._get_node(OF_JOB)
    with read_write(config), open_dict(config):
        config.hydra = hydra
    return base_of(config), ignored
