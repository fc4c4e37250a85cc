"""Where an executor's tasks come from, as a protocol, and the source of a fixed list."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Protocol, TypeAlias, final

from hydra_sweep_runner.execute.task import Outcome, Task


class Answer(Enum):
    """What a source gives in the place of a task."""

    WAIT = "wait"
    NO_MORE = "no more"


#: There is no task before something has ended.
WAIT = Answer.WAIT
#: There will be no task any more, whatever ends.
NO_MORE = Answer.NO_MORE

#: What a source of tasks gives.
Next: TypeAlias = Task | Answer


class Source(Protocol):
    """Gives an executor its tasks one by one, and is told how each ended.

    All of it is called in the thread that called `Executor.run`, one call at a time, so a
    source needs no lock. An executor keeps this order:

    - `next` is called when a task can start at once. A task that was given is started.
    - `ended` is called once for each task that was given, before `next` is called again:
      with one job, a source has been told of the first task when it is asked for the second.
      (Not for a task that could not be carried out at all; `Executor.run` raises why.)
    - After `WAIT`, `next` is called again when a task has ended, or when its end has come to
      the disk. `WAIT` when every task that was given has ended and is on the disk is a mistake
      of the source: the executor raises Deadlock.
    - After `NO_MORE`, after a stop and after an error, `next` is not called any more; `ended`
      and `recorded` still are, for what was at work.

    What a source raises ends the execution: what is at work is stopped and recorded, and
    `Executor.run` raises it.
    """

    def next(self) -> Next:
        """The task to start now, `WAIT` or `NO_MORE`."""
        ...

    def ended(self, outcome: Outcome) -> None:
        """A task has ended, and `outcome.run` is how its end is recorded.

        That record is not always on the disk yet: of a run that has completed it may be
        written at this moment, by another thread, so that the next trial need not wait for
        it. If the process is killed now, the run may count as not completed at the next start.
        Whoever needs more waits for `recorded`.
        """
        ...

    def recorded(self, outcome: Outcome) -> None:
        """The end of this task is on the disk: called once for each task, after `ended`. From
        here on this process does not write the run's record any more."""
        ...

    def make_ready(self) -> None:
        """Do what can be done for the next task before anybody asks for it. Called when all
        jobs are at work; it must not depend on how these will end, and may do nothing."""
        ...


class Deadlock(RuntimeError):
    """A source waits for the end of a task, and no task is at work."""

    def __init__(self) -> None:
        super().__init__(
            "the source of trials says WAIT, and no trial is at work that it could wait for"
        )


@final
class TaskList:
    """The source of a fixed list of tasks. Keeps how they ended, in that order, in
    `outcomes`."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks = iter(tasks)
        self.outcomes: list[Outcome] = []

    def next(self) -> Next:
        """The next of the list."""
        return next(self._tasks, NO_MORE)

    def ended(self, outcome: Outcome) -> None:
        """Keep the outcome."""
        self.outcomes.append(outcome)

    def recorded(self, outcome: Outcome) -> None:
        """Nothing waits for the disk."""

    def make_ready(self) -> None:
        """The list is ready."""
