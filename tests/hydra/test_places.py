"""Which number and which folder a program's trial has, without running any."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from hydra_sweep_runner.commands.start.job_numbers import first_number, number_jobs
from hydra_sweep_runner.compose.output_dir import OutputDir, as_overrides
from hydra_sweep_runner.model import (
    BatchPart,
    JobPlace,
    Kind,
    Operation,
    Recipe,
    Run,
    State,
    Status,
)
from hydra_sweep_runner.planning.reconcile import Action, PlannedAction, Reconciliation
from hydra_sweep_runner.planning.trials import Trial
from hydra_sweep_runner.program.returns import in_batches
from hydra_sweep_runner.record.text import from_text, to_text
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.store.trash import Trash

OPERATION = Operation(name="train.py", kind="program", target="train.py")
BATCH, OTHER = "b" * 32, "c" * 32
TRIAL = Trial(overrides=(), operation=OPERATION, flags={}, identity="", batch_seed=0)


def run(number: int | None, batch: str = BATCH) -> Run:
    return Run(
        id="a" * 32,
        kind=Kind.TRIAL,
        operation=OPERATION,
        flags={},
        recipe=Recipe(config_name=None, snapshot="5" * 64),
        state=State(status=Status.PENDING, initialized=datetime(2026, 1, 1, tzinfo=timezone.utc)),
        generated_by=batch,
        job=None if number is None else JobPlace(number=number, output_dir=f"out/{number}"),
    )


def plan_of(*actions: Run | None, orphaned: tuple[Run, ...] = ()) -> Reconciliation:
    return Reconciliation(
        actions=tuple(
            PlannedAction(TRIAL, Action.CREATE if known is None else Action.RESTART, known)
            for known in actions
        ),
        orphaned=orphaned,
    )


def numbers(*actions: Run | None, first: int) -> tuple[list[int | None], int]:
    jobs, following = number_jobs(plan_of(*actions).actions, first)
    return [place.number for place in jobs], following


def batch_of(part: BatchPart) -> Run:
    return replace(run(None), id=BATCH, kind=Kind.BATCH, generated_by=None, batch=part)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore.open(tmp_path / "runs", create=True)


def test_a_new_batch_numbers_its_trials_by_their_places(store: RunStore) -> None:
    assert first_number(store, batch_of(BatchPart()), plan_of(None, None)) == 0
    assert numbers(None, None, None, first=0) == ([0, 1, 2], 3)


def test_an_adopted_run_keeps_its_number_and_leaves_the_others_theirs() -> None:
    assert numbers(run(7, OTHER), None, None, first=0) == ([7, 1, 2], 3)


def test_new_trials_of_a_restart_have_the_numbers_that_come_next() -> None:
    assert numbers(None, run(3), None, run(0), first=6) == ([6, 3, 7, 0], 8)


def test_the_batchs_record_has_the_number_that_comes_next(store: RunStore) -> None:
    batch = batch_of(BatchPart(trials=("a" * 32,), jobs=9))
    assert first_number(store, batch, plan_of(run(3), run(12, OTHER))) == 9


def test_a_trial_that_is_known_to_have_a_higher_number_counts_too(store: RunStore) -> None:
    batch = batch_of(BatchPart(trials=("a" * 32,), jobs=2))
    assert first_number(store, batch, plan_of(run(0), orphaned=(run(5),))) == 6


def test_in_an_older_record_the_plans_size_and_all_known_trials_count(store: RunStore) -> None:
    batch = batch_of(BatchPart(trials=("a" * 32,), missing=3))
    assert first_number(store, batch, plan_of(run(0))) == 4
    assert first_number(store, batch, plan_of(run(0), orphaned=(run(5),))) == 6


def test_in_an_older_record_trials_in_the_trash_count(store: RunStore) -> None:
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    for known, run_id in ((run(8), "d" * 32), (run(20, OTHER), "e" * 32)):
        store.create(replace(known, id=run_id))
    Trash(store.root).put({"d" * 32: {}, "e" * 32: {}}, at)
    batch = batch_of(BatchPart(trials=("a" * 32,)))
    assert first_number(store, batch, plan_of(run(0))) == 9


def test_a_record_keeps_a_jobs_place() -> None:
    for given in (run(4), run(None), replace(run(4), job=JobPlace(output_dir="/elsewhere"))):
        assert from_text(to_text(given), run_id=given.id) == given


@pytest.mark.parametrize("folder", ["plain", "with space", "it's", 'a"b', "a\\b", "a=b,c", "${x}"])
def test_a_folder_comes_out_of_an_override_as_it_went_in(folder: str) -> None:
    (text,) = as_overrides({"sweep.dir": folder})
    override = OverridesParser.create().parse_override(text)
    assert (override.key_or_group, override.value()) == ("hydra.sweep.dir", folder)


def test_output_is_moved_by_as_little_as_will_do(tmp_path: Path) -> None:
    natural = OutputDir(str(tmp_path / "sweep"), "3")
    inside = natural.moved_to(str(tmp_path / "sweep/old/7"))
    assert inside.settings(natural) == {"sweep.subdir": "old/7"}
    outside = natural.moved_to(str(tmp_path / "before/3"))
    assert outside.settings(natural) == {"sweep.dir": str(tmp_path / "before")}
    assert natural.moved_to(natural.path).settings(natural) == {}


def test_returns_come_in_batches_as_hydras_sweeper_gives_them() -> None:
    jobs: list[object] = [1, 2, 3, 4, 5]
    assert in_batches(jobs, 2) == [[1, 2], [3, 4], [5]]  # type: ignore[arg-type, comparison-overlap]
    assert in_batches(jobs, None) == [jobs]  # type: ignore[arg-type, comparison-overlap]
    assert in_batches([], None) == []
