"""What a worker has to be and to see, and what its process keeps between trials."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from hydra_sweep_runner.execute.attempt.stop_signals import Graces, Urgency
from hydra_sweep_runner.execute.cluster import worker, worker_state
from hydra_sweep_runner.execute.cluster.checks import lacking
from hydra_sweep_runner.execute.cluster.messages import Assignment, Done, Places, Refused
from hydra_sweep_runner.execute.cluster.session_file import Session
from hydra_sweep_runner.model import BatchPart, Kind, Status
from hydra_sweep_runner.operation.call import CommandCall
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.system.processes import this_process
from tests.execute.world import World
from tests.scenarios.project import wait_until
from tests.stores import ID, run_of


@pytest.fixture
def places(tmp_path: Path) -> Places:
    token = tmp_path / "token"
    token.write_text("just so")
    return Places(token=str(token), text="just so", project_dir=str(tmp_path))


def test_a_worker_like_this_process_lacks_nothing(places: Places) -> None:
    facts = worker.look(places)
    assert (facts.pid, facts.token) == (os.getpid(), "just so")
    assert {"runner", "python", "hydra-core", "omegaconf"} <= facts.versions.keys()
    assert lacking(facts, places, facts.versions) is None


def test_what_a_worker_lacks_is_told_with_its_host(places: Places, tmp_path: Path) -> None:
    facts = replace(worker.look(places), host="ada")
    versions = facts.versions

    def told(**changed: object) -> str | None:
        return lacking(replace(facts, **changed), places, versions)  # type: ignore[arg-type]

    for token in (None, "another's"):
        assert told(token=token) == (
            f"does not see the store: {tmp_path} is not the same folder on host ada as here"
        )
    assert told(sees_project=False) == (
        f"does not see the project: there is no folder {tmp_path} on host ada"
    )
    assert told(versions={**versions, "python": "3.9"}) == (
        f"has python 3.9 on host ada; here it is {versions['python']}: they have to be the same"
    )
    assert told(versions={"runner": versions["runner"], "python": versions["python"]}) == (
        f"has no hydra-core on host ada; here it is {versions['hydra-core']}: they "
        "have to be the same"
    )
    assert lacking("ModuleNotFoundError: No module named 'runner'", places, versions) == (
        "cannot run the runner: ModuleNotFoundError: No module named 'runner'"
    )


def test_a_batchs_file_tells_workers_how_much_their_end_is_wanted(tmp_path: Path) -> None:
    store = RunStore.open(tmp_path / "runs", create=True)
    store.create(run_of())
    session, other = Session(store, ID, "one"), Session(store, ID, "two")
    assert session.urgency() is Urgency.STOP
    session.begin()
    assert (session.urgency(), other.urgency()) == (Urgency.NONE, Urgency.STOP)
    session.kill()
    assert (session.urgency(), other.urgency()) == (Urgency.KILL, Urgency.STOP)
    other.begin()
    assert session.urgency() is Urgency.STOP
    other.end()
    other.end()
    assert other.urgency() is Urgency.STOP


@pytest.fixture
def assignment(tmp_path: Path) -> Iterator[Assignment]:
    """A trial of a batch that is at work in this process."""
    world = World(tmp_path)
    world.store.create(replace(run_of(), kind=Kind.BATCH, batch=BatchPart()))
    with world.store.claim(ID):
        batch = world.store.read(ID)
        process = this_process(now)
        world.store.write(replace(batch, state=lifecycle.started(batch.state, process, now())))
        Session(world.store, ID, "one").begin()
        yield Assignment(
            task=world.shell(
                "echo at work, $RUNNER_RESTARTED", environment={"RUNNER_RESTARTED": "0"}
            ),
            session="one",
            driver=process,
            batch_id=ID,
            graces=Graces(),
        )
    worker_state.SESSIONS.close()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a cluster's worker ignores it


def store_of(assignment: Assignment) -> RunStore:
    return RunStore(Path(assignment.task.store_root))


def execute(assignment: Assignment) -> Done:
    done = worker.execute(assignment)
    assert isinstance(done, Done), done
    return done


def test_a_worker_claims_a_trial_and_gives_its_record_and_output_back(
    assignment: Assignment,
) -> None:
    done = execute(pickle.loads(pickle.dumps(assignment)))
    run = store_of(assignment).read(assignment.task.run.id)
    assert (done.outcome.run, done.again, done.busy) == (run, False, None)
    assert (run.state.status, done.output) == (Status.COMPLETED, (("stdout", b"at work, 0\n"),))


def test_a_trial_that_ended_before_its_worker_was_lost_is_not_run_again(
    assignment: Assignment,
) -> None:
    first = execute(assignment).outcome
    again = execute(assignment)
    assert (again.outcome.run, again.output) == (first.run, ())


def test_a_trial_whose_worker_died_at_it_is_run_again(assignment: Assignment) -> None:
    store, run = store_of(assignment), assignment.task.run
    gone = replace(this_process(now), pid=2**22 + 1)
    store.write(replace(run, state=lifecycle.started(run.state, gone, now())))
    done = execute(assignment)
    assert (done.again, done.output) == (True, (("stdout", b"at work, 1\n"),))
    assert done.outcome.run.state.status is Status.COMPLETED


def test_a_worker_that_is_slow_but_not_dead_is_waited_for(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_OWNER_S", 0.0)
    store, run = store_of(assignment), assignment.task.run
    with ThreadPoolExecutor() as pool, store.claim(run.id):
        begun = replace(run, state=lifecycle.started(run.state, this_process(now), now()))
        store.write(begun)
        second = pool.submit(execute, assignment)
        wait([second], timeout=3 * worker.LOOK_S)
        assert not second.done()
        ended = replace(begun, state=lifecycle.finished(begun.state, 3, "by the first", now()))
        store.write(ended)
    assert second.result().outcome.run == ended


def test_a_trial_that_somebody_else_has_is_left_to_them(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_OWNER_S", 0.0)
    store, run = store_of(assignment), assignment.task.run
    with store.claim(run.id):
        done = execute(assignment)
    assert done.busy is not None and f"{run.id[:8]} is at work: host " in done.busy
    assert done.outcome.run.state.status is Status.PENDING


def test_a_trial_that_its_batch_does_not_want_any_more_is_not_begun(assignment: Assignment) -> None:
    store = store_of(assignment)
    elsewhere = replace(assignment.driver, host="ada", boot="another")
    assert execute(replace(assignment, session="another")).outcome.run == assignment.task.run
    os.utime(store.folder(ID) / ".runner" / "lock", (0, 0))
    assert execute(replace(assignment, driver=elsewhere)).outcome.run == assignment.task.run
    gone = replace(assignment.driver, pid=2**22 + 1)
    assert execute(replace(assignment, driver=gone)).outcome.run == assignment.task.run
    assert not (store.folder(assignment.task.run.id) / ".runner/output.log").exists()


def test_a_trial_at_work_is_stopped_when_its_batch_does_not_want_it_any_more(
    assignment: Assignment,
) -> None:
    store = store_of(assignment)
    task = replace(assignment.task, call=CommandCall(argv=("sleep", "60")))
    with ThreadPoolExecutor() as pool:
        done = pool.submit(execute, replace(assignment, task=task))
        wait_until(lambda: store.read(task.run.id).state.status is Status.RUNNING)
        Session(store, ID, "one").end()
    state = done.result().outcome.run.state
    assert (state.status, state.reason) == (Status.TERMINATED, "stopped by the runner")


def test_more_output_than_is_shown_is_in_the_log(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_MOST_SHOWN_BYTES", 7)
    (shown, (stream, rest)) = execute(assignment).output
    log = store_of(assignment).folder(assignment.task.run.id) / ".runner/output.log"
    assert shown == ("stdout", b"at work")
    assert (stream, rest.decode()) == ("stderr", f"\n(the rest is in {log})\n")
    assert log.read_text() == "at work, 0\n"


def test_a_worker_whose_fork_server_was_killed_starts_another(assignment: Assignment) -> None:
    task = replace(assignment.task, call=CommandCall(argv=("sh", "-c", "kill -9 $PPID; sleep 60")))
    assert execute(replace(assignment, task=task)).outcome.run.state.status is Status.TERMINATED
    assert execute(assignment).outcome.run.state.status is Status.COMPLETED


def test_a_worker_that_does_not_see_the_trials_folder_refuses_it(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_APPEARS_S", 0.0)
    refused = worker.execute(
        replace(assignment, task=replace(assignment.task, project_dir="/nowhere"))
    )
    assert isinstance(refused, Refused)
    assert (refused.run_id, refused.why) == (assignment.task.run.id, "there is no /nowhere there")
    assert refused.trace is None


def test_function_workers_serve_one_batch_and_wait_a_while_for_its_next_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib.py").write_text("def f(x):\n    pass\n")
    here = worker_state.Sessions()
    before = set(psutil.Process().children())

    def probe(session: str) -> set[int]:
        with here.machinery(session, Graces()) as machinery:
            machinery.workers.probe("lib.f", str(tmp_path), machinery.stop)
        (server,) = set(psutil.Process().children()) - before
        return {child.pid for child in server.children()}

    try:
        first = probe("one batch")
        assert len(first) == 1
        assert probe("one batch") == first
        assert len(probe("another") - first) == 1
        monkeypatch.setattr(worker_state, "IDLE_S", 0.0)
        for session in ("one batch", "another"):
            probe(session)
        (server,) = set(psutil.Process().children()) - before
        wait_until(lambda: not server.children())
    finally:
        here.close()
    assert set(psutil.Process().children()) <= before


def test_one_thread_ends_the_idle_workers_of_many_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = worker_state.Sessions()
    before = threading.active_count()
    try:
        for number in range(50):
            for _ in range(2):
                with here.machinery(f"batch {number}", Graces()):
                    pass
        assert threading.active_count() - before <= 1
        monkeypatch.setattr(worker_state, "IDLE_S", 0.0)
        wait_until(lambda: threading.active_count() == before)
    finally:
        here.close()
