"""The given flags of a pipeline's plan, as columns of a table of its trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hydra_sweep_runner.commands.start.shaping import REPEAT
from hydra_sweep_runner.commands.start.sweep import Sweep, cell, is_column
from hydra_sweep_runner.pipeline.graph import Graph
from hydra_sweep_runner.pipeline.parse import split_name


def plan_columns(sweep: Sweep, graph: Graph) -> dict[str, list[str]]:
    """For each given flag, and for repeats if there are any, the text that a table shows of each
    trial, in plan order; empty where a trial belongs to combinations with different values."""
    names = [
        name for name in sweep.names if name != "operation" and is_column(sweep.combinations, name)
    ]
    values = _values(sweep, graph, names)
    found = {name: [value.get(name, "") for value in values] for name in names}
    if any(node.trial.repeat for node in graph.nodes):
        found[REPEAT] = [str(node.trial.repeat) for node in graph.nodes]
    return found


def cells_of(columns: Mapping[str, Sequence[str]], ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """The columns' texts that are not empty, by the ids of the trials."""
    return {
        name: {run_id: text for run_id, text in zip(ids, texts, strict=True) if text}
        for name, texts in columns.items()
    }


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
