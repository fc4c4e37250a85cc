"""Which trials are current, and what a restart does: contract section 11.

The laws go through histories: sweeps that change, failures, deletions, restarts of single
trials. What a completed trial holds is modelled as all that it was made from; it is current if
that is what it would be made from now.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_sweep_runner.model import Status
from hydra_sweep_runner.pipeline.current import (
    Decision,
    Do,
    Known,
    Origin,
    Wanted,
    decide,
    members_now,
    out_of_date,
    why_stale,
)
from hydra_sweep_runner.pipeline.graph import Graph
from hydra_sweep_runner.pipeline.parse import parse_steps
from hydra_sweep_runner.pipeline.schedule import Schedule
from tests.pipeline.test_plan_graph import grid
from tests.pipeline.worlds import Values, graph_of, wirings


@dataclass
class Runs:
    """The runs of a store, by identity, and what each holds."""

    known: dict[str, Known] = field(default_factory=dict)
    made: int = 0
    holds: dict[str, Any] = field(default_factory=dict)

    def of(self, graph: Graph) -> list[Known | None]:
        return [self.known.get(node.trial.identity) for node in graph.nodes]

    def create(self, graph: Graph) -> None:
        for node in graph.nodes:
            if node.trial.identity not in self.known:
                self.made += 1
                self.known[node.trial.identity] = Known(
                    run=f"{self.made:08d}", status=Status.PENDING
                )

    def now(self, graph: Graph, number: int) -> Any:
        """What a trial would be made from now."""
        node = graph.nodes[number]
        runs = self.of(graph)
        inputs = [(taken.name, self.held(graph, taken.node)) for taken in node.inputs]
        gathers = []
        for gathered in node.gathers:
            taken = members_now(node, gathered.members, runs)
            members = [m for m in gathered.members if (known := runs[m]) and known.run in taken]
            held = {self.held(graph, member)[0]: self.held(graph, member) for member in members}
            gathers.append((gathered.name, held))  # a set: its order does not count
        return inputs, gathers

    def held(self, graph: Graph, number: int) -> Any:
        known = self.known[graph.nodes[number].trial.identity]
        return known.run, known.attempt, self.holds.get(known.run)

    def run(self, graph: Graph, number: int, *, fails: bool) -> None:
        """One attempt of a trial."""
        node, runs = graph.nodes[number], self.of(graph)
        known = runs[number]
        assert known is not None
        self.known[node.trial.identity] = replace(
            known,
            status=Status.ERROR if fails else Status.COMPLETED,
            attempt=known.attempt + 1,
            inputs={taken.name: origin(runs[taken.node], taken.path) for taken in node.inputs},
            gathers={
                gathered.name: members_now(node, gathered.members, runs)
                for gathered in node.gathers
            },
        )
        self.holds[known.run] = self.now(graph, number)

    def start(self, graph: Graph, decisions: tuple[Decision, ...], fails: set[int]) -> set[int]:
        """Carry out what was decided; gives the trials that ran."""
        self.create(graph)
        to_run = {number for number, one in enumerate(decisions) if one.do is Do.RUN}
        done = {
            number
            for number, known in enumerate(self.of(graph))
            if number not in to_run and known is not None and known.status is Status.COMPLETED
        }
        schedule = Schedule(graph, to_run, done)
        ran = set()
        while (number := schedule.take()) is not None:
            ran.add(number)
            self.run(graph, number, fails=number in fails)
            schedule.ended(number, completed=number not in fails)
        return ran


def origin(known: Known | None, path: str) -> Origin:
    assert known is not None
    return Origin(known.run, path, known.attempt)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Graph, Runs]:
    """A pipeline whose store has seen a few starts, each with other flags, failures, deletions
    and restarts of single trials; and the plan of now."""
    wiring = draw(wirings())
    one = st.tuples(*(st.integers(0, 1) for _ in wiring.steps))
    runs = Runs()
    for _ in range(draw(st.integers(1, 3))):
        graph = graph_of(wiring, values(wiring.names, draw(combinations(one))))
        wanted = Wanted(needed=draw(st.booleans()))
        numbers = st.integers(0, len(graph.nodes) - 1)
        runs.start(graph, decide(graph, runs.of(graph), wanted), draw(st.sets(numbers)))
        for number in draw(st.lists(numbers, max_size=2)):
            known = runs.known.get(graph.nodes[number].trial.identity)
            if known is None:
                continue
            if draw(st.booleans()):
                del runs.known[graph.nodes[number].trial.identity]
            elif all(one is not None for one in runs.of(graph)):
                runs.run(graph, number, fails=draw(st.booleans()))
    return graph_of(wiring, values(wiring.names, draw(combinations(one)))), runs


def combinations(one: st.SearchStrategy[tuple[int, ...]]) -> st.SearchStrategy[Any]:
    return st.lists(one, min_size=1, max_size=3, unique=True)


def values(names: tuple[str, ...], found: list[tuple[int, ...]]) -> list[Values]:
    return [dict(zip(names, one, strict=True)) for one in found]


@settings(deadline=None)
@given(histories())
def test_needed_runs_nothing_that_is_current_and_all_that_depends_on_what_it_runs(
    history: tuple[Graph, Runs],
) -> None:
    graph, runs = history
    decisions = decide(graph, runs.of(graph), Wanted(needed=True))
    to_run = {number for number, one in enumerate(decisions) if one.do is Do.RUN}
    for number in to_run:
        assert all(taker in to_run for taker in graph.takers[number])
    runs.create(graph)
    for number, node in enumerate(graph.nodes):
        known = runs.known[node.trial.identity]
        upstream = to_run.intersection(node.takes_from)
        current = known.status is Status.COMPLETED and runs.holds[known.run] == runs.now(
            graph, number
        )
        assert (number in to_run) == (bool(upstream) or not current)


@settings(deadline=None)
@given(histories())
def test_out_of_date_is_what_is_completed_and_would_be_made_from_something_else_now(
    history: tuple[Graph, Runs],
) -> None:
    graph, runs = history
    runs.create(graph)
    found = out_of_date(graph, runs.of(graph))
    assert list(found) == sorted(set(found))
    for number, node in enumerate(graph.nodes):
        known = runs.known[node.trial.identity]
        is_completed = known.status is Status.COMPLETED
        is_other = bool(set(found).intersection(node.takes_from)) or (
            is_completed and runs.holds[known.run] != runs.now(graph, number)
        )
        assert (number in found) == (is_completed and is_other)


@settings(deadline=None)
@given(histories())
def test_after_needed_nothing_is_stale(history: tuple[Graph, Runs]) -> None:
    graph, runs = history
    runs.start(graph, decide(graph, runs.of(graph), Wanted(needed=True)), set())
    known = runs.of(graph)
    for node, one in zip(graph.nodes, known, strict=True):
        assert one is not None
        assert why_stale(node, one, known) is None
    assert out_of_date(graph, known) == ()
    again = decide(graph, known, Wanted(needed=True))
    assert {one.do for one in again} == {Do.SKIP}


@settings(deadline=None)
@given(histories(), st.data())
def test_needed_finishes_a_start_in_which_some_failed_and_runs_no_trial_twice(
    history: tuple[Graph, Runs], data: st.DataObject
) -> None:
    graph, runs = history
    fails = data.draw(st.sets(st.integers(0, len(graph.nodes) - 1)))
    first = runs.start(graph, decide(graph, runs.of(graph), Wanted(needed=True)), fails)
    second = runs.start(graph, decide(graph, runs.of(graph), Wanted(needed=True)), set())
    partial = {number for number, node in enumerate(graph.nodes) if node.partial}
    for number in (first - fails) & second:  # only what has more to gather, or takes from that
        node = graph.nodes[number]
        assert number in partial or second.intersection(node.takes_from)


@settings(deadline=None)
@given(histories(), st.data())
def test_from_runs_a_step_and_all_that_depends_on_it_and_else_what_is_needed(
    history: tuple[Graph, Runs], data: st.DataObject
) -> None:
    graph, runs = history
    step = data.draw(st.sampled_from(graph.wiring.names))
    known = runs.of(graph)
    needed = decide(graph, known, Wanted(needed=True))
    asked = decide(graph, known, Wanted(from_step=step))
    again = {step, *graph.wiring.downstream(step)}
    for number, (node, one) in enumerate(zip(graph.nodes, asked, strict=True)):
        upstream = any(asked[up].do is Do.RUN for up in node.takes_from)
        forced = bool(again.intersection(node.steps))
        assert (one.do is Do.RUN) == (forced or upstream or needed[number].do is Do.RUN)


@settings(deadline=None)
@given(histories(), st.data())
def test_until_leaves_what_comes_after_a_step(
    history: tuple[Graph, Runs], data: st.DataObject
) -> None:
    graph, runs = history
    step = data.draw(st.sampled_from(graph.wiring.names))
    wanted = Wanted(needed=data.draw(st.booleans()))
    asked = decide(graph, runs.of(graph), replace(wanted, until=step))
    whole = decide(graph, runs.of(graph), wanted)
    after = graph.wiring.downstream(step)
    for node, one, otherwise in zip(graph.nodes, asked, whole, strict=True):
        beyond = after.issuperset(node.steps)
        assert one == otherwise if not beyond else one.do is Do.LEAVE


# ---- reasons

TEXT = "{a: {operation: f}, b: {operation: g, inputs: [a/x]}, r: {gathers: {all: b}}}"


def world() -> tuple[Graph, Runs]:
    graph = graph_of(parse_steps(yaml.safe_load(TEXT), ()), grid(a=[0], b=[5, 6], r=[0]))
    runs = Runs()
    runs.start(graph, decide(graph, runs.of(graph), Wanted()), set())
    return graph, runs


def reasons(graph: Graph, runs: Runs, **wanted: Any) -> list[str]:
    return [one.why for one in decide(graph, runs.of(graph), Wanted(**wanted))]


def test_everything_is_run_again_without_needed() -> None:
    assert reasons(*world()) == ["all are run again"] * 4
    graph, _ = world()
    assert reasons(graph, Runs()) == ["new"] * 4


def test_a_reason_names_the_trial_that_runs() -> None:
    graph, runs = world()
    runs.run(graph, 1, fails=True)
    assert reasons(graph, runs, needed=True) == ["current", "failed", "current", "b 00000002 runs"]
    assert reasons(graph, runs, only_failed=True) == [
        *("has not failed", "failed", "has not failed", "has not failed"),
    ]


def test_a_reason_names_the_input_that_was_made_anew_and_the_gather_that_has_changed() -> None:
    graph, runs = world()
    runs.run(graph, 0, fails=False)
    assert reasons(graph, runs, needed=True)[1] == "x was made anew by 00000001"
    graph, runs = world()
    runs.run(graph, 2, fails=False)
    assert reasons(graph, runs, needed=True)[3] == "all has other trials now"


def test_a_deleted_upstream_makes_what_took_from_it_stale() -> None:
    graph, runs = world()
    del runs.known[graph.nodes[0].trial.identity]
    assert reasons(graph, runs, needed=True)[:2] == ["new", "a new a runs"]
    runs.create(graph)
    known = runs.of(graph)
    assert known[1] is not None
    assert why_stale(graph.nodes[1], known[1], known) == "x is of another run now"


def test_changed_code_is_a_reason() -> None:
    graph, runs = world()
    digest = graph.nodes[0].trial.identity
    runs.known[digest] = replace(runs.known[digest], changed="a.py has changed")
    assert reasons(graph, runs, needed=True)[0] == "a.py has changed"


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"until": "a"}, ["all are run again", *["after until=a"] * 3]),
        ({"from_step": "b"}, ["current", "from=b", "from=b", "from=b"]),
        ({"from_step": "b", "until": "b"}, ["current", "from=b", "from=b", "after until=b"]),
    ],
)
def test_parts_of_a_pipeline_are_told_as_they_were_asked_for(
    wanted: dict[str, str], why: list[str]
) -> None:
    assert reasons(*world(), **wanted) == why
