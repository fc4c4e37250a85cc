from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from hydra_sweep_runner.errors import (
    Busy,
    UnknownRun,
    UnreadableRecord,
)
from hydra_sweep_runner.model import (
    Process,
    Status,
)
from hydra_sweep_runner.store import heartbeat, ownership
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.system.processes import this_process
from tests.scenarios.project import wait_until
from tests.stores import ID, OTHER, python, run_of, running, talking


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore.open(tmp_path / "runs", create=True)


HOLD = """
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.model import Status
from hydra_sweep_runner.system.processes import this_process
run = store.read(sys.argv[2])
with store.claim(run.id):
    state = replace(run.state, status=Status.RUNNING, process=this_process(now))
    store.write(replace(run, state=state))
    print("held", flush=True)
    time.sleep(60)
"""


def since(process: Process) -> str:
    return f"{process.since:%Y-%m-%d %H:%M:%S} UTC"


def test_a_run_at_work_in_another_process_is_busy(store: RunStore) -> None:
    store.create(run_of())
    with talking(HOLD, store.root, ID) as (child, line):
        assert line == "held"
        process = store.read(ID).state.process
        assert process is not None
        with pytest.raises(Busy) as caught, store.claim(ID):
            pass
        assert str(caught.value) == (
            f"3f2a9c1d is at work: host {os.uname().nodename}, pid {child.pid}, "
            f"since {since(process)}"
        )
    with store.claim(ID):  # it was killed
        pass


def test_a_claim_within_a_claim_is_busy(store: RunStore) -> None:
    store.create(run_of())
    words = rf"^3f2a9c1d is at work: host {os.uname().nodename}, pid {os.getpid()}, since "
    with store.claim(ID):
        for _ in range(2):
            with pytest.raises(Busy, match=words), store.claim(ID):
                pass
    with store.claim(ID):
        pass


def test_claims_of_different_runs_do_not_meet(store: RunStore) -> None:
    store.create(run_of(ID))
    store.create(run_of(OTHER))
    with store.claim(ID), store.claim(OTHER):
        pass


def test_an_error_within_a_claim_comes_out_as_it_is_and_frees_it(store: RunStore) -> None:
    store.create(run_of())
    for error in (OSError(28, "full"), FileNotFoundError(2, "gone"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, store.claim(ID):
            raise error
        assert caught.value is error


def test_an_unknown_run_cannot_be_claimed(store: RunStore) -> None:
    with pytest.raises(UnknownRun), store.claim(ID):
        pass
    assert store.ids() == []


def test_a_dead_holders_child_does_not_keep_the_claim(store: RunStore) -> None:
    store.create(run_of())
    code = f"""
with store.claim("{ID}"):
    if os.fork() == 0:
        print(os.getpid(), flush=True)
    time.sleep(60)
"""
    with talking(code, store.root) as (holder, line):
        child = psutil.Process(int(line))
        try:
            with pytest.raises(Busy), store.claim(ID):
                pass
            holder.send_signal(signal.SIGKILL)
            holder.wait()
            assert child.status() != psutil.STATUS_ZOMBIE
            with store.claim(ID):
                pass
        finally:
            child.kill()


def test_a_child_that_leaves_the_claim_frees_nothing(store: RunStore) -> None:
    store.create(run_of())
    code = f"""
with store.claim("{ID}"):
    child = os.fork()
    if child == 0:
        sys.exit(0)
    print(os.waitpid(child, 0)[1], flush=True)
    time.sleep(60)
"""
    with talking(code, store.root) as (_, line):
        assert line == "0"
        with pytest.raises(Busy), store.claim(ID):
            pass


def test_a_child_can_claim_what_its_parent_gave_up(store: RunStore) -> None:
    store.create(run_of())
    code = f"""
with store.claim("{ID}"):
    pass
if os.fork() == 0:
    with store.claim("{ID}"):
        print("claimed by the child", flush=True)
else:
    os.wait()
    with store.claim("{ID}"):
        print("and by its parent", flush=True)
"""
    done = python(code, store.root)
    assert done.stdout == "claimed by the child\nand by its parent\n", done.stderr


def test_a_run_whose_process_lives_is_busy_without_a_lock(store: RunStore) -> None:
    with talking("print('up', flush=True); time.sleep(60)", store.root) as (child, _):
        created = psutil.Process(child.pid).create_time()
        process = replace(this_process(now), pid=child.pid, created=created)
        store.create(running(process))
        with pytest.raises(Busy, match=f"pid {child.pid}, since"), store.claim(ID):
            pass
    with store.claim(ID):
        pass


def test_a_lock_tells_whether_somebody_has_held_it(store: RunStore) -> None:
    store.create(run_of())
    lock = store.folder(ID) / ".runner" / "lock"

    def is_first() -> bool:
        with ownership.hold(str(lock)) as held:
            assert held is not None
            return ownership.is_first(held)

    assert is_first()
    with store.claim(ID):
        pass
    assert not is_first()
    os.utime(lock, (0, 0))
    lock.write_bytes(b"signed by somebody who died")
    os.utime(lock, (0, 0))
    assert not is_first()


def test_a_run_that_this_process_left_can_be_claimed(store: RunStore) -> None:
    store.create(running(this_process(now)))
    with store.claim(ID):
        pass


def test_a_run_from_before_the_boot_can_be_claimed(store: RunStore) -> None:
    store.create(running(replace(this_process(now), boot="before")))
    with store.claim(ID):
        pass


def elsewhere() -> Process:
    return replace(this_process(now), host="ada", boot="another", pid=7)


def touch(store: RunStore, ago_s: float) -> None:
    """Make a run's last heartbeat lie so far back."""
    at_s = time.time() - ago_s
    os.utime(store.folder(ID) / ".runner" / "lock", (at_s, at_s))


def test_a_run_at_work_on_another_host_is_busy_and_running(store: RunStore) -> None:
    process = elsewhere()
    store.create(running(process))
    touch(store, ago_s=20)
    with pytest.raises(Busy) as caught, store.claim(ID):
        pass
    assert str(caught.value) == (
        f"3f2a9c1d is at work: host ada, pid 7, since {since(process)}, "
        "seen at work less than 30 s ago"
    )
    assert store.beats(ID)
    assert store.observe(store.read(ID)).state.status is Status.RUNNING
    store.write(replace(store.read(ID), state=replace(store.read(ID).state, status=Status.ERROR)))
    with store.claim(ID):
        pass


def test_a_run_whose_owner_on_another_host_is_silent_is_terminated_and_free(
    store: RunStore,
) -> None:
    store.create(running(elsewhere()))
    touch(store, ago_s=31)
    assert not store.beats(ID)
    state = store.observe(store.read(ID)).state
    assert (state.status, state.reason) == (
        Status.TERMINATED,
        "its runner is gone (pid 7 on ada)",
    )
    with store.claim(ID):
        assert store.beats(ID)


def test_an_owner_whose_lock_does_not_show_is_known_by_its_heartbeat(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create(running(elsewhere()))
    touch(store, ago_s=60)
    code = """
from hydra_sweep_runner.store import ownership
from hydra_sweep_runner.store import heartbeat
heartbeat.BEAT_S = 0.1
with store.claim(sys.argv[2]):
    os.close(ownership._held.pop())
    print("at work", flush=True)
    time.sleep(60)
"""
    monkeypatch.setattr(heartbeat, "FRESH_S", 2.0)
    with talking(code, store.root, ID) as (owner, _):
        began = time.monotonic()
        while time.monotonic() - began < 2.5:
            with pytest.raises(Busy, match="host ada"), store.claim(ID):
                pass
            assert store.observe(store.read(ID)).state.status is Status.RUNNING
        owner.kill()
        owner.wait()
        wait_until(lambda: store.observe(store.read(ID)).state.status is Status.TERMINATED)
    with store.claim(ID):
        pass


def test_a_heartbeat_is_judged_by_the_file_systems_clock(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create(running(elsewhere()))
    monkeypatch.setattr(time, "time", lambda: 1e12)
    assert store.beats(ID)
    assert list((store.root / ".staging").iterdir()) == []


def test_where_nothing_can_be_written_the_local_clock_has_to_do(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create(running(elsewhere()))
    (store.root / ".staging").rmdir()
    assert store.beats(ID)
    now_s = time.time()
    monkeypatch.setattr(time, "time", lambda: now_s + 31)
    assert not store.beats(ID)
    (store.folder(ID) / ".runner" / "lock").unlink()
    assert not store.beats(ID)


def test_forked_children_hold_nothing_and_do_not_beat(store: RunStore) -> None:
    store.create(run_of())
    code = f"""
import threading
from hydra_sweep_runner.store import ownership
from hydra_sweep_runner.store import heartbeat
heartbeat.BEAT_S = 0.05
with store.claim("{ID}"):
    if os.fork() == 0:
        print(len(ownership._held), threading.active_count(), flush=True)
    else:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)
"""
    with talking(code, store.root) as (_, line):
        assert line == "0 1"
        touch(store, ago_s=31)
        time.sleep(0.3)
        assert not store.beats(ID)


@pytest.mark.parametrize("signed", [b"", b"\x80\n", b"[]\n", b"{}\n", b'{"pid": "x"}\n'])
def test_of_a_lock_that_nobody_has_signed_the_holder_is_not_known(
    store: RunStore, signed: bytes
) -> None:
    store.create(run_of())
    with store.claim(ID):
        (store.folder(ID) / ".runner" / "lock").write_bytes(signed)
        with pytest.raises(Busy, match="another process holds it"), store.claim(ID):
            pass


# Requests to stop


def test_an_owner_is_asked_to_stop_until_the_next_claim(store: RunStore) -> None:
    store.create(run_of())
    with store.claim(ID):
        assert not store.is_asked_to_stop(ID)
        for _ in range(2):
            store.ask_to_stop(ID)
            assert store.is_asked_to_stop(ID)
    assert store.is_asked_to_stop(ID)
    with store.claim(ID):
        assert not store.is_asked_to_stop(ID)


def test_whoever_is_refused_a_claim_leaves_the_request(store: RunStore) -> None:
    store.create(run_of())
    with store.claim(ID):
        store.ask_to_stop(ID)
        with pytest.raises(Busy), store.claim(ID):
            pass
        assert store.is_asked_to_stop(ID)


def test_an_unknown_run_cannot_be_asked(store: RunStore) -> None:
    with pytest.raises(UnknownRun):
        store.ask_to_stop(ID)
    assert not store.is_asked_to_stop(ID)
    assert store.ids() == []


def test_a_container_that_is_gone_left_its_lock(store: RunStore) -> None:
    store.create(running(replace(this_process(now), host="c0ffee", created=1.0)))
    with store.claim(ID):
        pass


def test_a_holder_is_not_taken_for_the_dead_one_before_it(store: RunStore) -> None:
    store.create(running(replace(this_process(now), boot="before")))
    words = f"pid {os.getpid()}, since"
    with store.claim(ID), pytest.raises(Busy, match=words), store.claim(ID):
        pass


def test_a_claim_cannot_be_had_where_its_lock_is_no_file(store: RunStore) -> None:
    store.create(run_of())
    lock = store.folder(ID) / ".runner" / "lock"
    lock.unlink()
    lock.symlink_to("elsewhere")
    words = f"^{lock}: not a file$"
    with pytest.raises(UnreadableRecord, match=words), store.claim(ID):
        pass
    store.write(running(this_process(now)))
    with pytest.raises(UnreadableRecord, match=words), store.claim(ID):
        pass
    other = subprocess.Popen(["sleep", "60"])
    try:
        created = psutil.Process(other.pid).create_time()
        store.write(running(replace(this_process(now), pid=other.pid, created=created)))
        with pytest.raises(Busy, match="is at work"), store.claim(ID):
            pass
    finally:
        other.kill()
        other.wait()
