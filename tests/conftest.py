"""No test sees the caller's home, the caller's store or the caller's git settings."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

# How long an example takes is the machine's affair, which others may be using too. `make
# test-full` takes as many examples as Hypothesis does by itself.
settings.register_profile("quick", deadline=None, max_examples=30)
settings.register_profile("full", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session", autouse=True)
def _no_traces_of_the_caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also under nohup
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also in a shell's background
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("RUNNER_", "HYDRA_", "GIT_")):
                patch.delenv(name)
        for name in ("COLUMNS", "LINES", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "OC_CAUSE"):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "A Tester")
            patch.setenv(f"GIT_{role}_EMAIL", "tester@example.org")
        yield
