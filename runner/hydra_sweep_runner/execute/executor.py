"""What executes tasks, as a protocol: on this machine, by a cluster, by a launcher of Hydra's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from hydra_sweep_runner.execute.task import Outcome, Task
from hydra_sweep_runner.operation.kinds.kind import Signature


class Executor(Protocol):
    """Executes tasks; `execute.local.executor.LocalExecutor` is one. A context manager."""

    @property
    def claims_runs(self) -> bool:
        """Whether whoever executes a run claims it; otherwise who hands over its task does."""
        ...

    def run(self, tasks: Iterator[Task]) -> Iterator[Outcome]:
        """Execute tasks as they are taken, in order; give each outcome when it is there."""
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
