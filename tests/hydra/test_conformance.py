"""Hydra's own suites for launchers and sweepers, on ours: each launcher under each sweeper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra.core.plugins import Plugins
from hydra.test_utils.launcher_common_tests import (
    BatchedSweeperTestSuite,
    IntegrationTestSuite,
    LauncherTestSuite,
)

from hydra_plugins.runner.launcher import RunnerLauncher
from hydra_plugins.runner.sweeper import RunnerSweeper

# The suites restore Hydra's singletons after each test to what they were before the first.
Plugins.instance()

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

SWEEPERS = ("basic", "runner")
LAUNCHERS = ("basic", "joblib", "runner")

#: Pairs that are ours by at least one half.
PAIRS = [
    pytest.param(
        launcher,
        sweeper,
        id=f"{launcher}-launcher-{sweeper}-sweeper",
        marks=[] if launcher == sweeper == "runner" else pytest.mark.long,
    )
    for launcher in LAUNCHERS
    for sweeper in SWEEPERS
    if "runner" in (launcher, sweeper)
]


def _with_the_others_long(launchers: tuple[str, ...]) -> list[Any]:
    return [
        pytest.param(name, marks=[] if name == "runner" else pytest.mark.long) for name in launchers
    ]


def _settings(launcher: str, sweeper: str) -> list[str]:
    few_jobs = [f"hydra.launcher.n_jobs={2}"] if launcher != "basic" else []
    return [f"hydra/sweeper={sweeper}", *few_jobs]


@pytest.fixture(autouse=True)
def _store_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_STORE", str(tmp_path / "runs"))


def test_the_plugins_are_found() -> None:
    from hydra.plugins.launcher import Launcher
    from hydra.plugins.sweeper import Sweeper

    assert RunnerLauncher.__name__ in {kind.__name__ for kind in _found(Launcher)}
    assert RunnerSweeper.__name__ in {kind.__name__ for kind in _found(Sweeper)}


def _found(kind: Any) -> Iterator[type]:
    yield from Plugins.instance().discover(kind)


@pytest.fixture
def overrides(launcher_name: str, sweeper: str) -> list[str]:
    return _settings(launcher_name, sweeper)


@pytest.mark.parametrize(("launcher_name", "sweeper"), PAIRS)
class TestJobs(LauncherTestSuite):
    """What a job gets and gives."""


@pytest.mark.parametrize("launcher_name", _with_the_others_long(LAUNCHERS))
class TestBatches(BatchedSweeperTestSuite):
    """Jobs in batches of two."""

    @pytest.fixture
    def overrides(self, launcher_name: str) -> list[str]:
        return [*_settings(launcher_name, "runner"), "hydra.sweeper.max_batch_size=2"]


@pytest.mark.parametrize(("launcher", "sweeper"), PAIRS)
class TestPrograms(IntegrationTestSuite):
    """Programs on their own command lines."""

    @pytest.fixture
    def task_launcher_cfg(self) -> dict[str, Any]:
        return {}

    @pytest.fixture
    def extra_flags(self, launcher: str, sweeper: str) -> list[str]:
        return ["-m", f"hydra/launcher={launcher}", *_settings(launcher, sweeper)]
