"""What a restart does with each trial, planned or stored: contract section 4."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.model import (
    Kind,
    Operation,
    Recipe,
    Run,
    State,
    Status,
    Value,
)
from hydra_sweep_runner.planning.identity import trial_identity
from hydra_sweep_runner.planning.reconcile import (
    Action,
    PlannedAction,
    Reconciliation,
    adopt,
    reconcile,
)
from hydra_sweep_runner.planning.trials import Plan, Trial

ECHO = Operation(name="echo.py", kind="script", target="echo.py")
T0 = datetime(2026, 1, 1, tzinfo=timezone.utc)
BATCH, OTHER = "b" * 32, "0" * 32

# ---- a small world: flags of few values, some equal but written otherwise

numbers: st.SearchStrategy[Value] = st.sampled_from([0, 1, 1.0, 2, 3, "1", True])
statuses = st.sampled_from(Status)


def trial_of(value: Value, operation: Operation = ECHO) -> Trial:
    flags = {"x": value}
    return Trial(
        overrides=(f"x={value}",),
        operation=operation,
        flags=flags,
        identity=trial_identity(operation, flags),
        batch_seed=0,
    )


def plan_of(*values: Value) -> Plan:
    trials = {trial.identity: trial for trial in map(trial_of, reversed(values))}
    ordered = tuple(reversed(trials.values()))
    return Plan(trials=ordered, duplicates=0, combinations=len(ordered))


def run_of(run_id: str, value: Value, status: Status, generated_by: str | None = BATCH) -> Run:
    return Run(
        id=run_id,
        kind=Kind.TRIAL,
        operation=ECHO,
        flags={"x": value},
        recipe=Recipe(config_name="config", snapshot=""),
        state=State(status=status, initialized=T0),
        generated_by=generated_by,
    )


plans = st.lists(numbers, max_size=6).map(lambda values: plan_of(*values))
makers = st.sampled_from([BATCH, OTHER, None])


@st.composite
def stores(draw: Any) -> tuple[list[Run], tuple[str, ...]]:
    """Runs that a batch made or adopted, and the ids of its present plan."""
    rows = draw(st.lists(st.tuples(numbers, statuses, makers), max_size=8))
    runs = [run_of(f"{place:032x}", *row) for place, row in enumerate(rows)]
    present = [run.id for run in runs if draw(st.booleans())]
    return runs, tuple(draw(st.permutations(present)))


def same(run: Run, trial: Trial) -> bool:
    return trial_identity(run.operation, run.flags) == trial.identity


def taken(result: Reconciliation) -> list[Run]:
    return [one.run for one in result.actions if one.run is not None]


Stored = tuple[list[Run], tuple[str, ...]]

# ---- laws


@given(plans, stores(), st.booleans())
def test_each_planned_trial_has_one_action_in_plan_order(
    plan: Plan, stored: Stored, needed: bool
) -> None:
    result = reconcile(plan, BATCH, stored[1], stored[0], needed=needed)
    assert tuple(one.trial for one in result.actions) == plan.trials


@given(plans, stores(), st.booleans())
def test_a_trial_is_created_exactly_if_no_run_has_its_flags(
    plan: Plan, stored: Stored, needed: bool
) -> None:
    runs, present = stored
    for one in reconcile(plan, BATCH, present, runs, needed=needed).actions:
        known = any(same(run, one.trial) for run in runs)
        assert (one.action is Action.CREATE) == (not known) == (one.run is None)


@given(plans, stores(), st.booleans())
def test_a_run_that_is_taken_has_the_trial_s_flags_and_is_taken_once(
    plan: Plan, stored: Stored, needed: bool
) -> None:
    result = reconcile(plan, BATCH, stored[1], stored[0], needed=needed)
    assert all(one.run is None or same(one.run, one.trial) for one in result.actions)
    assert max(Counter(run.id for run in taken(result)).values(), default=1) == 1


@given(plans, stores(), st.booleans())
def test_every_run_is_taken_orphaned_or_deleted_and_only_one_of_these(
    plan: Plan, stored: Stored, needed: bool
) -> None:
    runs, present = stored
    result = reconcile(plan, BATCH, present, runs, needed=needed)
    parts = [*taken(result), *result.orphaned, *result.deleted]
    assert sorted(run.id for run in parts) == [run.id for run in runs]


@given(plans, stores(), st.booleans())
def test_what_is_deleted_was_made_by_this_batch_and_never_started(
    plan: Plan, stored: Stored, needed: bool
) -> None:
    runs, present = stored
    result = reconcile(plan, BATCH, present, runs, needed=needed)
    for run in result.deleted:
        assert (run.generated_by, run.state.status) == (BATCH, Status.PENDING)
    for run in result.orphaned:
        assert (run.generated_by, run.state.status) != (BATCH, Status.PENDING)


@given(plans, stores())
def test_needed_skips_exactly_what_is_completed(plan: Plan, stored: Stored) -> None:
    runs, present = stored
    every = reconcile(plan, BATCH, present, runs, needed=False)
    needed = reconcile(plan, BATCH, present, runs, needed=True)
    assert all(one.action is not Action.SKIP for one in every.actions)
    assert [one.run for one in every.actions] == [one.run for one in needed.actions]
    for one in needed.actions:
        completed = one.run is not None and one.run.state.status is Status.COMPLETED
        assert (one.action is Action.SKIP) == completed


@given(plans, stores(), st.booleans())
def test_a_run_of_the_present_plan_is_preferred(plan: Plan, stored: Stored, needed: bool) -> None:
    runs, present = stored
    for one in reconcile(plan, BATCH, present, runs, needed=needed).actions:
        matching = [run for run in runs if same(run, one.trial)]
        planned = [run for run in matching if run.id in present]
        assert one.run == next(iter(planned or matching), None)


@given(plans, stores())
def test_the_same_plan_again_keeps_every_id(plan: Plan, stored: Stored) -> None:
    runs, present = stored
    first = reconcile(plan, BATCH, present, runs, needed=False)
    made = [
        one.run or replace(run_of(f"{place:032x}", 0, Status.PENDING), flags=one.trial.flags)
        for place, one in enumerate(first.actions, start=1000)
    ]
    gone = {run.id for run in first.deleted}
    left = [run for run in runs if run.id not in gone]
    everything = [*left, *(run for run in made if run not in left)]
    again = reconcile(plan, BATCH, tuple(run.id for run in made), everything, needed=False)
    assert [one.run for one in again.actions] == made
    assert again.deleted == ()


@given(plans, stores())
def test_an_orphan_is_adopted_again_under_its_id(plan: Plan, stored: Stored) -> None:
    runs, present = stored
    empty = reconcile(plan_of(), BATCH, present, runs, needed=False)
    back = reconcile(plan, BATCH, (), empty.orphaned, needed=False)
    for one in back.actions:
        matching = [run for run in empty.orphaned if same(run, one.trial)]
        assert one.run == next(iter(matching), None)


# ---- cases


def test_a_pending_trial_of_another_batch_is_left_alone() -> None:
    run = run_of("1" * 32, 7, Status.PENDING, generated_by=OTHER)
    result = reconcile(plan_of(), BATCH, (run.id,), [run], needed=False)
    assert (result.orphaned, result.deleted) == ((run,), ())


def test_a_value_written_otherwise_is_the_same_trial_and_the_trial_has_the_new_one() -> None:
    run = run_of("1" * 32, 1, Status.COMPLETED)
    (one,) = reconcile(plan_of(1.0), BATCH, (run.id,), [run], needed=False).actions
    assert (one.action, one.run) == (Action.RESTART, run)
    assert repr(one.trial.flags) == "{'x': 1.0}"


def test_another_operation_with_the_same_flags_is_another_trial() -> None:
    run = replace(run_of("1" * 32, 1, Status.COMPLETED), operation=replace(ECHO, target="other.py"))
    result = reconcile(plan_of(1), BATCH, (run.id,), [run], needed=True)
    assert [one.action for one in result.actions] == [Action.CREATE]
    assert result.orphaned == (run,)


def test_of_two_runs_with_the_same_flags_the_one_that_is_not_planned_is_an_orphan() -> None:
    orphan = run_of("1" * 32, 1, Status.COMPLETED)
    planned = run_of("2" * 32, 1.0, Status.ERROR)
    result = reconcile(plan_of(1), BATCH, (planned.id,), [orphan, planned], needed=True)
    assert result.actions == (PlannedAction(plan_of(1).trials[0], Action.RESTART, planned),)
    assert result.orphaned == (orphan,)


# ---- new batches with needed


@given(plans, stores())
def test_a_new_batch_adopts_what_is_completed_and_creates_the_rest(
    plan: Plan, stored: Stored
) -> None:
    completed = [run for run in stored[0] if run.state.status is Status.COMPLETED]
    result = adopt(plan, completed)
    assert tuple(one.trial for one in result.actions) == plan.trials
    assert (result.orphaned, result.deleted) == ((), ())
    for one in result.actions:
        matching = [run for run in completed if same(run, one.trial)]
        if matching:
            assert (one.action, one.run) == (Action.SKIP, matching[-1])
        else:
            assert (one.action, one.run) == (Action.CREATE, None)
