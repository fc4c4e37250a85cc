"""A trial of a function: the function to call, and its arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hydra_sweep_runner.compose.job_config import JobConfig
from hydra_sweep_runner.dataclass import dataclass


@dataclass(frozen=True, kw_only=True)
class Job:
    """A trial of a function: what to call, in which folder, and with which arguments."""

    target: str
    as_config: bool
    run_id: str
    store_root: str
    run_dir: str
    project_dir: str
    working_dir: str
    environment: Mapping[str, str]
    config: JobConfig


def call(function: Callable[..., Any], config: JobConfig, *, as_config: bool) -> Any:
    """The return value of a function called with a configuration, as a whole or by keyword
    arguments. Enter `compose.job.job_context` before."""
    from hydra_sweep_runner.compose.job import flags_config, keyword_arguments

    if as_config:
        return function(flags_config(config))
    return function(**keyword_arguments(config))
