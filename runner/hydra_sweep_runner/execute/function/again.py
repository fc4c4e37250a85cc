"""Calls the function of the running trial again, in a process that the trial starts as `python -m
__main__.__spec__.name`, as distributed training does for its other ranks. The flags are the same.
Nothing is recorded.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

#: The environment variable with the name of the trial's function.
VARIABLE = "RUNNER_FUNCTION"

_NAME = "hydra_sweep_runner.execute.function.again"


def stand_for_main() -> None:
    """Give this process's `__main__` a spec by which it is started again as this module."""
    sys.modules["__main__"].__spec__ = ModuleSpec(_NAME, None)


def main() -> None:
    """Call the function again in this process; an error it raises ends the process."""
    if VARIABLE not in os.environ:
        raise SystemExit(f"{_NAME} is started by the trial of a function, and this is none")
    from hydra_sweep_runner.compose.hydra_folder import KeptConfig
    from hydra_sweep_runner.compose.job import job_context
    from hydra_sweep_runner.execute.function.imports import import_function, signature_of
    from hydra_sweep_runner.execute.function.job import call

    folder, target = os.environ["RUNNER_RUN_DIR"], os.environ[VARIABLE]
    config = KeptConfig(Path(folder))
    sys.path[0] = os.environ["RUNNER_PROJECT_DIR"]
    sys.argv[0] = target
    function = import_function(target)
    with job_context(config, output_dir=folder):
        call(function, config, as_config=signature_of(function).takes_config)


if __name__ == "__main__":
    main()
