"""What a worker has to be and to see, and what its process keeps between trials."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from runner.execute import remote, sessions
from runner.execute.cluster import lacking
from runner.execute.handed import Places
from runner.execute.session_file import Session
from runner.execute.stopping import Graces, Urgency
from runner.store import RunStore
from tests.scenarios.project import wait_until
from tests.stores import ID, run_of


@pytest.fixture
def places(tmp_path: Path) -> Places:
    token = tmp_path / "token"
    token.write_text("just so")
    return Places(token=str(token), text="just so", project_dir=str(tmp_path))


def test_a_worker_like_this_process_lacks_nothing(places: Places) -> None:
    facts = remote.look(places)
    assert (facts.pid, facts.token) == (os.getpid(), "just so")
    assert {"runner", "python", "hydra-core", "omegaconf"} <= facts.versions.keys()
    assert lacking(facts, places, facts.versions) is None


def test_what_a_worker_lacks_is_told_with_its_host(places: Places, tmp_path: Path) -> None:
    facts = replace(remote.look(places), host="ada")
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


def test_function_workers_serve_one_batch_and_wait_a_while_for_its_next_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib.py").write_text("def f(x):\n    pass\n")
    here = sessions.Sessions()

    def probe(session: str) -> set[int]:
        with here.machinery(session, Graces()) as machinery:
            machinery.workers.probe("lib.f", str(tmp_path), machinery.stop)
        (server,) = psutil.Process().children()
        return {child.pid for child in server.children()}

    try:
        first = probe("one batch")
        assert len(first) == 1
        assert probe("one batch") == first
        assert len(probe("another") - first) == 1
        monkeypatch.setattr(sessions, "IDLE_S", 0.0)
        for session in ("one batch", "another"):
            probe(session)
        (server,) = psutil.Process().children()
        wait_until(lambda: not server.children())
    finally:
        here.close()
    assert psutil.Process().children() == []
