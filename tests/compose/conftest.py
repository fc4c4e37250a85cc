"""Hydra's defaults are afterwards as they were before: other tests share the process."""

from __future__ import annotations

from collections.abc import Iterator

import hydra.conf  # noqa: F401  (its defaults are in the store from here on)
import pytest
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.version import VersionBase

Plugins.instance()  # finds the kinds of configuration sources, as a start of Hydra does


@pytest.fixture(scope="module", autouse=True)
def _hydra_as_it_was() -> Iterator[None]:
    configs = ConfigStore.instance().repo["hydra"]
    defaults, base = configs["config.yaml"], VersionBase.instance().version_base
    yield
    configs["config.yaml"] = defaults
    VersionBase.instance().version_base = base
    GlobalHydra.instance().clear()
