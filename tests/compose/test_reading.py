"""What is read and merged once for all compositions of a start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl

from tests.compose.projects import open_composer

FILES = {
    "config.yaml": "defaults: [model: small, _self_]",
    "model/small.yaml": "depth: 1",
    "model/large.yaml": "depth: 2",
}


def test_hydras_own_configs_are_merged_for_the_first_composition_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged: list[str] = []
    load = ConfigLoaderImpl._load_single_config

    def noted(self: Any, default: Any, repo: Any) -> Any:
        merged.append(str(default.config_path))
        return load(self, default=default, repo=repo)

    monkeypatch.setattr(ConfigLoaderImpl, "_load_single_config", noted)
    composer = open_composer(tmp_path, FILES)
    assert composer.trial(["model=small"]).job().model.depth == 1
    assert sum(path.startswith("hydra/") for path in merged) > 5
    merged.clear()
    assert composer.trial(["model=large"]).job().model.depth == 2
    assert sorted(merged) == ["config", "model/large"]
