"""`hydra/launcher=runner` under another sweeper: runs Hydra's jobs without records."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, filter_overrides, run_job, setup_globals
from hydra.types import HydraContext
from omegaconf import DictConfig, open_dict

from hydra_sweep_runner.program.own.inherited import reset_logging

log = logging.getLogger(__name__)


def run_jobs(
    job_overrides: Sequence[Sequence[str]],
    initial_job_idx: int,
    *,
    n_jobs: int,
    hydra_context: HydraContext,
    task_function: Callable[[Any], Any],
    config: DictConfig,
) -> Sequence[JobReturn]:
    """Run Hydra jobs, `n_jobs` at once, and return their results, in order.

    With one job at a time they run in this process, as under Hydra's basic launcher; with more, in
    joblib's processes, to which the task function is pickled.
    """
    if n_jobs == 1:
        launcher = BasicLauncher()
        launcher.setup(hydra_context=hydra_context, task_function=task_function, config=config)
        return launcher.launch(job_overrides, initial_job_idx)
    import joblib

    setup_globals()
    reset_logging(config, hydra_context)
    Path(str(config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
    log.info(f"Launching {len(job_overrides)} jobs, {n_jobs} at a time")
    for number, overrides in enumerate(job_overrides, start=initial_job_idx):
        log.info(f"\t#{number} : {' '.join(filter_overrides(overrides))}")
    singletons = Singleton.get_state()
    returned: list[JobReturn] = joblib.Parallel(n_jobs=n_jobs, backend="loky")(
        joblib.delayed(_run_one)(
            number, overrides, hydra_context, task_function, config, singletons
        )
        for number, overrides in enumerate(job_overrides, start=initial_job_idx)
    )
    return returned


def _run_one(
    number: int,
    overrides: Sequence[str],
    hydra_context: HydraContext,
    task_function: Callable[[Any], Any],
    config: DictConfig,
    singletons: Any,
) -> JobReturn:
    setup_globals()
    Singleton.set_state(singletons)
    job = hydra_context.config_loader.load_sweep_config(config, list(overrides))
    with open_dict(job):
        job.hydra.job.id = str(number)
        job.hydra.job.num = number
    HydraConfig.instance().set_config(job)
    return run_job(
        hydra_context=hydra_context,
        task_function=task_function,
        config=job,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )
