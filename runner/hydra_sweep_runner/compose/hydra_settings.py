"""Settings of Hydra in a composed configuration, and those in which two configurations differ."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeAlias

from omegaconf import DictConfig, OmegaConf

from hydra_sweep_runner.operation.flags import flatten

#: Settings of Hydra, unresolved, by dotted name.
HydraSettings: TypeAlias = dict[str, Any]

#: The entries below Hydra's node that Hydra writes for each composition.
OF_COMPOSITION = ("overrides", "runtime")
#: The entry below `hydra.job` that it writes for each composition.
OF_JOB = "override_dirname"


#: Where Hydra puts jobs' output unless somebody says otherwise: its conf/hydra/output/default.yaml.
#: The runner gives each run a folder in the store instead.
_FOLDERS = {
    "hydra.run.dir": "outputs/${now:%Y-%m-%d}/${now:%H-%M-%S}",
    "hydra.sweep.dir": "multirun/${now:%Y-%m-%d}/${now:%H-%M-%S}",
    "hydra.sweep.subdir": "${hydra.job.num}",
}
CALLBACKS = "hydra.callbacks"


def settings_for_programs(config: DictConfig) -> tuple[str, ...]:
    """The names of the settings that somebody has made and that have an effect in a `@hydra.main`
    program alone: folders of output, and callbacks. Nothing is resolved."""
    node: Any = config.hydra
    callbacks = node._get_node("callbacks")
    found = []
    for name, usual in _FOLDERS.items():
        _, parent, key = name.split(".")
        held = node._get_node(parent)._content
        leaf = held.get(key) if isinstance(held, dict) else None
        if leaf is not None and leaf._value() != usual:
            found.append(name)
    return (*found, *([CALLBACKS] if callbacks is not None and callbacks._content else []))


def hydra_settings(config: DictConfig, parts: Collection[str] | None = None) -> HydraSettings:
    """The settings of Hydra that do not depend on what was composed; those of some parts, such as
    `sweeper`, or of all."""
    node: Any = config.hydra
    chosen = [name for name in node if name not in OF_COMPOSITION] if parts is None else parts
    found: HydraSettings = {}
    for part in chosen:
        held: Any = node._get_node(part)
        is_leaf = not OmegaConf.is_config(held)
        plain: Any = held._value() if is_leaf else OmegaConf.to_container(held, resolve=False)
        found |= flatten({"hydra": {part: plain}})
    found.pop(f"hydra.job.{OF_JOB}", None)
    return found


def different(own: HydraSettings, other: HydraSettings) -> tuple[str, ...]:
    """The names of the settings in which the two differ."""
    return tuple(name for name in {**other, **own} if other.get(name) != own.get(name))
