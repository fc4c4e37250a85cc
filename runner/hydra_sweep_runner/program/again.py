"""Runs a trial's job again in a process that the trial starts with the sweep's command line, as
distributed training does for its other ranks. Nothing is recorded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hydra.core.utils import run_job
from hydra.types import RunMode
from omegaconf import OmegaConf

from hydra_sweep_runner.compose.output_dir import as_overrides
from hydra_sweep_runner.compose.overrides import name_in
from hydra_sweep_runner.compose.project import kept_searchpath
from hydra_sweep_runner.model import Run
from hydra_sweep_runner.program.world import HydraCall, Loaders
from hydra_sweep_runner.store.runs import RunStore

# Overrides of Hydra's node that concern a sweep but no job.
_OF_SWEEPS = ("hydra/sweeper", "hydra/launcher", "hydra.sweeper", "hydra.launcher", "hydra.mode")


def do_again(hydra: HydraCall) -> None:
    """Run the job of this process's trial, composed as the trial was, in the folder that the
    command line gives or else in the trial's own. Raises the job's error."""
    folder = Path(os.environ["RUNNER_RUN_DIR"])
    store = RunStore.open(folder.parent, create=False)
    run = store.read(folder.name)
    kept = store.snapshot_folder(run.recipe.snapshot) if run.recipe.snapshot else None
    loader = Loaders(hydra.context.config_loader).open(kept)
    config = loader.load_configuration(
        config_name=hydra.config.hydra.job.config_name,
        overrides=_overrides(hydra, run, kept),
        run_mode=RunMode.RUN,
    )
    returned = run_job(
        hydra_context=hydra.context,
        task_function=hydra.task_function,
        config=config,
        job_dir_key="hydra.run.dir",
        job_subdir_key=None,
    )
    _ = returned.return_value  # raises what the job raised


def _overrides(hydra: HydraCall, run: Run, kept: Path | None) -> list[str]:
    given: Any = OmegaConf.to_container(hydra.config.hydra.overrides.hydra)
    typed = [*run.recipe.hydra, *(text for text in given if text not in run.recipe.hydra)]
    of_job = [text for text in typed if not name_in(text).startswith(_OF_SWEEPS)]
    names = {name_in(text) for text in of_job}
    more = [] if kept is None else kept_searchpath(kept)
    if "hydra.run.dir" not in names:
        place = os.environ["RUNNER_RUN_DIR"]
        if run.job is not None and run.job.output_dir is not None:
            place = str(Path(os.environ["RUNNER_PROJECT_DIR"]) / run.job.output_dir)
        more += as_overrides({"run.dir": place})
        if "hydra.output_subdir" not in names:
            more.append("hydra.output_subdir=null")
    return [*run.recipe.task, *of_job, *more, "hydra.mode=RUN"]
