"""A step's configuration inside a pipeline: Hydra's node is the pipeline's, and the step's own is
ignored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, TypeAlias

from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from hydra_sweep_runner.compose.base import Base, base_of
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.operation.flags import flatten

#: Settings of Hydra, unresolved, by dotted name.
_Settings: TypeAlias = dict[str, Any]

#: The entries below Hydra's node that Hydra writes for each composition.
_OF_COMPOSITION = ("overrides", "runtime")
_OF_JOB = "override_dirname"


def settings_of_all(compose: Callable[[Sequence[str]], Base]) -> Callable[[], _Settings]:
    """A function that gives the settings of Hydra that the project's YAML has without an operation,
    composed when it is first asked."""

    @cache
    def settings() -> _Settings:
        for groups in (("~operation",), ()):  # the defaults list may choose no operation
            with suppress(Mistake):
                return _settings(compose(groups).load())
        return {}

    return settings


def within(
    own: Base, common: Base, of_all: Callable[[], _Settings]
) -> tuple[Base, tuple[str, ...]]:
    """A step's base with Hydra's node of its pipeline's base, and the dotted names of the settings
    of the step's own that this replaces; the step's own base and no names if nothing is replaced.

    Its own are those that differ from the project's settings without an operation, `of_all`."""
    config, shared = own.load(), common.load()
    settings = _settings(config)
    replaced = _different(settings, _settings(shared))
    if not replaced:
        return own, ()
    its_own = _different(settings, of_all())
    ignored = tuple(name for name in replaced if name in its_own)
    hydra = shared.hydra
    with read_write(hydra), open_dict(hydra):
        for name in _OF_COMPOSITION:
            hydra[name] = config.hydra[name]
        if _OF_JOB in hydra.job:
            hydra.job[_OF_JOB] = config.hydra.job._get_node(_OF_JOB)
    with read_write(config), open_dict(config):
        config.hydra = hydra
    return base_of(config), ignored


def _different(own: _Settings, other: _Settings) -> tuple[str, ...]:
    return tuple(name for name in {**other, **own} if other.get(name) != own.get(name))


def _settings(config: DictConfig) -> _Settings:
    held: Any = OmegaConf.to_container(config.hydra, resolve=False)
    for name in _OF_COMPOSITION:
        held.pop(name, None)
    held["job"].pop(_OF_JOB, None)
    return flatten({"hydra": held})
