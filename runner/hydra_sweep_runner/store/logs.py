"""Finds the log of a run: the output that the runner kept, or the log of a Hydra program's job.

Under a launcher of another plugin the runner does not see a job's output. Then the log is the file
that the job's own logging writes, usually `<job name>.log` in its output folder.
"""

from __future__ import annotations

import os
from pathlib import Path

from hydra_sweep_runner.model import Kind, Run
from hydra_sweep_runner.record.job_output import output_folder, recorded_log
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.second_names import second_name


def find_log(root: str, run: Run) -> str | None:
    """The absolute path of a run's log in the store at `root`; None if there is no such file."""
    return own_log(root, run.id) or job_log(root, run)


def log_paths(root: str, run: Run) -> tuple[str, ...]:
    """The files whose texts, one after the other, are the log of a run: of a Hydra program's job
    whose output the runner did not see, what the job has logged itself, then the failure that the
    runner has recorded; of every other run, the output that the runner kept. Empty if there are
    none."""
    own = own_log(root, run.id)
    is_of_job = own is None or recorded_log(run, Path(root)) is not None
    written = job_log(root, run) if is_of_job else None
    return tuple(path for path in (written, own) if path is not None)


def own_log(root: str, run_id: str) -> str | None:
    """The file in which the runner has kept the output of a run, or its second name if the
    operation has removed it; None if there is neither."""
    path = f"{root}/{run_id}/{layout.LOG}"
    if os.path.lexists(path):
        return path
    spare = second_name(f"{root}/{layout.RUNNING}/{run_id}", layout.LOG)
    return spare if os.path.lexists(spare) else None


def job_log(root: str, run: Run) -> str | None:
    """The log that the job of a Hydra program has written itself; None if there is none.

    Records of older versions do not name it: then it is the file in the output folder that Hydra
    would choose, or the only one whose name ends with `.log`.
    """
    if run.kind is Kind.BATCH:
        return None
    known = recorded_log(run, Path(root))
    if known is not None:
        return str(known) if known.is_file() else None
    folder = output_folder(run, Path(root))
    if folder is None:
        return None
    try:
        logs = sorted(path for path in folder.iterdir() if path.suffix == ".log" and path.is_file())
    except OSError:
        return None
    usual = [path for path in logs if path.stem == Path(str(run.operation.target)).stem]
    chosen = usual or logs
    return str(chosen[0]) if len(chosen) == 1 else None
