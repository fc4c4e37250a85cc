"""What the rules that end a batch know of a pipeline's combinations: contract sections 10, 11."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.pipeline.results import CombinationResults, stages
from hydra_sweep_runner.pipeline.schedule import Schedule
from hydra_sweep_runner.search.window import count_known
from tests.pipeline.test_plan_graph import Sweep, told
from tests.pipeline.test_schedule import graph_for
from tests.pipeline.worlds import graph_of, sweeps


@given(sweeps(), st.data())
def test_what_the_next_trial_has_to_know_is_known_when_nothing_is_at_work(
    sweep: Sweep, data: st.DataObject
) -> None:
    """Else a batch with rules would stand still."""
    graph = graph_of(*sweep)
    fails = data.draw(st.sets(st.integers(0, len(graph.nodes) - 1)))
    jobs = data.draw(st.integers(1, 3))
    schedule = Schedule(graph, range(len(graph.nodes)), ())
    results = CombinationResults(graph)
    known = 0
    at_work: list[int] = []
    while not schedule.is_over:
        known += len(list(results.news()))
        while len(at_work) < jobs and (number := schedule.peek()) is not None:
            if known < count_known(results.stages[number], jobs):
                assert at_work
                break
            at_work.append(number)
            schedule.take()
        number = at_work.pop(data.draw(st.integers(0, len(at_work) - 1)))
        results.ended(number, None if number in fails else {})
        for blocked in schedule.ended(number, completed=number not in fails):
            results.ended(blocked.number, None)
    known += len(list(results.news()))
    assert known == len(graph.paths)


@given(sweeps())
def test_the_plan_reaches_combinations_in_order(sweep: Sweep) -> None:
    graph = graph_of(*sweep)
    found = stages(graph)
    assert list(found) == sorted(found)
    for combination, path in enumerate(graph.paths):
        for number in path:
            if not any(number in earlier for earlier in graph.paths[:combination]):
                assert found[number] >= combination


FOLDS = """
    a: {operation: f}
    b: {operation: g, inputs: [a/x]}
    mean: {operation: h, gathers: {runs: b}, by: [a.v]}
"""


def test_a_combination_reports_what_its_last_steps_say() -> None:
    graph = graph_for(FOLDS, a=[0, 1], b=[5, 6], mean=[9])
    assert told(graph) == ["a0", "b5", "b6", "mean9", "a1", "b5", "b6", "mean9"]
    results = CombinationResults(graph)
    assert list(results.news()) == []
    for number, loss in enumerate([0.0, 1.0, 2.0, 3.0]):
        results.ended(number, {"loss": loss, f"only {number}": loss})
    assert list(results.news()) == [
        (0, {"loss": 1.0, "only 0": 0.0, "only 1": 1.0}),
        (1, {"loss": 3.0, "only 0": 0.0, "only 2": 2.0, "only 3": 3.0}),
    ]
    for number in (6, 7, 4):
        results.ended(number, {})
    assert list(results.news()) == []
    results.ended(5, None)
    assert list(results.news()) == [(2, None), (3, {})]
