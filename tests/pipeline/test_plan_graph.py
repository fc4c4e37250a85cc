"""Combinations of a pipeline's flags as a graph of trials: contract section 11."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.pipeline.combination import Composed
from hydra_sweep_runner.pipeline.graph import Graph, Node
from hydra_sweep_runner.pipeline.parse import parse_steps
from hydra_sweep_runner.pipeline.plan_graph import plan_graph
from hydra_sweep_runner.pipeline.steps import Step, Wiring
from hydra_sweep_runner.planning.identity import (
    InputKey,
    gather_identity,
    step_identity,
    trial_identity,
)
from tests.pipeline.worlds import Values, composed, graph_of, sweeps

Sweep = tuple[Wiring, list[Values]]


def wiring_of(text: str) -> Wiring:
    return parse_steps(yaml.safe_load(text), ())


def told(graph: Graph) -> list[str]:
    """Each trial as its step and its flag's value."""
    return [f"{node.step}{node.trial.flags['v']}" for node in graph.nodes]


def edges(node: Node) -> set[int]:
    return {*node.takes_from, *node.waits}


# ---- laws


@given(sweeps())
def test_every_trial_stands_after_all_that_it_waits_for(sweep: Sweep) -> None:
    graph = graph_of(*sweep)
    for number, node in enumerate(graph.nodes):
        assert all(upstream < number for upstream in edges(node))


@given(sweeps())
def test_each_trial_is_there_once(sweep: Sweep) -> None:
    identities = [node.trial.identity for node in graph_of(*sweep).nodes]
    assert len(set(identities)) == len(identities)


@given(sweeps())
def test_the_path_of_every_combination_is_there_and_nothing_else(sweep: Sweep) -> None:
    wiring, combinations = sweep
    graph = graph_of(*sweep)
    by_identity = {node.trial.identity: node for node in graph.nodes}
    wanted = set()
    for values in combinations:
        for step in wiring.steps:
            digest = expected_identity(wiring, step, values)
            wanted.add((digest, step.name))
            node = by_identity[digest]
            for one, taken in zip(wiring.step(node.step).inputs, node.inputs, strict=True):
                upstream = graph.nodes[taken.node]
                assert (taken.name, taken.path) == (one.name, one.path)
                assert one.step in upstream.steps
    assert wanted == {(node.trial.identity, name) for node in graph.nodes for name in node.steps}


def expected_identity(wiring: Wiring, step: Step, values: Values) -> str:
    by = tuple((str(by), values[by.step]) for by in step.by)
    inputs = [
        InputKey(one.name, one.path, expected_identity(wiring, wiring.step(one.step), values))
        for one in step.inputs
    ]
    inputs += [InputKey(one.name, None, gather_identity(one.step, by)) for one in step.gathers]
    return step_identity(composed(step.operation, values[step.name]).identity, inputs)


@given(sweeps())
def test_a_gather_has_all_trials_of_its_step_that_agree_with_it(sweep: Sweep) -> None:
    graph = graph_of(*sweep)
    for node in graph.nodes:
        for gathered in node.gathers:
            members = [
                number
                for number, other in enumerate(graph.nodes)
                if gathered.step in other.steps
                and all(other.trial.flags[by.flag] == value for by, value in node.by)
            ]
            assert list(gathered.members) == members


@given(sweeps(), st.data())
def test_more_combinations_keep_the_trials_of_fewer(sweep: Sweep, data: st.DataObject) -> None:
    wiring, combinations = sweep
    kept = data.draw(st.lists(st.sampled_from(combinations), min_size=1, unique_by=str))
    fewer = {node.trial.identity for node in graph_of(wiring, kept).nodes}
    assert fewer <= {node.trial.identity for node in graph_of(*sweep).nodes}


@given(sweeps())
def test_a_trial_s_seed_is_its_own(sweep: Sweep) -> None:
    graph = graph_of(*sweep)
    seeds = {node.trial.identity: node.trial.random_seed for node in graph.nodes}
    for values in sweep[1]:
        for node in graph_of(sweep[0], [values]).nodes:
            assert seeds[node.trial.identity] == node.trial.random_seed


# ---- the order of the plan

STUDY = """
prepare: {operation: f}
train: {operation: g, inputs: [prepare/x]}
evaluate: {operation: f, inputs: [train/x, prepare/y]}
"""


def grid(**values: list[int]) -> list[Values]:
    return [dict(zip(values, one, strict=True)) for one in product(*values.values())]


def test_trials_stand_depth_first_by_combination_each_at_its_first_appearance() -> None:
    graph = graph_of(wiring_of(STUDY), grid(prepare=[0, 1], train=[5, 6], evaluate=[9]))
    assert told(graph) == [
        *("prepare0", "train5", "evaluate9", "train6", "evaluate9"),
        *("prepare1", "train5", "evaluate9", "train6", "evaluate9"),
    ]
    assert [taken.node for taken in graph.nodes[4].inputs] == [3, 0]


def test_a_gather_stands_right_after_its_last_member_and_what_takes_from_it_after_that() -> None:
    wiring = wiring_of(
        STUDY + "report: {gathers: {runs: evaluate}, by: [prepare.v]}\n"
        "publish: {inputs: [report/x]}\n"
        "overall: {gathers: {runs: report}}\n"
    )
    values = grid(prepare=[0, 1], train=[5, 6], evaluate=[9], report=[0], publish=[0], overall=[0])
    assert told(graph_of(wiring, values)) == [
        *("prepare0", "train5", "evaluate9", "train6", "evaluate9", "report0", "publish0"),
        *("prepare1", "train5", "evaluate9", "train6", "evaluate9", "report0", "publish0"),
        "overall0",
    ]


def test_by_makes_one_gathering_trial_for_each_value() -> None:
    wiring = wiring_of(STUDY + "report: {gathers: {runs: evaluate}, by: [train.v]}")
    graph = graph_of(wiring, grid(prepare=[0, 1], train=[5, 6], evaluate=[9], report=[0]))
    reports = [node for node in graph.nodes if node.step == "report"]
    assert [dict(node.by) for node in reports] == [{wiring.step("report").by[0]: v} for v in (5, 6)]
    assert [len(node.gathers[0].members) for node in reports] == [2, 2]


def test_a_gather_stays_the_same_trial_when_more_is_gathered() -> None:
    wiring = wiring_of(STUDY + "report: {gathers: {runs: evaluate}}")
    few = graph_of(wiring, grid(prepare=[0], train=[5], evaluate=[9], report=[0]))
    more = graph_of(wiring, grid(prepare=[0, 1], train=[5, 6], evaluate=[9], report=[0]))
    assert few.nodes[-1].trial.identity == more.nodes[-1].trial.identity
    assert len(more.nodes[-1].gathers[0].members) == 4


def test_steps_with_the_same_operation_flags_and_inputs_share_a_trial() -> None:
    graph = graph_of(wiring_of("{a: {operation: f}, b: {operation: f, after: [a]}}"), [
        {"a": 0, "b": 0}
    ])  # fmt: skip
    assert [node.steps for node in graph.nodes] == [("a", "b")]


def test_a_shared_trial_never_waits_for_one_that_depends_on_it() -> None:
    wiring = wiring_of("{a: {operation: f}, g: {gathers: {r: a}}, c: {operation: f, after: [g]}}")
    graph = graph_of(wiring, [{"a": 0, "g": 0, "c": 1}, {"a": 1, "g": 0, "c": 0}])
    assert told(graph) == ["a0", "a1", "g0"]


# ---- by


@pytest.mark.parametrize(
    ("flag", "value"), [("m.deep", 1), ("m", {"m.deep": 1}), ("group", "small")]
)
def test_by_takes_a_flag_what_is_below_it_or_the_choice_of_a_group(flag: str, value: Any) -> None:
    wiring = wiring_of(f"{{a: , b: {{gathers: {{r: a}}, by: [a.{flag}]}}}}")
    graph = plan(wiring, {"m.deep": 1}, "group=small")
    assert [found for _, found in graph.nodes[1].by] == [value]


def plan(wiring: Wiring, flags: dict[str, Any], override: str) -> Graph:
    operation = composed("f", 0).operation
    one = Composed((override,), operation, flags, trial_identity(operation, flags))
    return plan_graph(wiring, [[one, composed("g", 0)]], 0)


def test_by_a_flag_that_the_step_does_not_have_is_a_mistake() -> None:
    wiring = wiring_of("{a: {operation: f}, b: {gathers: {r: a}, by: [a.w]}}")
    with pytest.raises(Mistake, match=r"operation.steps.b.by: a.w: f has no flag 'w'; it has v"):
        graph_of(wiring, [{"a": 0, "b": 0}])
