"""The world that execution's tests share the making of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.execute.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
