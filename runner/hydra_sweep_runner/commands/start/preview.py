"""A pipeline's plan as a table: its trials, their inputs, what is done with each and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hydra_sweep_runner.commands.start.pipeline.decisions import Decided
from hydra_sweep_runner.commands.start.shaping import REPEAT
from hydra_sweep_runner.commands.start.sweep import Sweep, cell, is_column
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.pipeline.current import Decision, Do
from hydra_sweep_runner.pipeline.graph import Graph
from hydra_sweep_runner.pipeline.parse import split_name
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
        name for name in sweep.names if name != "operation" and is_column(sweep.combinations, name)
    ]
    values = _values(sweep, graph, columns)
    rows = []
    for number, node in enumerate(graph.nodes):
        taken = cut(
            ",".join([str(upstream + 1) for upstream in sorted(node.takes_from)]), MOST_OF_VALUE
        )
        rows.append({"step": node.step, "from": taken, **values[number]})
    shown = ["step", "from", *columns]
    if any(node.trial.repeat for node in graph.nodes):
        shown.append(REPEAT)
        for row, node in zip(rows, graph.nodes, strict=True):
            row[REPEAT] = str(node.trial.repeat)
    if decided is not None:
        shown += ["do", "why"]
        for number, (row, decision) in enumerate(zip(rows, decided.decisions, strict=True)):
            row |= {"do": _done(decision, decided.is_new(number)), "why": escape(decision.why)}
    return render_plan(shown, rows)


def _values(sweep: Sweep, graph: Graph, columns: Sequence[str]) -> list[dict[str, str]]:
    """For each trial, the given flags that are the same in all of its combinations. A step's flag
    is shown for that step and the steps that depend on it."""
    found: list[dict[str, str]] = [{} for _ in graph.nodes]
    for name in columns:
        places = _concerned(graph, name)
        several: set[int] = set()
        for told, path in zip(_values_of(sweep, graph, name), graph.paths, strict=True):
            for place in places:
                number = path[place]
                if found[number].setdefault(name, told) != told:
                    several.add(number)
        for number in several:
            del found[number][name]
    return found


def _values_of(sweep: Sweep, graph: Graph, name: str) -> Iterator[str]:
    """The value of a given name in each combination, in their order."""
    step, flag = _of_step(name, graph)
    place = None if step is None else graph.wiring.names.index(step)
    known: dict[int, str] = {}  # most combinations share their trials of a step
    for combination, path in zip(sweep.combinations, graph.paths, strict=True):
        if place is None:
            yield cell(combination, name)
            continue
        number = path[place]
        trial = graph.nodes[number].trial
        if flag not in trial.flags:  # a choice; one trial may belong to several choices
            yield cell(combination, name)
            continue
        if number not in known:
            known[number] = cell(trial, flag)
        yield known[number]


def _of_step(name: str, graph: Graph) -> tuple[str | None, str]:
    """The step of a given name, and its name there; empty if the name is the step's own."""
    names = graph.wiring.names
    return (name, "") if name in names else split_name(name, names)


def _concerned(graph: Graph, name: str) -> list[int]:
    """The indices of the steps whose trials may have a value of a given name."""
    names = graph.wiring.names
    step, _ = _of_step(name, graph)
    concerned = names if step is None else graph.wiring.downstream(step) | {step}
    return [place for place, one in enumerate(names) if one in concerned]


def _done(decision: Decision, is_new: bool) -> str:
    """The preview's word for what is done with a trial."""
    if is_new:
        return "create"
    return "run" if decision.do is Do.RUN else "skip"
