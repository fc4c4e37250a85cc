"""Runs a job as `hydra.core.utils.run_job` does, without the work that no job needs.

Hydra copies and writes its whole configuration for every job. Here HydraConfig is loaded on access,
the files in `.hydra` come from templates, and only the differences in logging are set up. The order
is Hydra's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

from hydra import version
from hydra.core.utils import _flush_loggers
from hydra.types import HydraContext

from hydra_sweep_runner.compose.job import job_context
from hydra_sweep_runner.compose.trial import TrialConfig


def output_of(config: object, hydra_context: HydraContext) -> str | None:
    """The absolute path of a job's output folder. None if it is unknown, or if the job cannot run
    here because of callbacks, which get objects that Hydra makes for them, or of a setting that
    Hydra resolves while it prepares the job."""
    if not isinstance(config, TrialConfig) or hydra_context.callbacks.callbacks:
        return None
    if config.base.sets_environment or config.sets_hydra or not _knows_folder(config):
        return None
    known = config.hydra.get("runtime.output_dir")
    return known if isinstance(known, str) else None


def do_job(
    task_function: Callable[[Any], Any],
    config: TrialConfig,
    output_dir: str,
    hydra_context: HydraContext,
) -> tuple[Any, Exception | None]:
    """Run a job with this output folder; returns the task function's result, or the error it
    raised."""
    Path(output_dir).mkdir(parents=True, exist_ok=True)
    with _permitted(hydra_context), _working_in(output_dir if config.chdir else None):
        task = config.job()
        with job_context(config, output_dir=output_dir, empty_logs=True):
            try:
                return task_function(task), None
            except Exception as error:
                return None, error
            finally:
                _flush_loggers()


def _knows_folder(config: TrialConfig) -> bool:
    # Before 1.2 Hydra changed the folder, with a warning, unless `hydra.job.chdir` was set.
    return config.base.has_chdir or version.base_at_least("1.2")


@contextmanager
def _working_in(folder: str | None) -> Iterator[None]:
    before = os.getcwd()  # noqa: PTH109 - as Hydra has it
    if folder is not None:
        os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _permitted(hydra_context: HydraContext) -> AbstractContextManager[Any]:
    """The targets that Hydra from 1.4 on allows configurations to instantiate."""
    if not hasattr(hydra_context, "execution_whitelist"):
        return nullcontext()
    policy: Any = import_module("hydra._internal.execution_policy")
    entered: AbstractContextManager[Any] = policy.execution_whitelist(
        hydra_context.execution_whitelist, reset=True
    )
    return entered
