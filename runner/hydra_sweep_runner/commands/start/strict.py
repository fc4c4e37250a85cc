"""`needed=strict`: whether the code of a completed run is the same as the operation's present
code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from hydra_sweep_runner.commands.start.prepare import PreparedOperation
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.model import Operation, Run, Status
from hydra_sweep_runner.planning.reconcile import Action, PlannedAction, Reconciliation
from hydra_sweep_runner.system.provenance import digests


class StrictCode:
    """Compares runs with the present content of their operations' scripts, modules, `requires` and
    `code`. `tell` prints what differs."""

    def __init__(self, world: World, prepared: Mapping[Operation, PreparedOperation]) -> None:
        self._world = world
        self._now = {
            operation: digests(world.project_dir, one.sources)
            for operation, one in prepared.items()
        }
        self._found: Counter[str] = Counter()

    def check(self, operation: Operation, run: Run) -> str | None:
        """What has changed since the completed run ran, in a few words, noted for `tell`; None if
        nothing has."""
        if run.state.status is not Status.COMPLETED:
            return None
        before = run.provenance.files
        names = [name for name, now in self._now[operation].items() if before.get(name) != now]
        if not names:
            return None
        why = f"{', '.join(names)} {'has' if len(names) == 1 else 'have'} changed"
        self._found[why] += 1
        return why

    def for_new_batch(self, reconciliation: Reconciliation) -> Reconciliation:
        """The reconciliation of a new batch without adopted runs whose code has changed."""
        return replace(reconciliation, actions=tuple(map(self._adopted, reconciliation.actions)))

    def _adopted(self, planned: PlannedAction) -> PlannedAction:
        if planned.run is None or self.check(planned.trial.operation, planned.run) is None:
            return planned
        return PlannedAction(planned.trial, Action.CREATE)

    def for_restart(self, reconciliation: Reconciliation) -> Reconciliation:
        """The reconciliation in which trials whose code has changed run again."""
        return replace(reconciliation, actions=tuple(map(self._applied, reconciliation.actions)))

    def _applied(self, planned: PlannedAction) -> PlannedAction:
        if planned.action is not Action.SKIP or planned.run is None:
            return planned
        why = self.check(planned.trial.operation, planned.run)
        return planned if why is None else replace(planned, action=Action.RESTART)

    def tell(self) -> None:
        """Print which completed runs were not used, and why."""
        for why, count in self._found.items():
            runs = "1 completed run does" if count == 1 else f"{count} completed runs do"
            self._world.reporter.say(f"{runs} not count as completed: {why}")
