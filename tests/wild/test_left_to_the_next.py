"""What a trial of a function leaves to the next one in the same worker: nothing."""

from __future__ import annotations

import os
import random
import resource
from pathlib import Path
from typing import Any

import pytest

from tests.wild.cases import Folder
from tests.wild.leaving import FILES

#: What the second trial finds, by what the first one leaves.
FOUND: dict[str, Any] = {
    "count": 0,
    "seen": [[], {"a": [1, {"b": 2}]}, [1]],
    "class": [1, 0, False, False],
    "cache": [[], 1],
    "alarm": True,
    "handler": [True, True],
    "mask": [],
    "environment": [None, "yes"],
    "folder": True,
    "path": [True, 1],
    "umask": True,
    "limits": True,
    "nice": os.nice(0),
    "locale": True,
    "warnings": "warned",
    "logging": [0, 0, 0],
    "builtins": [False, [1, 2]],
    "hooks": [True, 1000, None, True],
    "random": [round(random.Random(7).random(), 6), round(random.Random(3).random(), 6)],
    "seed": round(random.Random(7).random(), 6),
    "context": 0,
    "thread": 1,
    "threads of a pool": 1,
    "process": 0,
    "hydra": 1,
    "resolver": [2, False],
    "start method": "fork",
    "loop": True,
    "module": [],
    "streams": True,
    "settings of streams": ["utf-8", True],
    "iterators": [0, 1],
    "generator": 0,
    "lock": False,
    "lock that its thread may take again": False,
    "holders": [False, 0, 1, 1],
    "slots": [0, False],
    "object of a library": 1,
    "long list": 7,
    "large array": 0.0,
    "array of objects": [1],
    "file": 0,
    "library": ["[1]", True, False],
    "decimal": 28,
    "captured warnings": True,
}

#: After these the worker is another.
REPLACED = {
    *("nice", "thread", "threads of a pool", "process", "iterators", "generator", "lock"),
    *("lock that its thread may take again", "object of a library", "long list"),
    *("large array", "array of objects"),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, bool]]:
    """What was found, by kind, and whether the worker was the same: of one batch."""
    folder = Folder(
        Path(tmp_path_factory.mktemp("left")),
        FILES,
        UMASK_BEFORE="22",
        FILES_BEFORE=str(resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
        PYTHONWARNINGS="ignore",
    )
    kinds = ",".join(f"'{kind}'" for kind in FOUND)
    folder.bash(f'umask 22; runner -m "kind={kinds}" x=1,2', status=None)
    results: dict[str, Any] = {}
    pids: dict[str, int] = {}
    for trial in folder.trials():
        kind, result = trial["flags"]["kind"], trial["result"]
        if trial["flags"]["x"] == 1:
            pids[kind] = result
        elif result is not None:
            results[kind] = result["found"], result["pid"] == pids[kind]
    return results


@pytest.mark.parametrize("kind", FOUND)
def test_a_trial_finds_nothing_of_the_one_before(
    found: dict[str, tuple[Any, bool]], kind: str
) -> None:
    assert found[kind][0] == FOUND[kind]


@pytest.mark.parametrize("kind", FOUND)
def test_a_worker_is_replaced_only_where_it_cannot_be_put_right(
    found: dict[str, tuple[Any, bool]], kind: str
) -> None:
    assert found[kind][1] == (kind not in REPLACED or (kind == "nice" and os.nice(0) == 19))


def test_a_trial_gets_another_worker_where_the_former_one_cannot_be_put_right(
    tmp_path: Path,
) -> None:
    folder = Folder(
        tmp_path,
        {
            "conf/config.yaml": "operation: {function: work.train}\nx: 1\n",
            "work.py": """
                import gc, os, signal

                class Endless:
                    def __del__(self):
                        signal.pause()

                def train(x):
                    if x == 1:
                        gc.disable()
                        knot = [Endless()]
                        knot.append(knot)
                    return os.getpid()
            """,
        },
    )
    folder.bash("runner -m x=1,2 hydra.launcher.n_jobs=1")
    first, second = (trial["result"] for trial in folder.trials())
    assert first != second
