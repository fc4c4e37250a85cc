"""Decides what a start does with each trial of a pipeline's plan, from the runs in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from hydra_sweep_runner.commands.start.strict import StrictCode
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Input, Run, Status
from hydra_sweep_runner.operation.run_options import Options
from hydra_sweep_runner.pipeline.current import (
    NOT_FAILED,
    Decision,
    Do,
    Known,
    Origin,
    Wanted,
    decide,
    kind_changed,
)
from hydra_sweep_runner.pipeline.graph import Graph
from hydra_sweep_runner.pipeline.parse import known_step
from hydra_sweep_runner.pipeline.steps import Wiring
from hydra_sweep_runner.planning.identity import gather_identity, identity_of
from hydra_sweep_runner.planning.reconcile import Action, PlannedAction, Reconciliation
from hydra_sweep_runner.store.runs import RunStore


@dataclass(frozen=True)
class Decided:
    """A reconciliation with a decision, and its reason, for every trial of the graph. `damaged` are
    the lines about completed runs whose files have changed."""

    wanted: Wanted
    reconciliation: Reconciliation
    decisions: tuple[Decision, ...]
    damaged: tuple[str, ...] = ()

    @property
    def _is_judging(self) -> bool:
        """Whether current trials do not run."""
        return self.wanted.needed or self.wanted.from_step is not None

    def is_new(self, number: int) -> bool:
        """Whether the trial has no run yet."""
        return self.reconciliation.actions[number].run is None

    def is_judged(self, number: int) -> bool:
        """Whether a trial runs only because its upstream runs, so that it may turn out to be
        current when that has ended."""
        is_provisional = self.decisions[number].is_provisional
        return self._is_judging and not self.is_new(number) and is_provisional

    def lines(self) -> list[str]:
        """The lines about trials that do not run, and about completed ones that run again for what
        has become of their files."""
        done = [decision.do for decision in self.decisions]
        lines = list(self.damaged) if self._is_judging else []
        if skipped := done.count(Do.SKIP):
            trials = "1 completed trial" if skipped == 1 else f"{skipped} completed trials"
            lines.append(f"Skipping {trials}")
        left = [decision.why for decision in self.decisions if decision.do is Do.LEAVE]
        whole = left.count(NOT_FAILED)
        beyond = len(left) - whole
        if whole:
            lines.append(f"Skipping {_trials(whole, 'that has', 'that have')} not failed")
        if beyond:
            trials = _trials(beyond, "that comes", "that come")
            lines.append(f"Skipping {trials} after {self.wanted.until}")
        return lines


def _trials(count: int, one: str, several: str) -> str:
    return f"1 trial {one}" if count == 1 else f"{count} trials {several}"


def wanted_of(options: Options, wiring: Wiring) -> Wanted:
    """Which trials a start is to run. Raises Mistake for an unknown step, and for options by which
    the step given by `from` would not run."""
    for name, step in (("from", options.from_step), ("until", options.until)):
        if step is not None:
            known_step(f"+{name}={step}", step, wiring.names)
    if options.until is not None and options.from_step in wiring.downstream(options.until):
        raise Mistake(
            f"+from={options.from_step} +until={options.until}: {options.from_step} comes after "
            f"{options.until}, so it would not run: leave one of the two out"
        )
    if options.from_step is not None and options.only is not None:
        raise Mistake(
            f"+from={options.from_step} +only={options.only}: what has not failed would not run: "
            "leave one of the two out"
        )
    return Wanted(
        needed=bool(options.needed),
        only_failed=options.only == "failed",
        from_step=options.from_step,
        until=options.until,
    )


def decide_restart(
    graph: Graph, reconciliation: Reconciliation, wanted: Wanted, changed: Changed
) -> Decided:
    """Decide for each trial of a restarted batch."""
    actions = reconciliation.actions
    decisions = decide(graph, changed.known([planned.run for planned in actions]), wanted)
    decided = tuple(map(_as_decided, actions, decisions))
    reconciliation = replace(reconciliation, actions=decided)
    return Decided(wanted, reconciliation, decisions, tuple(changed.lines()))


def decide_new(graph: Graph, completed: Iterable[Run], wanted: Wanted, changed: Changed) -> Decided:
    """Decide for each trial of a new batch. `completed` are the runs of the store that may be
    adopted, at most one for each identity."""
    by_identity = {identity_of(run): run for run in completed}
    runs = [by_identity.get(node.trial.identity) for node in graph.nodes]
    decisions = decide(graph, changed.known(runs), wanted)
    actions = []
    for node, run, decision in zip(graph.nodes, runs, decisions, strict=True):
        adopted = run if decision.do is Do.SKIP else None
        actions.append(_as_decided(PlannedAction(node.trial, Action.CREATE, adopted), decision))
    reconciliation = Reconciliation(actions=tuple(actions))
    return Decided(wanted, reconciliation, decisions, tuple(changed.lines()))


def _as_decided(planned: PlannedAction, decision: Decision) -> PlannedAction:
    if planned.run is None:
        left = decision.do is Do.LEAVE
        return replace(planned, action=Action.INITIALIZE if left else Action.CREATE)
    return replace(planned, action=Action.RESTART if decision.do is Do.RUN else Action.SKIP)


def known_of(run: Run, changed: str | None = None) -> Known:
    """A stored run in the form that decisions use."""
    return Known(
        run=run.id,
        status=run.state.status,
        attempt=run.state.attempt,
        inputs={
            name: Origin(one.run or "", one.path or "", one.attempt)
            for name, one in run.inputs.items()
            if one.runs is None
        },
        gathers={
            name: dict(zip(one.runs, one.attempts, strict=False))
            for name, one in run.inputs.items()
            if one.runs is not None and one.attempts is not None
        },
        changed=changed if run.state.status is Status.COMPLETED else None,
    )


def inputs_of(graph: Graph, number: int, ids: Sequence[str]) -> dict[str, Input]:
    """A trial's inputs and their runs, as recorded before it starts; `ids` are those of the plan's
    runs."""
    node = graph.nodes[number]
    steps = {one.name: one.step for one in graph.wiring.step(node.step).inputs}
    by = [(str(by), value) for by, value in node.by]
    inputs = {
        taken.name: Input(
            run=ids[taken.node],
            path=taken.path,
            identity=graph.nodes[taken.node].trial.identity,
            copy=taken.copy,
            step=steps[taken.name],
        )
        for taken in node.inputs
    }
    gathers = {
        gathered.name: Input(
            runs=tuple(ids[member] for member in gathered.members),
            identity=gather_identity(gathered.step, by),
            step=gathered.step,
        )
        for gathered in node.gathers
    }
    return {**inputs, **gathers}


def promised_by(graph: Graph, number: int) -> dict[str, str]:
    """The files and folders that other trials take from a trial, each with the step that takes
    it."""
    promised: dict[str, str] = {}
    for taker in graph.takers[number]:
        node = graph.nodes[taker]
        for taken in node.inputs:
            if taken.node == number and taken.path:
                promised.setdefault(taken.path, node.step)
    return promised


class Changed:
    """Says why a completed run does not count as completed: a file that the plan takes from it is
    missing, or is a folder now or the other way round; or, if the start checks that, its code has
    changed."""

    def __init__(self, graph: Graph, store: RunStore, strict: StrictCode | None) -> None:
        self._graph = graph
        self._store = store
        self._strict = strict
        self._damaged: Counter[tuple[str, str]] = Counter()

    def known(self, runs: Sequence[Run | None]) -> list[Known | None]:
        """The plan's stored runs, in its order, in the form that decisions use."""
        return [
            None if run is None else known_of(run, self._why(number, run, runs))
            for number, run in enumerate(runs)
        ]

    def lines(self) -> list[str]:
        """The lines about completed runs whose files have changed."""
        lines = []
        for (step, why), count in self._damaged.items():
            runs = f"1 completed run of {step} does"
            if count > 1:
                runs = f"{count} completed runs of {step} do"
            lines.append(f"{runs} not count as completed: {why}")
        return lines

    def _why(self, number: int, run: Run, runs: Sequence[Run | None]) -> str | None:
        if run.state.status is not Status.COMPLETED:
            return None
        node = self._graph.nodes[number]
        damage = self._damage(number, run, runs)
        if damage is not None:
            self._damaged[node.step, damage] += 1
            return damage
        strict = self._strict
        return None if strict is None else strict.check(node.trial.operation, run)

    def _damage(self, number: int, run: Run, runs: Sequence[Run | None]) -> str | None:
        """What has become of the files that the plan takes from a run."""
        folder = self._store.folder(run.id)
        was_folder = self._was_folder(number, run, runs)
        for path in promised_by(self._graph, number):
            place = folder / path
            if not place.exists():
                return f"{path} is missing"
            is_folder = place.is_dir()
            if is_folder != was_folder.get(path, is_folder):
                return kind_changed(path, is_folder)
        return None

    def _was_folder(self, number: int, run: Run, runs: Sequence[Run | None]) -> dict[str, bool]:
        """For each path that was taken from a run's last attempt, whether it was a folder."""
        takers = [runs[taker] for taker in self._graph.takers[number]]
        return {
            one.path or "": one.folder
            for taker in takers
            if taker is not None
            for one in taker.inputs.values()
            if one.run == run.id and one.attempt == run.state.attempt and one.folder is not None
        }
