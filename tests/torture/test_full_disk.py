"""A disk that fails: no space, no permission, read-only, broken; at each change, one by one."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.store.runs import RunStore
from tests.scenarios.conftest import MakeProject
from tests.torture.instrument import Fault
from tests.torture.projects import Place
from tests.torture.scenarios import SCENARIOS, check, fill
from tests.torture.size import FULL, sized
from tests.torture.zygote import Ended, Zygote

_OTHERS = (errno.EIO, errno.EROFS, errno.EDQUOT, errno.EACCES)
#: What the runner exits with when its store cannot be written.
_STORE_FAILED = 74


def _faults(total: int) -> Iterator[Fault]:
    """Two faults at each point: no space from then on, and another error, once and for good
    in turn. By default one of them, the same in each run."""
    faults = [
        fault
        for at in range(total)
        for fault in (
            Fault(at=at, error=errno.ENOSPC, lasting=True),
            Fault(at=at, error=_OTHERS[at // 2 % len(_OTHERS)], lasting=bool(at % 2)),
        )
    ]
    yield from faults if FULL else random.Random(total).sample(faults, sized(1, total))


@pytest.mark.parametrize("name", SCENARIOS)
def test_whatever_fails_on_the_disk_it_is_told_in_one_line_and_can_be_gone_on_with(
    name: str, tmp_path: Path, zygote: Zygote
) -> None:
    scenario = SCENARIOS[name]
    origin = Place.make(tmp_path / "origin", zygote, program=scenario.program)
    for before in scenario.before:
        origin.run(*fill(origin, before))
    words = fill(origin, scenario.command)
    counted = origin.copy(tmp_path / "counted")
    folder = tmp_path / "copy"
    for fault in _faults(counted.run(*words, fault=Fault()).points):
        place = origin.copy(folder)
        ended = place.run(*words, status=None, fault=fault)
        try:
            _check_told(ended, fault)
            if not fault.lasting:
                _check_marked(place)
            check(scenario, origin, place, words, failing=True)
        except AssertionError as error:
            raise AssertionError(f"{fault}: {error}\n{ended.err}") from error
        shutil.rmtree(folder)


def _check_told(ended: Ended, fault: Fault) -> None:
    assert not ended.left
    assert "a bug of the runner" not in ended.err
    told = [line for line in ended.said if line.startswith("runner: ")]
    why = os.strerror(fault.error or 0)
    if ended.status == 0:
        assert not told
    elif ended.status == 1:
        assert not told
        words = (" failed: ", "The launcher has not started")
        assert any(why in line and any(each in line for each in words) for line in ended.said)
    else:
        assert ended.status in (2, _STORE_FAILED)
        assert len(told) == 1 and told[0].endswith(why)


def _check_marked(place: Place) -> None:
    """Nothing is recorded as running, where the disk has failed but once."""
    runs = RunStore(place.store).read_all()
    told = {run.state.status for run in runs if isinstance(run, Run)}
    assert Status.RUNNING not in told


# ---- real disks

BIG = {
    "conf/config.yaml": """
        operation: {function: lib.work}
        x: 1
        hydra: {launcher: {n_jobs: 1}}
    """,
    "lib.py": """
        import os

        def work(x):
            with open("big", "wb") as file:
                file.write(bytes(int(os.environ.get("BIG_BYTES", 0))))
            return (x,)
    """,
}
_BEGIN = """
    call() { "$PYTHON" -m hydra_sweep_runner "$@"; }
    runner() { local end=0; call "$@" 2>> said || end=$?; echo $end >> statuses; }
    newest() { call runs list --json | "$PYTHON" -c '
    import json, sys
    print(next(run["id"] for run in json.load(sys.stdin) if run["kind"] == "batch"))'; }
    set -e
    mkdir -p runs
    mount -t tmpfs -o "$OPTIONS" none runs
"""


@pytest.fixture
def on_tmpfs(make_project: MakeProject) -> Callable[..., tuple[list[str], list[str]]]:
    """Runs lines of bash in a project whose store is a file system of its own, mounted with
    some options: the exit statuses of the runner's commands, and what they said."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system of his own")

    def run(options: str, lines: str, **environment: str) -> tuple[list[str], list[str]]:
        project = make_project(BIG)
        subprocess.run(
            ["unshare", "-rm", "bash", "-c", dedent(_BEGIN) + lines],
            cwd=project.folder,
            env={**os.environ, **environment, "OPTIONS": options, "PYTHON": sys.executable},
            check=True,
            timeout=120,
        )
        statuses = (project.folder / "statuses").read_text().split()
        return statuses, (project.folder / "said").read_text().splitlines()

    return run


def test_a_trial_that_fills_the_disk_fails_and_goes_on_when_there_is_space(
    on_tmpfs: Callable[..., tuple[list[str], list[str]]],
) -> None:
    lines = """
        BIG_BYTES=400000 runner -m x=1,2,3,4
        call runs list --all > /dev/null
        rm -f runs/*/big
        runner "+restart=$(newest)" +needed=true
    """
    statuses, said = on_tmpfs("size=1m", lines)
    assert statuses[0] in ("1", str(_STORE_FAILED))
    assert any("No space left on device" in line for line in said)
    assert statuses[1] == "0"
    assert said[-1].endswith("4 trials, 4 completed")


def test_a_store_without_inodes_is_told_and_gone_on_with(
    on_tmpfs: Callable[..., tuple[list[str], list[str]]],
) -> None:
    lines = """
        runner -m x=1,2,3,4
        call runs list --all > /dev/null
        mount -o remount,nr_inodes=1000 runs
        runner "+restart=$(newest)" +needed=true
    """
    statuses, said = on_tmpfs("nr_inodes=33", lines)
    assert statuses[0] in ("1", str(_STORE_FAILED))
    assert any("No space left on device" in line for line in said)
    assert statuses[1] == "0"
    assert said[-1].endswith("4 trials, 4 completed")


def test_a_store_that_can_only_be_read_is_read(
    on_tmpfs: Callable[..., tuple[list[str], list[str]]],
) -> None:
    lines = """
        runner -m x=1,2
        batch=$(newest)
        mount -o remount,ro runs
        runner runs list
        runner runs show "$batch"
        runner "+restart=$batch" +needed=true +print_trials=true
        : > said
        runner -m x=1,2
        runner "+restart=$batch" +needed=true
        runner runs delete "$batch" --yes
    """
    statuses, said = on_tmpfs("size=10m", lines)
    assert statuses == ["0", "0", "0", "0", *[str(_STORE_FAILED)] * 3]
    assert len(said) == 3
    assert all(line.startswith("runner: ") for line in said)
    assert all(line.endswith(": Read-only file system") for line in said)


def test_a_trial_whose_output_cannot_be_kept_fails_and_says_so(make_project: MakeProject) -> None:
    files = {**BIG, "lib.py": "def work(x): print('y' * 300_000)"}
    project = make_project(files)
    limited = ["bash", "-c", 'ulimit -f 100; exec "$0" -m hydra_sweep_runner x=1', sys.executable]
    ended = subprocess.run(
        limited, cwd=project.folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert "failed: its output could not be kept: File too large" in ended.stderr
    assert len(ended.stdout) == 300_001
    assert project.newest("run")["status"] == "error"
    assert project.run(f"+restart={project.newest('run')['id']}").returncode == 0
