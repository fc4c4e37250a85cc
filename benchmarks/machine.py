"""What a measurement depends on: the machine, and the versions of what is measured."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from benchmarks.world import World

_VERSIONS = (
    "import sys, importlib.metadata as m\n"
    "name = sys.argv[1]\n"
    "print(m.version(name), 'on Python', '.'.join(map(str, sys.version_info[:3])))"
)
_DISTRIBUTIONS = {
    "hydra": "hydra-core",
    "joblib": "hydra-joblib-launcher",
    "guild": "guildai",
}


def describe_machine(world: World) -> dict[str, str]:
    """Names and values, for a line above the table."""
    found = {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)))
        if hasattr(os, "sched_getaffinity")
        else str(os.cpu_count()),
        "system": platform.system(),
        "hydra-sweep-runner": _version(world.ours, "hydra-sweep-runner"),
    }
    for peer, python in world.peers.items():
        found[_DISTRIBUTIONS[peer]] = _version(python, _DISTRIBUTIONS[peer])
    return found


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(python: Path, distribution: str) -> str:
    command = [str(python), "-c", _VERSIONS, distribution]
    return subprocess.check_output(command, text=True).strip()
