"""No test sees the caller's home, the caller's store or the caller's git settings."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from hydra_sweep_runner.execute.function import module_state

# How long an example takes is the machine's affair, which others may be using too. The quick
# examples are the same in each run: a change is judged by itself, not by luck. `make
# test-full` takes as many examples as Hypothesis does by itself.
settings.register_profile("quick", deadline=None, max_examples=30, derandomize=True)
settings.register_profile("full", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


#: Where a case is one or more commands: how many cases of one test the small size runs there.
#: In the wild a case is mostly an odd place or way in which the same has to work.
_MOST = {"scenarios": 2, "wild": 1, "hydra": 2, "torture": 2, "samples": 2, "benchmarks": 4}
_MOST_OF_FILE = {"wild/test_grammar.py": 2}
#: All cases of these: a row each of the table of mistakes, one batch for all, Hydra's own suites.
_ALL = (
    "scenarios/test_bad_input.py",
    "wild/test_left_to_the_next.py",
    "hydra/test_conformance.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave most of many cases of one test to `make test-full`; the first and the last stay."""
    cases: dict[tuple[str, int], list[pytest.Item]] = {}
    for item in items:
        place = item.path.relative_to(Path(__file__).parent)
        most = _MOST_OF_FILE.get(place.as_posix(), _MOST.get(place.parts[0]))
        is_long = item.get_closest_marker("long") is not None
        if most is not None and place.as_posix() not in _ALL and not is_long:
            cases.setdefault((item.nodeid.partition("[")[0], most), []).append(item)
    for (_, most), alike in cases.items():
        if len(alike) > most:
            kept = {round(n * (len(alike) - 1) / max(most - 1, 1)) for n in range(most)}
            for number, item in enumerate(alike):
                if number not in kept:
                    item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session", autouse=True)
def _no_traces_of_the_caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also under nohup
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also in a shell's background
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("RUNNER_", "HYDRA_", "GIT_")):
                patch.delenv(name)
        python = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
        for name in ("COLUMNS", "LINES", "OC_CAUSE", *python):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "A Tester")
            patch.setenv(f"GIT_{role}_EMAIL", "tester@example.org")
        yield


@pytest.fixture(autouse=True)
def _leaves_ctrl_c_as_it_was() -> Iterator[None]:
    """What a test starts inherits that Ctrl-C is ignored: a later test that sends one would wait
    for ever."""
    yield
    left = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    assert left is signal.default_int_handler


@pytest.fixture(scope="session", autouse=True)
def _tests_are_no_project() -> None:
    """Some tests fork workers from this process. They keep the state of a project's modules, and
    would take the hundreds of modules of tests for a project's: a quarter of a second each."""
    module_state._OWN = (*module_state._OWN, "tests", "benchmarks")
    module_state._is_projects.cache_clear()
