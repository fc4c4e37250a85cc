"""The protocol of the source that an executor takes its tasks from, and the source of a fixed
list."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Protocol, TypeAlias, final

from hydra_sweep_runner.execute.task import Outcome, Task


class NoTask(Enum):
    """A source's answer if it returns no task."""

    WAIT = "wait"
    NO_MORE = "no more"


#: There is no task until a running one has ended.
WAIT = NoTask.WAIT
#: There are no further tasks.
NO_MORE = NoTask.NO_MORE

#: The return value of `Source.next`.
Next: TypeAlias = Task | NoTask


class Source(Protocol):
    """Returns tasks to an executor one by one, and is notified how each ended.

    Only the thread that called `Executor.run` calls a source, so a source needs no lock. An
    executor keeps this order:

    - It calls `next` when a task can start at once, and starts the task that is returned.
    - It calls `ended` once for each task that ended, before it calls `next` again: with one
      job, a source knows the end of the first task when it returns the second. (It does not
      for a task that could not be executed at all; `Executor.run` raises that error.)
    - After `WAIT` it calls `next` again when a task has ended, or when a task's end is on the
      disk. If a source returns `WAIT` although all tasks have ended and are on the disk, the
      executor raises Deadlock.
    - After `NO_MORE`, after a stop and after an error it no longer calls `next`, but still
      calls `ended` and `recorded` for running tasks.

    An error that a source raises ends the execution: running tasks are stopped and recorded,
    and `Executor.run` raises the error.
    """

    def next(self) -> Next:
        """The task to start now, `WAIT` or `NO_MORE`."""
        ...

    def ended(self, outcome: Outcome) -> None:
        """A task has ended; `outcome.run` is its run with the end.

        The record may not be on the disk yet: another thread may be writing that of a completed
        run, so that the next trial need not wait for it. If the process is killed now, the run may
        count as not completed at the next start. `recorded` is called when the end is on the disk.
        """
        ...

    def recorded(self, outcome: Outcome) -> None:
        """The end of this task is on the disk. Called once for each task, after `ended`. This
        process does not write the run's record again."""
        ...

    def make_ready(self) -> None:
        """Prepare the next task before `next` is called for it. Called while all jobs are busy. The
        result must not depend on how these end; doing nothing is allowed."""
        ...


class Deadlock(RuntimeError):
    """A source waits for a task to end, and no task is running."""

    def __init__(self) -> None:
        super().__init__(
            "the source of trials says WAIT, and no trial is at work that it could wait for"
        )


@final
class TaskList:
    """The source of a fixed list of tasks. `outcomes` has how they ended, in the order of their
    ends."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks = iter(tasks)
        self.outcomes: list[Outcome] = []

    def next(self) -> Next:
        """The next task of the list."""
        return next(self._tasks, NO_MORE)

    def ended(self, outcome: Outcome) -> None:
        """Keep the outcome."""
        self.outcomes.append(outcome)

    def recorded(self, outcome: Outcome) -> None:
        """Do nothing."""

    def make_ready(self) -> None:
        """Do nothing: the tasks are ready."""
