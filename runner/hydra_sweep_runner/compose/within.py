"""A step's configuration inside a pipeline: Hydra's node is the pipeline's, and the step's own is
ignored."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from hydra_sweep_runner.compose.base import Base, base_of
from hydra_sweep_runner.operation.flags import flatten

#: The entries below Hydra's node that Hydra writes for each composition.
_OF_COMPOSITION = ("overrides", "runtime")
_OF_JOB = "override_dirname"


def within(own: Base, common: Base) -> tuple[Base, tuple[str, ...]]:
    """A step's base with Hydra's node of its pipeline's base, and the dotted names of the settings
    that this replaces; the step's own base and no names if the settings are the same."""
    config, shared = own.load(), common.load()
    ignored = _other_settings(config, shared)
    if not ignored:
        return own, ()
    hydra = shared.hydra
    with read_write(hydra), open_dict(hydra):
        for name in _OF_COMPOSITION:
            hydra[name] = config.hydra[name]
        if _OF_JOB in hydra.job:
            hydra.job[_OF_JOB] = config.hydra.job._get_node(_OF_JOB)
    with read_write(config), open_dict(config):
        config.hydra = hydra
    return base_of(config), ignored


def _other_settings(config: DictConfig, shared: DictConfig) -> tuple[str, ...]:
    own, common = _settings(config), _settings(shared)
    return tuple(name for name in {**common, **own} if common.get(name) != own.get(name))


def _settings(config: DictConfig) -> dict[str, Any]:
    """A configuration's settings of Hydra, unresolved, by dotted name."""
    held: Any = OmegaConf.to_container(config.hydra, resolve=False)
    for name in _OF_COMPOSITION:
        held.pop(name, None)
    held["job"].pop(_OF_JOB, None)
    return flatten({"hydra": held})
