from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psutil
import pytest

from hydra_sweep_runner.model import Process
from hydra_sweep_runner.system import processes
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.system.processes import is_alive, is_here, is_this, this_process


@contextmanager
def sleeper() -> Iterator[tuple[subprocess.Popen[bytes], Process]]:
    """A process at work for a minute, unless it is killed before, and its description."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        created = psutil.Process(child.pid).create_time() - psutil.boot_time()
        yield child, replace(this_process(now), pid=child.pid, created=created)
    finally:
        child.kill()
        child.wait()


def test_this_process_is_alive_and_is_this_one() -> None:
    process = this_process(now)
    assert process.pid == os.getpid()
    assert process.host == os.uname().nodename
    assert is_alive(process) is True
    assert is_this(process)
    assert is_here(process)


def test_another_process_is_alive_until_it_ends() -> None:
    with sleeper() as (child, process):
        assert is_alive(process) is True
        assert not is_this(process)
        child.kill()
        child.wait()
        assert is_alive(process) is False


def test_a_killed_process_that_nobody_waited_for_is_gone() -> None:
    with sleeper() as (child, process):
        os.kill(child.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert is_alive(process) is False


def test_its_start_is_the_one_that_psutil_tells() -> None:
    told = psutil.Process().create_time() - psutil.boot_time()
    assert abs(this_process(now).created - told) < 0.1


def test_a_step_of_the_clock_makes_a_live_process_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time of the boot, which the system reckons from the clock, moves with it."""
    process = this_process(now)
    monkeypatch.setattr(processes, "_boot_time_s", lambda: psutil.boot_time() + 3600)
    assert is_alive(process) is True
    assert is_this(process)


def test_records_with_a_time_of_the_clock_are_understood() -> None:
    process = replace(this_process(now), created=psutil.Process().create_time())
    assert is_alive(process) is True
    assert is_alive(replace(process, created=process.created - 60)) is False


def test_a_later_process_of_the_same_pid_is_not_it() -> None:
    process = this_process(now)
    assert is_alive(replace(process, created=process.created - 1)) is False


def test_before_this_hosts_last_boot_means_gone() -> None:
    process = replace(this_process(now), boot="another boot")
    assert is_alive(process) is False
    assert not is_here(process)


def test_of_another_machine_it_cannot_be_told() -> None:
    assert is_alive(replace(this_process(now), host="elsewhere", boot="another")) is None


def test_of_another_container_on_this_machine_it_cannot_be_told() -> None:
    process = replace(this_process(now), host="elsewhere", created=1.0)
    assert is_alive(process) is None
    assert is_here(process)


def test_a_host_that_was_renamed_still_knows_its_processes() -> None:
    assert is_alive(replace(this_process(now), host="elsewhere")) is True


@pytest.mark.parametrize("pid", [-1, 2**40])
def test_a_pid_that_cannot_be_is_gone(pid: int) -> None:
    assert is_alive(replace(this_process(now), pid=pid)) is False


def test_importing_it_does_not_import_psutil() -> None:
    code = "import hydra_sweep_runner.store, sys; sys.exit('psutil' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
