"""The trial of a function that is at work, once more: a process that it starts as
`python -m __main__.__spec__.name`, as distributed training does for its other ranks, calls the
function with the same flags. Nothing is recorded.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

#: Names the trial's function.
VARIABLE = "RUNNER_FUNCTION"

_NAME = "hydra_sweep_runner.execute.function.again"


def stand_for_main() -> None:
    """Have this process's `__main__` be started again as this module."""
    sys.modules["__main__"].__spec__ = ModuleSpec(_NAME, None)


def main() -> None:
    """Call the function once more, in this process; what it raises ends it."""
    if VARIABLE not in os.environ:
        raise SystemExit(f"{_NAME} is started by the trial of a function, and this is none")
    from hydra_sweep_runner.compose.job import job_context
    from hydra_sweep_runner.compose.kept import KeptConfig
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
