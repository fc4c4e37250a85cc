"""Runs, processes and damage for the tests of the store."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra_sweep_runner.model import (
    Kind,
    Operation,
    Process,
    Recipe,
    Run,
    State,
    Status,
)
from hydra_sweep_runner.system.clock import now

ID = "3f2a9c1d" * 4
OTHER = "3f2a0000" * 4
BATCH = "77b01c52" * 4


def run_of(run_id: str = ID, status: Status = Status.PENDING, **state: Any) -> Run:
    return Run(
        id=run_id,
        kind=Kind.TRIAL,
        operation=Operation(name="train", kind="script", target="train.py"),
        flags={"x": 1, "y": float("inf")},
        recipe=Recipe(config_name="config", snapshot="5" * 64),
        state=State(status=status, **{"initialized": now(), **state}),
    )


def running(process: Process | None, run_id: str = ID) -> Run:
    return run_of(run_id, Status.RUNNING, started=now(), process=process)


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder, with a file's bytes."""
    paths = sorted(folder.rglob("*"))
    return {str(path): path.read_bytes() if path.is_file() else None for path in paths}


def python(code: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run some lines with `store` open at the first argument, and the domain at hand."""
    return subprocess.run(_command(code, *arguments), capture_output=True, text=True, **options)


def _command(code: str, *arguments: object) -> list[str]:
    begin = (
        "import os, resource, signal, sys, time\n"
        "from pathlib import Path\n"
        "from dataclasses import replace\n"
        "from hydra_sweep_runner.errors import *\n"
        "from hydra_sweep_runner.store import disk\n"
        "from hydra_sweep_runner.store.runs import RunStore\n"
        "store = RunStore(Path(sys.argv[1]))\n"
    )
    return [sys.executable, "-c", begin + code, *map(str, arguments)]


@contextmanager
def talking(code: str, *arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that runs some lines and waits, and the first line that it prints."""
    command = _command(code, *arguments)
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        yield child, child.stdout.readline().strip()
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
