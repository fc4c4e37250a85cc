"""How many trials run at once on this machine, and how quickly one after another."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.system.open_files import raise_limit

#: Each trial at work takes processes and half a dozen descriptors: more is a slip of the hand.
MOST_JOBS = 10_000

# Open files of the runner as such, and for each trial at work: its claim, log, pipes, sockets.
_FILES = 32
_FILES_OF_A_JOB = 8


def resolve_n_jobs(value: int | None, devices: Sequence[str] = ()) -> int:
    """How many trials run at once, at least one.

    None is as many as there are devices, or where none are given as the processors that this
    process may use; -1 is as many as those, -2 one less, and so on, as in joblib. Raises
    Mistake for 0, for more than MOST_JOBS or than there are devices, and for what is no
    integer.
    """
    n_jobs = len(devices) if value is None and devices else _n_jobs(value)
    if devices and n_jobs > len(devices):
        raise Mistake(
            f"hydra.launcher.n_jobs={value}: there are {len(devices)} devices in "
            "hydra.launcher.devices, and each trial at work has one of its own"
        )
    return n_jobs


def _n_jobs(value: int | None) -> int:
    whole = value is None or (isinstance(value, int) and not isinstance(value, bool))
    if value == 0 or not whole:
        raise Mistake(
            f"hydra.launcher.n_jobs={value}: give how many trials run at once, or -1 for as "
            "many as there are processors"
        )
    if value is not None and value > MOST_JOBS:
        raise Mistake(f"hydra.launcher.n_jobs={value}: at most {MOST_JOBS} trials can run at once")
    if value is not None and value > 0:
        return value
    return max(1, processors() + 1 + (-1 if value is None else value))


def processors() -> int:
    """How many processors this process may use, counted as `joblib.cpu_count()` does: by the
    machine, the process's affinity, the quota of its container and LOKY_MAX_CPU_COUNT, the
    least of them. Raises Mistake for a LOKY_MAX_CPU_COUNT that is no whole number.

    Importing joblib for it takes a tenth of a second.
    """
    counts = [os.cpu_count() or 1]
    if hasattr(os, "sched_getaffinity"):
        counts.append(len(os.sched_getaffinity(0)))
    text = os.environ.get("LOKY_MAX_CPU_COUNT")
    if text is not None:
        try:
            counts.append(int(text))
        except ValueError:
            raise Mistake(f"LOKY_MAX_CPU_COUNT={text}: give a whole number") from None
    quota = _container_quota(Path("/sys/fs/cgroup"))
    return max(1, min(counts if quota is None else [*counts, quota]))


def _container_quota(cgroup: Path) -> int | None:
    """How many processors' time the control group (version 2, else 1) of a container allows,
    rounded up; None without a quota. Linux's documentation, "Control Group v2", `cpu.max`, and
    "CFS Bandwidth Control"."""
    try:
        words = (cgroup / "cpu.max").read_text(encoding="ascii").split()
    except OSError:
        words = []
    try:
        if len(words) != 2:
            words = [
                (cgroup / "cpu" / name).read_text(encoding="ascii").strip()
                for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            ]
        quota_us, period_us = (int(word) for word in words)
    except (OSError, ValueError):  # not there, or "max"
        return None
    return math.ceil(quota_us / period_us) if quota_us > 0 and period_us > 0 else None


def allow_open_files(n_jobs: int) -> None:
    """Have the system allow as many open files as `n_jobs` trials at once need. Raises Mistake
    where it does not."""
    wanted = _FILES + _FILES_OF_A_JOB * n_jobs
    allowed = raise_limit(wanted)
    if allowed < wanted:
        most = (allowed - _FILES) // _FILES_OF_A_JOB
        advice = f"at most {most} trials" if most > 0 else "not even one trial"
        raise Mistake(
            f"hydra.launcher.n_jobs={n_jobs} needs up to {wanted} open files, and the system "
            f"allows {allowed} (ulimit -n): {advice} can run at once"
        )


def check_stagger(value: object) -> float:
    """The least time between two starts, in seconds; 0 for None. Raises Mistake for what is
    no such time."""
    if value is None:
        return 0.0
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not known or not 0 <= float(str(value)) < math.inf:
        raise Mistake(
            f"hydra.launcher.stagger_s={value}: give the least time between two starts, in seconds"
        )
    return float(str(value))
