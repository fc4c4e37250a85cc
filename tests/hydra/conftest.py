"""Tests under launchers that are not ours start pools of their own and take minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

_OTHERS = {"joblib", "submitit_local"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave them to make test-full."""
    for item in items:
        spec = getattr(item, "callspec", None)
        if spec is None or Path(__file__).parent not in item.path.parents:
            continue
        if _OTHERS & {str(value) for value in spec.params.values()}:
            item.add_marker(pytest.mark.long)
