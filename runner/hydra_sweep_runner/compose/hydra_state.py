"""Saves and restores the global state of Hydra and OmegaConf."""

from __future__ import annotations

from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.core.singleton import Singleton
from omegaconf.basecontainer import BaseContainer


class HydraState:
    """The singletons of Hydra and the resolvers of OmegaConf when this is made."""

    def __init__(self) -> None:
        self._instances: dict[Any, Any] = dict(Singleton._instances)
        self._attributes = {
            kind: dict(vars(instance))
            for kind, instance in self._instances.items()
            if kind is not Plugins
        }
        self._resolvers = dict(BaseContainer._resolvers)
        self._stored = _copied(ConfigStore.instance().repo)

    def put_back(self) -> None:
        """Restore the state."""
        instances: dict[Any, Any] = Singleton._instances
        if not _is_same(instances, self._instances):
            instances.clear()
            instances.update(self._instances)
        for kind, attributes in self._attributes.items():
            present = vars(self._instances[kind])
            if not _is_same(present, attributes):
                present.clear()
                present.update(attributes)
        resolvers = BaseContainer._resolvers
        if not _is_same(resolvers, self._resolvers):
            resolvers.clear()
            resolvers.update(self._resolvers)
        store = ConfigStore.instance()
        if not _is_same_tree(store.repo, self._stored):
            store.repo = _copied(self._stored)


def forget_hydra() -> None:
    """Reset Hydra, as in a process in which it was never initialised."""
    GlobalHydra.instance().clear()


def _is_same(present: dict[Any, Any], before: dict[Any, Any]) -> bool:
    return len(present) == len(before) and all(
        present.get(name) is value for name, value in before.items()
    )


def _copied(tree: dict[str, Any]) -> dict[str, Any]:
    return {name: _copied(node) if isinstance(node, dict) else node for name, node in tree.items()}


def _is_same_tree(present: dict[str, Any], before: dict[str, Any]) -> bool:
    return present.keys() == before.keys() and all(
        _is_same_tree(present[name], node)
        if isinstance(node, dict) and isinstance(present[name], dict)
        else present[name] is node
        for name, node in before.items()
    )
