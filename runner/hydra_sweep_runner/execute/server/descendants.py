"""Finds the descendants of a process on Linux; on other systems they are unknown.

The fork server imports this module, so it does not use psutil.
"""

from __future__ import annotations

import os

from hydra_sweep_runner.execute import variables

_VARIABLE = f"{variables.RUN_ID}=".encode()


def children_of_this() -> list[int]:
    """The pids of this process's children, zombies included; this process has one thread."""
    return _children(os.getpid())


def tree_of(pid: int) -> list[int]:
    """The process and all its descendants, parents first."""
    found = [pid]
    for each in found:
        found += _children(each)
    return found


def run_of(pid: int) -> str | None:
    """The id of the run that a process belongs to, from its environment; empty if it belongs to
    none, as a process that was forked from a worker and has started no program.

    None if that is unknown: the process is just starting, is another user's, or is a zombie.
    """
    environment = _read(f"/proc/{pid}/environ")
    if not environment:
        return None
    for entry in environment.split(b"\0"):
        if entry.startswith(_VARIABLE):
            return entry.removeprefix(_VARIABLE).decode("ascii", "replace")
    return ""


def _children(pid: int) -> list[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - pathlib is not light
    except OSError:
        return []
    pids = [_read(f"/proc/{pid}/task/{thread}/children").split() for thread in threads]
    return [int(child) for each in pids for child in each]


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:  # the process is gone, or another user's
        return b""
