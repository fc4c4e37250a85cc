"""Where a Hydra program's job keeps its files and its log, as its record says. Pure.

A job's output folder lies outside the store. It is recorded relative to the program's project, so
that a project which is moved with its store still knows it. An export takes it along in the run's
own folder.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hydra_sweep_runner.model import JobPlace, Run

#: Where an export puts a job's output folder, relative to the run's folder.
TAKEN_ALONG = ".runner/output"


def relative_to_project(path: str, project_dir: Path) -> str:
    """A path as recorded: relative to the project if inside it."""
    folder = Path(path)
    return str(folder.relative_to(project_dir) if folder.is_relative_to(project_dir) else folder)


def placed(
    job: JobPlace, output_dir: str | None, *, project_dir: Path, store_root: Path
) -> JobPlace:
    """The place of a job with this output folder, a path as recorded; the log of an earlier start
    is forgotten. The project is recorded if it is not the folder that contains the store."""
    project = None if store_root.parent == project_dir else str(project_dir)
    return replace(job, output_dir=output_dir, project=project, log=None)


def output_folder(run: Run, store_root: Path) -> Path | None:
    """The absolute path of the output folder of a Hydra program's trial, or of the sweep's folder
    for its batch; None for other runs, and while it is unknown."""
    if run.job is None or run.job.output_dir is None:
        return None
    if run.job.taken_along:
        return store_root / run.id / TAKEN_ALONG
    project = store_root.parent if run.job.project is None else Path(run.job.project)
    return project / run.job.output_dir


def recorded_log(run: Run, store_root: Path) -> Path | None:
    """The absolute path of the log that a job's own logging writes; None if it is not recorded."""
    folder = output_folder(run, store_root)
    if folder is None or run.job is None or run.job.log is None:
        return None
    return folder / run.job.log
