"""Which trial of a graph starts next: contract section 11."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.pipeline.graph import Graph
from hydra_sweep_runner.pipeline.parse import parse_steps
from hydra_sweep_runner.pipeline.schedule import Blocked, Schedule
from tests.pipeline.test_plan_graph import Sweep, edges, grid, told
from tests.pipeline.worlds import graph_of, sweeps


def graph_for(text: str, **values: list[int]) -> Graph:
    return graph_of(parse_steps(yaml.safe_load(text), ()), grid(**values))


def everything(graph: Graph) -> Schedule:
    return Schedule(graph, range(len(graph.nodes)), ())


@given(sweeps(), st.data())
def test_every_trial_runs_or_is_blocked_whatever_fails_and_in_whatever_order_they_end(
    sweep: Sweep, data: st.DataObject
) -> None:
    graph = graph_of(*sweep)
    fails = data.draw(st.sets(st.integers(0, len(graph.nodes) - 1)))
    jobs = data.draw(st.integers(1, 3))
    schedule = everything(graph)
    at_work: list[int] = []
    ended: dict[int, bool] = {}
    blocked: dict[int, int] = {}
    while not schedule.is_over:
        while len(at_work) < jobs and (number := schedule.take()) is not None:
            for upstream in edges(graph.nodes[number]):
                assert upstream in ended or upstream in blocked
            at_work.append(number)
        ends = at_work.pop(data.draw(st.integers(0, len(at_work) - 1)))
        ended[ends] = ends not in fails
        blocked |= {b.number: b.cause for b in schedule.ended(ends, completed=ended[ends])}
    assert schedule.take() is None
    assert sorted([*ended, *blocked]) == list(range(len(graph.nodes)))
    for number in range(len(graph.nodes)):
        assert (number in ended) == can_run(graph, number, ended)
    assert all(not ended[cause] for cause in blocked.values())


def can_run(graph: Graph, number: int, ended: dict[int, bool]) -> bool:
    """Whether a trial gets all that it takes, going by what became of the others."""
    node = graph.nodes[number]
    alone = [*(taken.node for taken in node.inputs), *node.waits]
    if not all(ended.get(one) for one in alone):
        return False
    enough = any if node.partial else all
    return all(enough(ended.get(m, False) for m in one.members) for one in node.gathers)


CHAIN = "{a: {operation: f}, b: {operation: g, inputs: [a/x]}}"


def test_the_first_ready_trial_is_taken_whatever_its_level() -> None:
    graph = graph_for(CHAIN, a=[0, 1], b=[5, 6])
    assert told(graph) == ["a0", "b5", "b6", "a1", "b5", "b6"]
    schedule = everything(graph)
    assert [schedule.take(), schedule.take(), schedule.take()] == [0, 3, None]
    schedule.ended(3, completed=True)
    assert schedule.take() == 4
    schedule.ended(0, completed=True)
    assert [schedule.take(), schedule.take(), schedule.take()] == [1, 2, 5]


def test_what_is_ready_can_be_seen_before_it_is_taken() -> None:
    schedule = everything(graph_for(CHAIN, a=[0], b=[5]))
    assert schedule.peek() == 0
    assert schedule.take() == 0
    assert schedule.peek() is None
    assert not schedule.is_over


def test_what_depends_on_a_failed_trial_is_blocked_by_it_and_other_branches_go_on() -> None:
    graph = graph_for(CHAIN + "", a=[0, 1], b=[5])
    schedule = everything(graph)
    assert [schedule.take(), schedule.take()] == [0, 2]
    assert schedule.ended(0, completed=False) == (Blocked(1, cause=0),)
    assert schedule.ended(2, completed=True) == ()
    assert schedule.take() == 3


def test_the_cause_is_the_trial_that_failed_not_one_that_was_blocked() -> None:
    graph = graph_for("{a: , b: {inputs: [a/x]}, c: {inputs: [b/x]}}", a=[0], b=[0], c=[0])
    schedule = everything(graph)
    schedule.take()
    assert schedule.ended(0, completed=False) == (Blocked(1, cause=0), Blocked(2, cause=0))
    assert schedule.is_over


def test_a_step_has_at_most_so_many_trials_at_work_as_its_n_jobs() -> None:
    graph = graph_for("{a: {operation: f, n_jobs: 1}, b: {operation: g}}", a=[0, 1], b=[5, 6])
    assert told(graph) == ["a0", "b5", "b6", "a1"]
    schedule = everything(graph)
    assert [schedule.take(), schedule.take(), schedule.take(), schedule.take()] == [0, 1, 2, None]
    assert not schedule.is_over
    schedule.ended(0, completed=True)
    assert schedule.take() == 3


def test_a_partial_gather_starts_if_some_completed_and_never_if_none_did() -> None:
    graph = graph_for("{a: , r: {gathers: {all: a}, partial: true}}", a=[0, 1], r=[0])
    for second in (True, False):
        schedule = everything(graph)
        assert [schedule.take(), schedule.take()] == [0, 1]
        assert schedule.ended(0, completed=False) == ()
        blocked = schedule.ended(1, completed=second)
        assert blocked == (() if second else (Blocked(2, cause=0),))
        assert schedule.take() == (2 if second else None)


def test_what_is_not_to_run_gives_files_only_if_it_is_completed() -> None:
    graph = graph_for(CHAIN, a=[0, 1], b=[5])
    schedule = Schedule(graph, [1, 3], completed=[0])
    assert schedule.blocked == (Blocked(3, cause=2),)
    assert schedule.take() == 1
