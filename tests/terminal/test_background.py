"""Writing in a thread: in order, bounded, and given up where nobody reads."""

from __future__ import annotations

import threading
import time

import pytest

from hydra_sweep_runner.terminal import background
from hydra_sweep_runner.terminal.background import Background


def test_jobs_are_done_in_order_and_all_at_the_end() -> None:
    done: list[int] = []
    own = Background(lambda: None)
    for number in range(1000):
        own.put(lambda number=number: done.append(number), 1)  # type: ignore[misc]
    assert own.close()
    assert done == list(range(1000))


def test_it_is_behind_while_too_much_waits_and_says_when_there_is_room() -> None:
    go, room = threading.Event(), threading.Event()
    own = Background(room.set)
    own.put(go.wait, background._MOST_BYTES - 1)
    assert not own.is_behind
    own.put(lambda: None, 1)
    assert own.is_behind
    assert not room.is_set()
    go.set()
    assert room.wait(30)
    assert not own.is_behind
    assert own.close()


def test_what_a_job_raises_is_raised_once_and_the_rest_is_left() -> None:
    def fail() -> None:
        raise BrokenPipeError

    done: list[int] = []
    own = Background(lambda: None)
    own.put(fail, 1)
    own.put(lambda: done.append(1))
    with pytest.raises(BrokenPipeError):
        own.close()
    own.check()
    assert done == []


def test_who_is_in_a_hurry_waits_a_second_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_HURRY_S", 0.05)
    never = threading.Event()
    own = Background(lambda: None)
    own.put(never.wait)
    own.hurry()
    began = time.monotonic()
    assert not own.close()
    assert time.monotonic() - began < 30
    never.set()


def test_who_is_in_a_hurry_gets_what_can_be_done() -> None:
    done: list[int] = []
    own = Background(lambda: None)
    own.put(lambda: done.append(1))
    own.hurry()
    assert own.close()
    assert done == [1]
