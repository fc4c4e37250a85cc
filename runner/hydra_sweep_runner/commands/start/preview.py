"""A pipeline's plan as a table: its trials, their inputs, what is done with each and why."""

from __future__ import annotations

from hydra_sweep_runner.commands.start.pipeline.columns import plan_columns
from hydra_sweep_runner.commands.start.pipeline.decisions import Decided
from hydra_sweep_runner.commands.start.sweep import Sweep
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.pipeline.current import Decision, Do
from hydra_sweep_runner.pipeline.graph import Graph
from hydra_sweep_runner.system.garbage import no_garbage
from hydra_sweep_runner.terminal.render import MOST_OF_VALUE, cut, escape, render_plan


def print_graph(
    world: World,
    sweep: Sweep,
    graph: Graph,
    decided: Decided | None = None,
) -> None:
    """Print a pipeline's plan: the step, the rows of the trials that a trial takes from, and the
    given flags of which it has a single value; with `decided` also what is done (run, skip,
    create), and why."""
    with no_garbage():
        for line in _lines(sweep, graph, decided):
            world.reporter.result(line)


def _lines(sweep: Sweep, graph: Graph, decided: Decided | None) -> list[str]:
    columns = [
        ("step", [node.step for node in graph.nodes]),
        ("from", _taken(graph)),
        *plan_columns(sweep, graph).items(),
    ]
    if decided is not None:
        done = [_done(one, decided.is_new(n)) for n, one in enumerate(decided.decisions)]
        columns += [("do", done), ("why", [escape(one.why) for one in decided.decisions])]
    return render_plan(columns, len(graph.nodes))


def _taken(graph: Graph) -> list[str]:
    """For each trial, the rows of the trials that it takes from. Many trials of a step take from
    the same ones: these are written once."""
    known: dict[tuple[object, ...], str] = {}
    texts: list[str] = []
    for node in graph.nodes:
        taken = (node.inputs, node.gathers)
        if taken not in known:
            rows = [str(upstream + 1) for upstream in sorted(node.takes_from)]
            known[taken] = cut(",".join(rows), MOST_OF_VALUE)
        texts.append(known[taken])
    return texts


def _done(decision: Decision, is_new: bool) -> str:
    """The preview's word for what is done with a trial."""
    if is_new:
        return "create"
    return "run" if decision.do is Do.RUN else "skip"
