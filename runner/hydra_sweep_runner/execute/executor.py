"""What executes tasks, as a protocol: on this machine, by a cluster, by a launcher of Hydra's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hydra_sweep_runner.execute.source import Source
from hydra_sweep_runner.operation.kinds.kind import Signature


class Executor(Protocol):
    """Executes tasks; `execute.local.executor.LocalExecutor` is one. A context manager."""

    @property
    def claims_runs(self) -> bool:
        """Whether whoever executes a run claims it; otherwise the source of its task does."""
        ...

    @property
    def at_once(self) -> int | None:
        """How many tasks are executed at once at the most; None where that is a launcher's
        affair."""
        ...

    def run(self, source: Source) -> None:
        """Execute the tasks of a source, in the order in which it gives them, and return when
        all have ended and are recorded.

        After `stop` or `kill` no task is started any more. Raises what the source raises,
        Deadlock, StoreFailed, and what else keeps all tasks from being executed, after
        stopping what was at work.
        """
        ...

    def probe(self, target: str, project_dir: str) -> Signature:
        """Import a function where it will run. Raises Mistake."""
        ...

    def preload(self, modules: Sequence[str], script: str) -> None:
        """Import modules where a script will be forked, if that is how scripts are started.
        Raises Mistake."""
        ...

    def stop(self) -> None:
        """Start nothing more and interrupt what runs; callable from a signal handler."""
        ...

    def kill(self) -> None:
        """End at once what runs; callable from a signal handler."""
        ...
