"""Projects of a few files, made as for the scenarios."""

from __future__ import annotations

from tests.cluster.conftest import cluster
from tests.scenarios.conftest import make_project

__all__ = ["cluster", "make_project"]
