"""Runs a program's jobs in workers that were forked from it, so that the program is never
pickled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
from hydra.core.utils import JobReturn, JobStatus, configure_log, run_job, setup_globals
from hydra.types import HydraContext

from hydra_sweep_runner.compose.job_environment import refer_to_environment
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.function.worker import ProgramJob
from hydra_sweep_runner.program.foreign.traceback import own_frames
from hydra_sweep_runner.program.own.fast_job import do_job, output_of
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.system.periodic import is_own_thread

#: The file in the run's folder with a job's JobReturn, for the sweep to collect.


@dataclass(frozen=True, kw_only=True)
class InheritedProgram:
    """Runs jobs exactly as Hydra's own launchers do. `keeps_returns` says whether the sweep
    collects their JobReturns."""

    task_function: Callable[[Any], Any]
    hydra_context: HydraContext
    keeps_returns: bool

    def __call__(self, job: ProgramJob) -> tuple[Any, Exception | None]:
        """Run a job; returns the task function's result, or the error it raised."""
        setup_globals()
        output_dir = None if self.keeps_returns else output_of(job.config, self.hydra_context)
        if output_dir is not None:
            config: Any = job.config
            value, error = do_job(self.task_function, config, output_dir, self.hydra_context)
            return value, error and error.with_traceback(own_frames(error.__traceback__))
        config = refer_to_environment(job.config.load())
        try:
            returned = run_job(
                hydra_context=self.hydra_context,
                task_function=self.task_function,
                config=config,
                job_dir_key="hydra.sweep.dir",
                job_subdir_key="hydra.sweep.subdir",
            )
        finally:
            reset_logging(config, self.hydra_context)
        if self.keeps_returns:
            Path(job.run_dir, layout.RETURNED).write_bytes(cloudpickle.dumps(returned))
        return _taken_apart(returned)


def check_fork() -> None:
    """Raise Mistake if this process has threads: a fork would not have them, but would keep their
    locks held."""
    here = threading.current_thread()
    names = [
        thread.name
        for thread in threading.enumerate()
        if thread is not here and not is_own_thread(thread)
    ]
    if names:
        shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        raise Mistake(
            f"the program has started threads ({shown}), and trials under hydra/launcher=runner "
            "are forks of it, which have none: use hydra/launcher=basic, or start them in the "
            "task function"
        )


def _taken_apart(returned: JobReturn) -> tuple[Any, Exception | None]:
    value = returned._return_value
    if returned.status is JobStatus.COMPLETED:
        return value, None
    error = value if isinstance(value, Exception) else RuntimeError(f"no result: {value!r}")
    return None, error.with_traceback(own_frames(error.__traceback__))


def reset_logging(config: Any, hydra_context: HydraContext) -> None:
    """Set the sweep's own logging up again, which closes the job's log file."""
    more = {}
    if hasattr(hydra_context, "execution_whitelist"):
        more["execution_whitelist"] = hydra_context.execution_whitelist
    configure_log(config.hydra.hydra_logging, config.hydra.verbose, **more)
