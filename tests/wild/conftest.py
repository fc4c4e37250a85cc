"""Projects of a few files, made as for the scenarios."""

from __future__ import annotations

from tests.scenarios.conftest import make_project

__all__ = ["make_project"]
