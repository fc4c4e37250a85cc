"""The protocol of what executes tasks: this machine, a cluster, or another Hydra launcher."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hydra_sweep_runner.execute.source import Source
from hydra_sweep_runner.operation.kinds.kind import Signature


class Executor(Protocol):
    """Executes tasks, as `execute.local.executor.LocalExecutor` does. A context manager."""

    @property
    def claims_runs(self) -> bool:
        """Whether the executor claims the runs; if not, the source of their tasks does."""
        ...

    @property
    def passes_output_on(self) -> bool:
        """Whether the output of tasks goes to the reporter; if not, a Hydra launcher lets them
        write to the terminal themselves."""
        ...

    @property
    def at_once(self) -> int | None:
        """The largest number of tasks executed at once; None if a Hydra launcher decides it."""
        ...

    def run(self, source: Source) -> None:
        """Execute the tasks of a source, in the order in which it returns them; returns when all
        have ended and are recorded.

        After `stop` or `kill` no further task is started. Raises the source's errors, Deadlock,
        StoreFailed and other errors that prevent the execution of all tasks, after stopping the
        running tasks.
        """
        ...

    def probe(self, target: str, project_dir: str) -> Signature:
        """Import a function in the process where it will run. Raises Mistake."""
        ...

    def preload(self, modules: Sequence[str], script: str) -> None:
        """Import modules in the process that a script will be forked from, if scripts are started
        that way. Raises Mistake."""
        ...

    def stop(self) -> None:
        """Start no further task and interrupt the running ones; callable from a signal handler."""
        ...

    def kill(self) -> None:
        """Kill the running tasks; callable from a signal handler."""
        ...
