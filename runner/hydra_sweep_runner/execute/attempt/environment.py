"""The environment variables that describe a run to itself. Pure."""

from __future__ import annotations

from hydra_sweep_runner.execute import variables
from hydra_sweep_runner.model import Kind, Run
from hydra_sweep_runner.reporting import VARIABLE
from hydra_sweep_runner.store import layout


def run_environment(
    run: Run, *, folder: str, project_dir: str, batch_id: str | None
) -> dict[str, str]:
    """The RUNNER_* variables of a run that is about to start; `folder` is the run's own.

    `run` is the run before this start, so its state says whether it was started earlier.
    """
    environment = {
        variables.RUN_ID: run.id,
        variables.RUN_DIR: folder,
        variables.RANDOM_SEED: str(run.random_seed),
        variables.PROJECT_DIR: project_dir,
        VARIABLE: f"{folder}/{layout.REPORTED}",
        variables.RESTARTED: "0" if run.state.started is None else "1",
    }
    if run.kind is Kind.TRIAL:
        environment[variables.REPEAT] = str(run.repeat)
    if run.inputs:
        environment[variables.INPUTS] = f"{folder}/{layout.INPUTS}"
    owner = batch_id if batch_id is not None else run.generated_by
    if owner is not None:
        environment[variables.BATCH_ID] = owner
    return environment
