"""The number of trials at once on this machine, and the least time between two starts."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.system.open_files import raise_limit

#: Each running trial takes processes and half a dozen descriptors: a larger number is a typo.
MOST_JOBS = 10_000

# Open files of the runner itself, and of each running trial: its claim, log, pipes, sockets.
_FILES = 32
_FILES_OF_A_JOB = 8


def resolve_n_jobs(value: int | None, devices: Sequence[str] = ()) -> int:
    """The number of trials at once, at least one.

    None means as many as there are devices or, without devices, as processors that this process may
    use. -1 means as many as processors, -2 one less, and so on, as in joblib. Raises Mistake for 0,
    for more than MOST_JOBS or than there are devices, and for a value that is no integer.
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
    """The number of processors that this process may use, as `joblib.cpu_count()` counts them: the
    least of the machine's number, the process's affinity, its container's quota and
    LOKY_MAX_CPU_COUNT. Raises Mistake for a LOKY_MAX_CPU_COUNT that is no whole number.

    Importing joblib for it would take a tenth of a second.
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
    """The number of processors that the control group (version 2, else 1) of a container allows,
    rounded up; None without a quota. Source: Linux's documentation, "Control Group v2", `cpu.max`,
    and "CFS Bandwidth Control"."""
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
    except (OSError, ValueError):  # the file does not exist, or contains "max"
        return None
    return math.ceil(quota_us / period_us) if quota_us > 0 and period_us > 0 else None


def allow_open_files(n_jobs: int) -> None:
    """Raise the limit on open files to what `n_jobs` trials at once need. Raises Mistake if the
    system does not allow it."""
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
    """The least time between two starts, in seconds; 0 for None. Raises Mistake for any other
    value."""
    if value is None:
        return 0.0
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not known or not 0 <= float(str(value)) < math.inf:
        raise Mistake(
            f"hydra.launcher.stagger_s={value}: give the least time between two starts, in seconds"
        )
    return float(str(value))
