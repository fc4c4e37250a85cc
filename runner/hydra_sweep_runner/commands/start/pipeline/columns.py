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
    found = {name: _column(sweep, graph, name) for name in names}
    if any(node.trial.repeat for node in graph.nodes):
        found[REPEAT] = [str(node.trial.repeat) for node in graph.nodes]
    return found


def cells_of(columns: Mapping[str, Sequence[str]], ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """The columns' texts that are not empty, by the ids of the trials."""
    return {
        name: {run_id: text for run_id, text in zip(ids, texts, strict=True) if text}
        for name, texts in columns.items()
    }


def _column(sweep: Sweep, graph: Graph, name: str) -> list[str]:
    """For each trial, the value of a given flag that is the same in all of its combinations. A
    step's flag is shown for that step and the steps that depend on it."""
    values = list(_values_of(sweep, graph, name))
    found: dict[int, str | None] = {}  # None: different ones
    for step_index in _concerned(graph, name):
        for value, path in zip(values, graph.paths, strict=True):
            number = path[step_index]
            if found.setdefault(number, value) != value:
                found[number] = None
    return [found.get(number) or "" for number in range(len(graph.nodes))]


def _values_of(sweep: Sweep, graph: Graph, name: str) -> Iterator[str]:
    """The value of a given name in each combination, in their order."""
    step, flag = _of_step(name, graph)
    step_index = None if step is None else graph.wiring.names.index(step)
    known: dict[int, str] = {}  # most combinations share their trials of a step
    for combination, path in zip(sweep.combinations, graph.paths, strict=True):
        if step_index is None:
            yield cell(combination, name)
            continue
        number = path[step_index]
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
    return [step_index for step_index, one in enumerate(names) if one in concerned]
