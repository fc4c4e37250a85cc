"""The trial of a function that is at work, once more: a process that it starts as
`python -m __main__.__spec__.name`, as distributed training does for its other ranks, calls the
function with the same flags. Nothing is recorded.
"""

from __future__ import annotations

import os
import pickle
import sys
from importlib.machinery import ModuleSpec

from hydra_sweep_runner.execute.function.imports import import_function
from hydra_sweep_runner.execute.function.job import Job, call

#: The trial's Job, pickled, in hexadecimal digits; not there for one that is very long.
VARIABLE = "RUNNER_FUNCTION"

_NAME = "hydra_sweep_runner.execute.function.again"
#: Linux takes no longer variable than 128 KiB.
_MOST_BYTES = 60_000


def again_environment(job: Job) -> dict[str, str]:
    """What a trial's environment has for those that it starts as itself."""
    data = pickle.dumps(job)
    return {VARIABLE: data.hex()} if len(data) <= _MOST_BYTES else {}


def stand_for_main() -> None:
    """Have this process's `__main__` be started again as this module."""
    sys.modules["__main__"].__spec__ = ModuleSpec(_NAME, None)


def main() -> None:
    """Do the job once more, in this process; what it raises ends it."""
    text = os.environ.get(VARIABLE)
    if text is None:
        raise SystemExit(f"{_NAME} is started by the trial of a function, and this is none")
    job = pickle.loads(bytes.fromhex(text))  # made by the process that has started this one
    sys.path[0] = job.project_dir
    sys.argv[0] = job.target
    from hydra_sweep_runner.compose.job import job_context

    function = import_function(job.target)
    with job_context(job.config, output_dir=job.run_dir):
        call(function, job)


if __name__ == "__main__":
    main()
