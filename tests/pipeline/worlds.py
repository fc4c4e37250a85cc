"""Small pipelines for property tests: any wiring of a few steps, and combinations of flags."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st

from hydra_sweep_runner.model import Operation
from hydra_sweep_runner.pipeline.combination import Composed
from hydra_sweep_runner.pipeline.graph import Graph
from hydra_sweep_runner.pipeline.parse import parse_steps
from hydra_sweep_runner.pipeline.plan_graph import plan_graph
from hydra_sweep_runner.pipeline.steps import Wiring
from hydra_sweep_runner.planning.identity import trial_identity

SEED = 7

#: What each step's flag is in one combination, by the step's name.
Values = dict[str, int]


@cache
def composed(operation: str, value: int) -> Composed:
    """The operation of that name with one flag `v`."""
    what = Operation(name=operation, kind="script", target=f"{operation}.py")
    flags = {"v": value}
    overrides = (f"operation={operation}", f"v={value}")
    return Composed(overrides, what, flags, trial_identity(what, flags))


def combine(wiring: Wiring, values: Values) -> list[Composed]:
    return [composed(step.operation, values[step.name]) for step in wiring.steps]


def graph_of(wiring: Wiring, combinations: Sequence[Values]) -> Graph:
    return plan_graph(wiring, [combine(wiring, values) for values in combinations], SEED)


@st.composite
def wirings(draw: st.DrawFn) -> Wiring:
    """Up to five steps of two operations, so that steps share trials now and then."""
    node: dict[str, Any] = {}
    names: list[str] = []
    for number in range(draw(st.integers(1, 5))):
        step: dict[str, Any] = {"operation": draw(st.sampled_from(["f", "g"]))}
        if names:
            some = st.lists(st.sampled_from(names), max_size=2, unique=True)
            step["inputs"] = [{f"in-{name}": f"{name}/x"} for name in draw(some)]
            step["after"] = draw(some)
            gathered = draw(some)
            if gathered:
                step["gathers"] = {f"all-{name}": name for name in gathered}
                step["partial"] = draw(st.booleans())
                if draw(st.booleans()):
                    step["by"] = [f"{gathered[0]}.v"] if len(gathered) == 1 else []
        names.append(f"s{number}")
        node[names[-1]] = step
    return parse_steps(node, ())


@st.composite
def sweeps(draw: st.DrawFn) -> tuple[Wiring, list[Values]]:
    """A wiring with up to six different combinations."""
    wiring = draw(wirings())
    one = st.tuples(*(st.integers(0, 2) for _ in wiring.steps))
    found = draw(st.lists(one, min_size=1, max_size=6, unique=True))
    return wiring, [dict(zip(wiring.names, values, strict=True)) for values in found]
