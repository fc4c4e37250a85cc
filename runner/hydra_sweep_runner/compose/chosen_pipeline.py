"""Finds out whether overrides choose an operation with steps, without importing the pipeline
modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigTypeError, InterpolationResolutionError

from hydra_sweep_runner.compose.composer import Composer
from hydra_sweep_runner.compose.overrides import is_sweep, name_in
from hydra_sweep_runner.compose.single_values import single_values
from hydra_sweep_runner.errors import Mistake

if TYPE_CHECKING:
    from hydra_sweep_runner.compose.pipeline import PipelineComposer

#: The config group of operations, and where a pipeline's configuration has its steps.
GROUP = "operation"
PLACE = f"{GROUP}.steps"


def find_pipeline(composer: Composer, task: Sequence[str]) -> PipelineComposer | None:
    """The composer of the pipeline that these overrides choose; None if the chosen operation has no
    steps. Raises Mistake for an invalid pipeline, and for a sweep over pipelines."""
    choices = [text for text in task if _is_about_operation(text)]
    groups = [text for text in task if composer.is_group_choice(text)]
    first = [single_values(text, composer.loader)[0] for text in groups]
    values = [text for text in choices if text not in groups and not is_sweep(text)]
    job = composer.trial([*first, *values]).job()
    if not has_steps(job):
        return None
    for text in choices:
        if is_sweep(text):
            raise Mistake(
                f"{text}: a pipeline is not swept over; start a batch for each, or sweep over "
                "what fills a step: STEP.operation=a,b"
            )
    from hydra_sweep_runner.compose.pipeline import PipelineComposer  # for pipelines alone

    return PipelineComposer(composer, job, [*first, *values])


def has_steps(job: DictConfig) -> bool:
    """Whether the configuration is that of a pipeline."""
    try:
        return OmegaConf.select(job, PLACE) is not None
    except (ConfigTypeError, InterpolationResolutionError):
        return False  # no mapping, or not resolved; the code that reads `operation` reports that


def _is_about_operation(text: str) -> bool:
    name = name_in(text)
    return name == GROUP or name.startswith(f"{GROUP}.")
