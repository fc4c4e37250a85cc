"""What a measurement depends on: the machine, and the versions of what is measured."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from benchmarks.world import World, version


def describe_machine(world: World) -> dict[str, str]:
    """Names and values, for a line above the table."""
    found = {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)))
        if hasattr(os, "sched_getaffinity")
        else str(os.cpu_count()),
        "system": platform.system(),
        "files on": _file_system(world.folder),
        "disk": _file_system(world.disk),
    }
    for package, python in {"hydra-sweep-runner": world.ours, **world.peers}.items():
        found[package] = version(python, package) or "unknown"
    return found


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _file_system(folder: Path) -> str:
    """The kind of the file system that a folder is on."""
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return "unknown"
    kinds = {}
    for line in mounts.read_text(encoding="utf-8").splitlines():
        _, point, kind, *_ = line.split()
        kinds[Path(point)] = kind
    above = [folder.resolve(), *folder.resolve().parents]
    return next((kinds[path] for path in above if path in kinds), "unknown")
