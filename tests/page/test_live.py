"""The store as it is watched: what is seen is what a listing sees, and little is looked at."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hydra_sweep_runner.model import BatchPart, Kind, Status, Unreadable
from hydra_sweep_runner.page import live as live_module
from hydra_sweep_runner.page.live import Live
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.system.processes import this_process
from tests.stores import run_of

IDS = [f"{number:032x}" for number in range(1, 5)]
BATCHES = ["b" * 32, "c" * 32]


def told(seen: RunRow) -> object:
    """All that is known of a run."""
    of = seen.source
    return of if isinstance(of, Unreadable) else (of.run, of.batches, of.steps, of.folder, of.log)


class Watched(RuleBasedStateMachine):
    """Whatever happens to a store, a look sees what a listing sees."""

    @initialize()
    def open(self) -> None:
        self.folder = Path(os.environ["PAGE_TEST_FOLDER"]) / os.urandom(6).hex()
        self.store = RunStore.open(self.folder, create=True)
        self.live = Live(self.store)
        self.told: dict[str, object] = {}
        self.cursor = 0

    @rule(run_id=st.sampled_from(IDS), status=st.sampled_from(list(Status)))
    def write(self, run_id: str, status: Status) -> None:
        process = this_process(now) if status is Status.RUNNING else None
        started = None if status is Status.PENDING else now()
        run = run_of(run_id, status, started=started, process=process)
        self._put(run_id, run)

    @rule(
        batch=st.sampled_from(BATCHES),
        trials=st.lists(st.sampled_from(IDS), unique=True),
        steps=st.dictionaries(st.sampled_from(IDS), st.sampled_from(["train", "fit"])),
    )
    def plan(self, batch: str, trials: list[str], steps: dict[str, str]) -> None:
        run = replace(
            run_of(batch, Status.COMPLETED, started=now()),
            kind=Kind.BATCH,
            batch=BatchPart(trials=tuple(trials), generated=tuple(trials), steps=steps),
        )
        self._put(batch, run)

    def _put(self, run_id: str, run: object) -> None:
        if self.store.folder(run_id).is_dir():
            self.store.write(run)  # type: ignore[arg-type]
        else:
            self.store.create(run)  # type: ignore[arg-type]

    @rule(run_id=st.sampled_from([*IDS, *BATCHES]))
    def damage(self, run_id: str) -> None:
        record = self.store.folder(run_id) / ".runner" / "record.json"
        if record.exists():
            record.write_text("{")

    @rule(run_id=st.sampled_from([*IDS, *BATCHES]))
    def remove(self, run_id: str) -> None:
        shutil.rmtree(self.store.folder(run_id), ignore_errors=True)

    @invariant()
    def what_is_seen_is_what_is_listed(self) -> None:
        view = self.live.look(whole=True)
        assert list(map(told, view.runs)) == list(map(told, map(RunRow, self.store.summaries())))
        assert {seen.id for seen in view.runs} == set(view.by_id)

    @invariant()
    def what_has_changed_is_told(self) -> None:
        view = self.live.view
        changes = self.live.since(self.cursor)
        present = {seen.id: told(seen) for seen in view.runs}
        for run_id in changes.gone:
            self.told.pop(run_id, None)
        for run_id in changes.changed:
            self.told[run_id] = present[run_id]
        assert self.told == present
        assert changes.cursor >= self.cursor
        self.cursor = changes.cursor


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGE_TEST_FOLDER", str(tmp_path))


TestWatched = Watched.TestCase
TestWatched.settings = settings(
    max_examples=15,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def store_of(folder: Path, *statuses: Status) -> RunStore:
    store = RunStore.open(folder / "runs", create=True)
    for number, status in enumerate(statuses):
        process = this_process(now) if status is Status.RUNNING else None
        store.create(run_of(f"{number:032x}", status, started=now(), process=process))
    return store


def test_a_store_where_nothing_happens_costs_a_few_looks_at_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = Live(store_of(tmp_path, *[Status.COMPLETED] * 50, Status.RUNNING))
    live.look()
    live.look()
    looked: list[str] = []
    stat = os.stat
    monkeypatch.setattr(live_module.os, "stat", lambda path: looked.append(path) or stat(path))
    monkeypatch.setattr(RunStore, "read", None)
    monkeypatch.setattr(RunStore, "ids", None)
    view = live.look()
    assert len(looked) == 4  # the folders: the store, runs at work, records; the one at work
    assert view is live.view and len(view.runs) == 51


def test_a_new_run_and_a_run_at_work_are_seen_by_the_next_look(tmp_path: Path) -> None:
    store = store_of(tmp_path, Status.COMPLETED, Status.RUNNING)
    live = Live(store)
    cursor = live.look().cursor
    store.create(run_of("f" * 32))
    at_work = store.read(f"{1:032x}")
    store.write(replace(at_work, note="so far"))
    view = live.look()
    assert set(live.since(cursor).changed) == {"f" * 32, f"{1:032x}"}
    assert view.run(f"{1:032x}").run.note == "so far"


def test_a_label_or_a_tag_is_seen_by_the_next_look(tmp_path: Path) -> None:
    store = store_of(tmp_path, Status.COMPLETED, Status.COMPLETED, Status.RUNNING)
    live = Live(store)
    cursor = live.look().cursor
    for change in ({"label": "good"}, {"tags": ("best",)}, {"note": "so far"}):
        store.write(replace(store.read("0" * 32), **change))  # type: ignore[arg-type]
        view = live.look()
        assert live.since(cursor).changed == ["0" * 32]
        assert live.look() is view
        cursor = view.cursor
    assert view.run("0" * 32).run.label == "good"


def test_a_run_at_work_that_records_scalars_has_no_other_record_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(tmp_path, *[Status.COMPLETED] * 50, Status.RUNNING)
    at_work = store.read(f"{50:032x}")
    store.write(at_work)  # the folder in which it is written is there from now on
    live = Live(store)
    live.look()
    live.look()
    store.write(replace(at_work, note="so far"))
    looked: list[str] = []
    stat = os.stat
    with monkeypatch.context() as patched:
        patched.setattr(
            live_module.os,
            "stat",
            lambda *each, **how: looked.append(each[0]) or stat(*each, **how),
        )
        view = live.look()
    assert view.run(at_work.id).run.note == "so far"
    assert [path for path in looked if path.endswith("record.json")] == [
        f"{store.root}/{at_work.id}/.runner/record.json"
    ]


def test_a_run_whose_process_is_gone_is_seen_as_terminated(tmp_path: Path) -> None:
    store = store_of(tmp_path, Status.RUNNING)
    live = Live(store)
    assert live.look().run("0" * 32).run.state.status is Status.RUNNING
    run = store.read("0" * 32)
    process = run.state.process
    assert process is not None
    gone = replace(process, created=process.created - 100)
    store.write(replace(run, state=replace(run.state, process=gone)))
    assert live.look().run("0" * 32).run.state.status is Status.TERMINATED
