"""What is installed here, without importing it: a process forks slower the more it has imported,
and tests fork the one that runs them."""

from __future__ import annotations

from importlib.util import find_spec

import pytest


def needs(*packages: str) -> pytest.MarkDecorator:
    """Skip what is marked where one of these packages is not installed."""
    missing = [name for name in packages if find_spec(name) is None]
    reason = f"not installed: {', '.join(missing)}: pip install --group dev"
    return pytest.mark.skipif(bool(missing), reason=reason)
