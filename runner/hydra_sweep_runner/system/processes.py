"""Processes told apart across pids, boots and hosts, and whether they are still there."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from hydra_sweep_runner.model import Process

if TYPE_CHECKING:
    from hydra_sweep_runner.system.clock import Clock

# How far two readings of one process's start may lie apart, in seconds. Linux counts it from
# the boot, in hundredths. Elsewhere, and in records of before, it is a time of the clock, which
# the system reckons from that of its boot: it moves when the clock is set.
_START_TOLERANCE_S = 0.005
_CLOCK_TOLERANCE_S = 5.0
# What lies before this is no time of the clock, but seconds from a boot.
_LONGEST_UPTIME_S = 5e8


def this_process(clock: Clock) -> Process:
    """The calling process, taking a run up at `clock`'s time."""
    pid = os.getpid()
    return Process(host=_host(), boot=_boot(), pid=pid, created=_created(pid), since=clock())


def this_host() -> str:
    """The name of this machine."""
    return _host()


def this_boot() -> str:
    """What tells this boot of the machine from any other, of it or of another."""
    return _boot()


def is_this(process: Process) -> bool:
    """Whether it is the calling process."""
    return process.pid == os.getpid() and is_alive(process) is True


def is_here(process: Process) -> bool:
    """Whether it ran under the kernel that runs now: the same machine since the same boot.

    That can be so under another host name, in a container; its pid may then not be seen.
    """
    return process.boot == _boot()


def is_alive(process: Process) -> bool | None:
    """Whether the process is still at work; None where that cannot be told from here.

    One of this host's name from another boot is gone. One under this kernel is looked up by
    its pid and told from a later one of that pid by its start; a zombie is gone. It cannot be
    told of another machine's, of one that another container may hide, or of one that this
    user must not look at.
    """
    if not is_here(process):
        return False if process.host == _host() else None
    found = _is_found(process)
    if found is False and process.host != _host():
        return None
    return found


def _is_found(process: Process) -> bool | None:
    return _is_in_proc(process) if sys.platform == "linux" else _is_told_by_psutil(process)


def _is_in_proc(process: Process) -> bool | None:
    try:
        state, start_s = _stat(process.pid)
    except (FileNotFoundError, ProcessLookupError):
        return _may_be_hidden(process.pid)
    except OSError:
        return None
    if process.created < _LONGEST_UPTIME_S:
        is_it = abs(start_s - process.created) < _START_TOLERANCE_S
    else:
        is_it = abs(_boot_time_s() + start_s - process.created) <= _CLOCK_TOLERANCE_S
    return is_it and state not in ("Z", "X")


def _may_be_hidden(pid: int) -> bool | None:
    """None if there is such a process, which this user cannot see in /proc."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return None
    except (OSError, OverflowError):
        return False
    return None if pid > 0 else False


def _is_told_by_psutil(process: Process) -> bool | None:
    import psutil

    try:
        found = psutil.Process(process.pid)
        if abs(found.create_time() - process.created) > _CLOCK_TOLERANCE_S:
            return False
        return found.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except (psutil.NoSuchProcess, ValueError, OverflowError):
        return False
    except psutil.AccessDenied:
        return None


def _host() -> str:
    return os.uname().nodename


@cache
def _created(pid: int) -> float:
    """When a process of this machine was started: on Linux in seconds from the boot, which no
    setting of the clock changes, elsewhere from the epoch."""
    if sys.platform == "linux":  # psutil takes 15 ms to import, a twentieth of a short run
        return _stat(pid)[1]
    import psutil

    return float(psutil.Process(pid).create_time())


def _stat(pid: int) -> tuple[str, float]:
    """A process's state, and its start in seconds from the boot."""
    # proc(5): the name in brackets may hold anything; the start is the 20th field after it.
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return fields[0].decode(), int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _boot_time_s() -> float:
    for line in Path("/proc/stat").read_bytes().splitlines():
        if line.startswith(b"btime "):
            return float(line.split()[1])
    raise OSError("/proc/stat does not tell the time of the boot")


@cache
def _boot() -> str:
    if sys.platform == "linux":
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    import psutil

    return str(int(psutil.boot_time()))
