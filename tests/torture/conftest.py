from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.scenarios.conftest import make_project
from tests.torture.zygote import Zygote

__all__ = ["make_project"]

collect_ignore_glob = [] if sys.platform == "linux" else ["test_*.py"]


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """A process that forks a `runner` for each command."""
    zygote = Zygote(tmp_path_factory.mktemp("zygote"))
    yield zygote
    zygote.close()
