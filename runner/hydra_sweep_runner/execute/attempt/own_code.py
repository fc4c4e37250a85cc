"""Records the code of a script or command as it is when a trial starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hydra_sweep_runner.execute.task import Task
from hydra_sweep_runner.model import Run
from hydra_sweep_runner.operation.call import CommandCall, ScriptCall
from hydra_sweep_runner.system.provenance import Digests


def with_present_code(run: Run, task: Task, digests: Digests) -> Run:
    """The run with the present digests of its operation's own files, which may have been edited
    since the batch began: a script or a command is read anew by each trial. Functions and Hydra
    programs were imported before. A folder keeps its digest: to look through one full of data at
    each start would take long."""
    if not isinstance(task.call, (ScriptCall, CommandCall)):
        return run
    present = {
        name: digests.of(Path(task.project_dir, name)) or digest
        for name, digest in run.provenance.sources.items()
    }
    if present == run.provenance.sources:
        return run
    return replace(run, provenance=replace(run.provenance, sources=present))


def changed_since(planned: Run, run: Run) -> list[str]:
    """The files of a run whose digest is another one than was planned."""
    return [
        name
        for name, digest in run.provenance.sources.items()
        if planned.provenance.sources[name] != digest
    ]
