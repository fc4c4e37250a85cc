"""The messages between a batch's process and the workers that execute its trials."""

from __future__ import annotations

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.execute.attempt.stop_signals import Graces
from hydra_sweep_runner.execute.task import Outcome, Task
from hydra_sweep_runner.model import Process
from hydra_sweep_runner.operation.kinds.kind import Signature
from hydra_sweep_runner.terminal.reporter import Stream


@dataclass(frozen=True, kw_only=True)
class Places:
    """The folders that a worker has to share with the process that assigns trials.

    `token` is a file that this process has written on the store's file system; `text` is its
    content.
    """

    token: str
    text: str
    project_dir: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts about a worker's process. `versions` are by the distribution's name."""

    host: str
    pid: int
    versions: dict[str, str]
    token: str | None
    sees_project: bool


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A trial for a worker: a task that can be pickled, and the process to report to.

    `session` identifies the start of the batch; `driver` is its process. The trial must not outlive
    that process. `batch_id` is None for a run outside a batch.
    """

    task: Task
    session: str
    driver: Process
    batch_id: str | None
    graces: Graces


@dataclass(frozen=True, kw_only=True)
class Done:
    """The result of a trial that a worker has finished with.

    `output` is the trial's output, as far as it was kept to be shown. `again` says that an earlier
    worker was lost while it ran the trial; `busy` names another owner that runs it.
    """

    outcome: Outcome
    output: tuple[tuple[Stream, bytes], ...] = ()
    again: bool = False
    busy: str | None = None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A worker could not begin the trial, or not go on with it: `why` is the reason in one line,
    `trace` the traceback of an unexpected error."""

    run_id: str
    worker: str
    why: str
    trace: str | None = None


@dataclass(frozen=True, kw_only=True)
class Lost:
    """The cluster gave the trial up; `why` is the reason.

    With `for_good` the cluster itself is gone.
    """

    run_id: str
    why: str
    for_good: bool = False


@dataclass(frozen=True, kw_only=True)
class Probed:
    """The result of a probe: the function's signature, or an error message."""

    signature: Signature | None
    mistake: str | None = None
