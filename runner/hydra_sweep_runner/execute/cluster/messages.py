"""What travels between a batch's process and the workers that execute its trials."""

from __future__ import annotations

from dataclasses import dataclass

from hydra_sweep_runner.execute.attempt.stopping import Graces
from hydra_sweep_runner.execute.task import Outcome, Task
from hydra_sweep_runner.model import Process
from hydra_sweep_runner.operation.kinds.kind import Signature
from hydra_sweep_runner.terminal.reporter import Stream


@dataclass(frozen=True, kw_only=True)
class Places:
    """The folders that a worker has to share with the process that assigns trials.

    `token` is a file that this process has written, on the store's file system; `text` is
    what is in it.
    """

    token: str
    text: str
    project_dir: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a worker's process is and sees. `versions` are by distribution's name."""

    host: str
    pid: int
    versions: dict[str, str]
    token: str | None
    sees_project: bool


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A trial for a worker: a task that can be pickled, and who is to know of its end.

    `session` tells the batch's start from any other; `driver` is its process. The trial is
    not to outlive that process. `batch_id` is None for a run that has no batch.
    """

    task: Task
    session: str
    driver: Process
    batch_id: str | None
    graces: Graces


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a worker is done with a trial.

    `output` is what the trial wrote, as far as it was kept for showing. `again` says that
    a worker before this one was lost at the trial's work; `busy`, in words, who else is at it.
    """

    outcome: Outcome
    output: tuple[tuple[Stream, bytes], ...] = ()
    again: bool = False
    busy: str | None = None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A worker could not take the trial up, or go on with it: `why`, in a line. `trace` is
    of an error that nobody has foreseen."""

    run_id: str
    worker: str
    why: str
    trace: str | None = None


@dataclass(frozen=True, kw_only=True)
class Lost:
    """Nobody has the trial any more: the cluster gave it up, as `why` says.

    With `for_good` the cluster itself is gone.
    """

    run_id: str
    why: str
    for_good: bool = False


@dataclass(frozen=True, kw_only=True)
class Probed:
    """What a worker found where a function was to be: its signature, or what is wrong."""

    signature: Signature | None
    mistake: str | None = None
