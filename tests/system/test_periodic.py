"""What is done again and again: in one thread, which no fork happens beside."""

from __future__ import annotations

import os
import threading

from hydra_sweep_runner.system.periodic import every
from tests.scenarios.project import wait_until


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "pulse"]


def test_it_is_called_again_and_again_and_not_after_the_context() -> None:
    calls: list[int] = []
    with every(0.01, lambda: calls.append(1)):
        wait_until(lambda: len(calls) > 3)
    after = len(calls)
    more: list[int] = []
    with every(0.01, lambda: more.append(1)):
        wait_until(lambda: len(more) > 3)
    assert len(calls) == after


def test_calls_of_different_intervals_share_one_thread() -> None:
    often: list[int] = []
    seldom: list[int] = []
    with every(60.0, lambda: seldom.append(1)), every(0.01, lambda: often.append(1)):
        wait_until(lambda: len(often) > 3)
        assert len(threads()) == 1
    assert not seldom


def test_no_fork_happens_beside_the_thread_and_the_parent_goes_on() -> None:
    calls: list[int] = []
    beside: list[int] = []
    with every(0.01, lambda: calls.append(os.getpid())):
        wait_until(lambda: calls)
        reads, writes = os.pipe()
        os.register_at_fork(after_in_parent=lambda: beside.append(len(threads())))
        pid = os.fork()
        if not pid:
            os.write(writes, str(len(threads())).encode())
            os._exit(0)
        os.waitpid(pid, 0)
        assert os.read(reads, 9) == b"0"
        # What is registered later is called later: the thread is there again by then.
        assert beside == [1]
        before = len(calls)
        wait_until(lambda: len(calls) > before + 3)
    assert set(calls) == {os.getpid()}
    os.close(reads)
    os.close(writes)


def test_a_child_has_a_pulse_of_its_own() -> None:
    with every(60.0, lambda: None):
        pid = os.fork()
        if not pid:
            calls: list[int] = []
            with every(0.01, lambda: calls.append(1)):
                wait_until(lambda: calls)
            os._exit(len(threads()))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1


def test_forks_in_many_threads_end_well() -> None:
    def fork() -> None:
        for _ in range(20):
            pid = os.fork()
            if not pid:
                os._exit(0)
            os.waitpid(pid, 0)

    calls: list[int] = []
    with every(0.001, lambda: calls.append(1)):
        forking = [threading.Thread(target=fork) for _ in range(4)]
        for thread in forking:
            thread.start()
        for thread in forking:
            thread.join()
        before = len(calls)
        wait_until(lambda: len(calls) > before)
