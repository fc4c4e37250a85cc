"""Handles what belongs to a program's sweep as a whole: its folder, and its jobs' returns."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig, OmegaConf

from hydra_sweep_runner.compose.job_environment import refer_to_environment
from hydra_sweep_runner.compose.output_dir import find_sweep_dir
from hydra_sweep_runner.errors import RunnerError, StoreFailed
from hydra_sweep_runner.execute.executor import Executor
from hydra_sweep_runner.execute.source import Next, Source
from hydra_sweep_runner.execute.task import Outcome, Task
from hydra_sweep_runner.operation.kinds.kind import Signature
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import escape


class SweepExecutor:
    """Executes a program's trials with `inner`, after writing `multirun.yaml` as Hydra's own
    sweeper does. A context manager."""

    def __init__(self, inner: Any, config: DictConfig) -> None:
        self._opened = inner
        self._inner: Executor = inner
        self._config = config

    @property
    def claims_runs(self) -> bool:
        """Whether the executor claims the runs."""
        return self._inner.claims_runs

    @property
    def passes_output_on(self) -> bool:
        """Whether the output of jobs goes to the reporter."""
        return self._inner.passes_output_on

    @property
    def at_once(self) -> int | None:
        """The largest number of jobs at once, if it is known."""
        return self._inner.at_once

    def __enter__(self) -> SweepExecutor:
        self._inner = self._opened.__enter__()
        return self

    def __exit__(self, *failure: Any) -> None:
        self._opened.__exit__(*failure)

    def run(self, source: Source) -> None:
        """Execute the tasks of a source. Raises StoreFailed if the sweep's folder cannot be
        written."""
        path = Path(find_sweep_dir(self._config)) / "multirun.yaml"
        shown = refer_to_environment(copy.deepcopy(self._config))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            OmegaConf.save(shown, path)
        except OSError as error:
            raise StoreFailed(
                f"hydra.sweep.dir: {escape(str(path))} cannot be written: {error.strerror}"
            ) from error
        self._inner.run(source)

    def probe(self, target: str, project_dir: str) -> Signature:
        """Import a function where it will run. Raises Mistake."""
        return self._inner.probe(target, project_dir)

    def preload(self, modules: Sequence[str], script: str) -> None:
        """Import modules in the process that a script will be forked from. Raises Mistake."""
        self._inner.preload(modules, script)

    def stop(self) -> None:
        """Start no further task and interrupt the running ones."""
        self._inner.stop()

    def kill(self) -> None:
        """Kill the running tasks."""
        self._inner.kill()


class CollectingExecutor(SweepExecutor):
    """A SweepExecutor whose workers leave their jobs' returns in the runs' folders; it collects
    them in `returned`, in the order in which the jobs were started."""

    def __init__(
        self, inner: Any, config: DictConfig, store: RunStore, returned: list[JobReturn]
    ) -> None:
        super().__init__(inner, config)
        self._store = store
        self._returned = returned

    def run(self, source: Source) -> None:
        """Execute the tasks of a source."""
        collecting = _Collecting(source, self._store)
        try:
            super().run(collecting)
        finally:
            self._returned += collecting.returned


class _Collecting:
    """A source of tasks that collects the returns of their jobs when these have ended."""

    def __init__(self, source: Source, store: RunStore) -> None:
        self._source = source
        self._store = store
        self._found: dict[str, JobReturn | None] = {}

    @property
    def returned(self) -> list[JobReturn]:
        """The returns of the ended jobs, in the order in which they were started."""
        return [found for found in self._found.values() if found is not None]

    def next(self) -> Next:
        """The next task. A return file in its folder is removed first: a killed sweep, or anyone
        else, may have left it, and it would be unpickled."""
        task = self._source.next()
        if isinstance(task, Task):
            (self._store.folder(task.run.id) / layout.RETURNED).unlink(missing_ok=True)
            self._found[task.run.id] = None
        return task

    def ended(self, outcome: Outcome) -> None:
        """Collect the job's return."""
        self._found[outcome.run.id] = self._take(outcome)
        self._source.ended(outcome)

    def recorded(self, outcome: Outcome) -> None:
        """Pass the call on."""
        self._source.recorded(outcome)

    def make_ready(self) -> None:
        """Pass the call on."""
        self._source.make_ready()

    def _take(self, outcome: Outcome) -> JobReturn:
        """The job's JobReturn; a substitute if the job ended without one."""
        path = self._store.folder(outcome.run.id) / layout.RETURNED
        try:
            returned: JobReturn = pickle.loads(path.read_bytes())
        except FileNotFoundError:
            state = outcome.run.state
            returned = JobReturn(overrides=list(outcome.run.recipe.task))
            if state.exit_status == 0:
                returned.status = JobStatus.COMPLETED
            else:
                returned.status = JobStatus.FAILED
                returned.return_value = RunnerError(state.reason or state.status.value)
            return returned
        path.unlink()
        return returned


def in_batches(returned: Sequence[JobReturn], size: int | None) -> list[list[JobReturn]]:
    """Jobs' returns grouped as Hydra's own sweeper does: `size` at a time, or all in one group."""
    step = size or max(1, len(returned))
    return [list(returned[start : start + step]) for start in range(0, len(returned), step)]
