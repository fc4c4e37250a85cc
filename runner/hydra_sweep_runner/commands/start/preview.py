"""A pipeline's plan as a table: its trials, what each takes from, what is done with it and why."""

from __future__ import annotations

from collections.abc import Sequence

from hydra_sweep_runner.commands.start.pipeline.decisions import Decided
from hydra_sweep_runner.commands.start.sweep import Sweep, cell, is_column
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.pipeline.current import Decision, Do
from hydra_sweep_runner.pipeline.graph import Graph
from hydra_sweep_runner.pipeline.parse import split_name
from hydra_sweep_runner.terminal.render import MOST_OF_VALUE, cut, escape, render_plan


def print_graph(
    world: World,
    sweep: Sweep,
    graph: Graph,
    decided: Decided | None = None,
) -> None:
    """Print a pipeline's plan: the step, the rows that a trial takes from, and the given flags
    of which it has one value; with `decided` also what is done (run, skip, create), and why.
    """
    columns = [
        name for name in sweep.names if name != "operation" and is_column(sweep.combinations, name)
    ]
    values = _values(sweep, graph, columns)
    rows = []
    for number, node in enumerate(graph.nodes):
        taken = cut(
            ",".join(str(upstream + 1) for upstream in sorted(node.takes_from)), MOST_OF_VALUE
        )
        rows.append({"step": node.step, "from": taken, **values[number]})
    shown = ["step", "from", *columns]
    if decided is not None:
        shown += ["do", "why"]
        for number, (row, decision) in enumerate(zip(rows, decided.decisions, strict=True)):
            row |= {"do": _done(decision, decided.is_new(number)), "why": escape(decision.why)}
    for line in render_plan(shown, rows):
        world.reporter.result(line)


def _values(sweep: Sweep, graph: Graph, columns: Sequence[str]) -> list[dict[str, str]]:
    """Of each trial the given flags that are the same in all combinations that it is in. A
    flag of a step is told of that step and what depends on it."""
    found: list[dict[str, str]] = [{} for _ in graph.nodes]
    mixed: list[set[str]] = [set() for _ in graph.nodes]
    concerned = {name: _concerned(graph, name) for name in columns}
    for combination, path in zip(sweep.combinations, graph.paths, strict=True):
        cells = {name: cell(combination, name) for name in columns}
        for step, number in zip(graph.wiring.names, path, strict=True):
            for name, told in cells.items():
                if step in concerned[name] and found[number].setdefault(name, told) != told:
                    mixed[number].add(name)
    return [
        {name: cell for name, cell in cells.items() if name not in several}
        for cells, several in zip(found, mixed, strict=True)
    ]


def _concerned(graph: Graph, name: str) -> frozenset[str]:
    step, _ = split_name(name, graph.wiring.names)
    names = frozenset(graph.wiring.names)
    return names if step is None else graph.wiring.downstream(step) | {step}


def _done(decision: Decision, is_new: bool) -> str:
    """What is done with a trial, in the preview's words."""
    if is_new:
        return "create"
    return "run" if decision.do is Do.RUN else "skip"
