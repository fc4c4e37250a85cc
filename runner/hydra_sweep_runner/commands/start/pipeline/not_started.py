"""Records and prints why trials of a pipeline never start."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.errors import Busy
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.terminal.render import short

_WHY = {
    Status.ERROR: "failed",
    Status.TERMINATED: "was stopped",
    Status.RUNNING: "is at work elsewhere",
    Status.PENDING: "is pending",
}


class NotStarted:
    """The trials that never start, because the run of another step has no files for them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._unprinted: Counter[str] = Counter()

    def record(self, run: Run, step: str, cause: Run) -> Run:
        """Record the reason in a pending run, and return it so; one that ran before is left
        unchanged. `cause` is the run of `step` that the reason names."""
        why = _WHY.get(cause.state.status, "was not run")
        reason = f"not started: {step} {short(cause.id)} {why}"
        self._unprinted[reason] += 1
        if run.state.status is not Status.PENDING:
            return run
        store = self._world.store
        try:
            with store.claim(run.id):
                noted = replace(run, state=replace(run.state, reason=reason))
                store.write(noted, durable=False)
                return noted
        except Busy:
            return run  # another process has started it meanwhile

    def print(self) -> None:
        """Print a line for each reason recorded since the last call, with its number of trials."""
        for reason, count in self._unprinted.items():
            trials = "1 trial" if count == 1 else f"{count} trials"
            self._world.reporter.say(f"{trials} {reason}")
        self._unprinted.clear()
