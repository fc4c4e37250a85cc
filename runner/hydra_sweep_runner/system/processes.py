"""Identifies processes across pids, boots and hosts, and says whether they still exist."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from hydra_sweep_runner.model import Process

if TYPE_CHECKING:
    from hydra_sweep_runner.system.clock import Clock

# How much two readings of the same process's start time may differ, in seconds. Linux counts
# it from the boot, in hundredths. Elsewhere, and in old records, it is a wall-clock time derived
# from the boot time, so it moves when the clock is set.
_START_TOLERANCE_S = 0.005
_CLOCK_TOLERANCE_S = 5.0
# A smaller start time is no wall-clock time but seconds since the boot.
_LONGEST_UPTIME_S = 5e8
# How often a session's processes are killed, and the pause in between, in seconds.
_KILLS = 3
_KILL_AGAIN_S = 0.02


def this_process(clock: Clock) -> Process:
    """The calling process, as the owner of a run from `clock`'s present time on."""
    pid = os.getpid()
    return Process(host=_host(), boot=_boot(), pid=pid, created=_created(pid), since=clock())


def is_this(process: Process) -> bool:
    """Whether `process` is the calling process."""
    return process.pid == os.getpid() and is_alive(process) is True


def is_here(process: Process) -> bool:
    """Whether `process` was started on this machine since its last boot.

    Its host name may differ, in a container, and its pid may then be invisible here.
    """
    return process.boot == _boot()


def is_alive(process: Process) -> bool | None:
    """Whether the process still exists; None if this process cannot know.

    A process of this host from an earlier boot is gone. A process of the present boot is
    looked up by pid, and its start time distinguishes it from a later process with the same
    pid; a zombie counts as gone. The answer is None for a process on another machine, one that
    may be hidden by a container, or one this user may not inspect.
    """
    if not is_here(process):
        return False if process.host == _host() else None
    found = _is_found(process)
    if found is False and process.host != _host():
        return None
    return found


def kill_session(leader: int) -> None:
    """Kill all processes of a session whose leader, with this pid, has exited. While there are any,
    no other process or session gets the number."""
    import psutil

    for _ in range(_KILLS):  # a process may fork before it is killed
        members = [pid for pid in psutil.pids() if _session_of(pid) == leader]
        if not members:
            return
        for pid in members:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_KILL_AGAIN_S)


def _session_of(pid: int) -> int | None:
    """The session of a process; None if the process is gone or must not be asked."""
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _is_found(process: Process) -> bool | None:
    return _is_in_proc(process) if sys.platform == "linux" else _is_found_by_psutil(process)


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
    """None if a process with this pid exists although /proc does not show it to this user."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return None
    except (OSError, OverflowError):
        return False
    return None if pid > 0 else False


def _is_found_by_psutil(process: Process) -> bool | None:
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
    """The start time of a process of this machine: on Linux in seconds since the boot, which
    do not change when the clock is set, elsewhere in seconds since the epoch."""
    if sys.platform == "linux":  # importing psutil takes 15 ms, a twentieth of a short run
        return _stat(pid)[1]
    import psutil

    return float(psutil.Process(pid).create_time())


def _stat(pid: int) -> tuple[str, float]:
    """A process's state and its start time in seconds since the boot."""
    # proc(5): the name in brackets may hold any byte; the start time is the 20th field after it.
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
