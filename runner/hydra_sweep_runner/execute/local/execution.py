"""The loop that executes a source's tasks on this machine, in the calling thread."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from queue import SimpleQueue

from hydra_sweep_runner.execute.attempt.stop_signals import Urgency
from hydra_sweep_runner.execute.attempt.supervise import Surroundings, Unrecorded, supervise
from hydra_sweep_runner.execute.local.reactor import Failed, Reactor
from hydra_sweep_runner.execute.local.recorder import Recorder
from hydra_sweep_runner.execute.source import NO_MORE, WAIT, Deadlock, NoTask, Source
from hydra_sweep_runner.execute.task import Outcome


class Execution:
    """One `run` of a LocalExecutor.

    The loop has three steps: start tasks while there is room, submit the ends of the last step
    for recording, wait until something happens. So the next trial is running before the end of
    a completed one is on the disk.
    """

    def __init__(
        self,
        source: Source,
        around: Surroundings,
        recorder: Recorder,
        *,
        check: Callable[[], None],
        n_jobs: int,
        stagger_s: float,
    ) -> None:
        """`check` raises if no process can be started; it is called before a task is taken."""
        self._source = source
        self._around = around
        self._recorder = recorder
        self._check = check
        self._n_jobs = n_jobs
        self._stagger_s = stagger_s
        self._stop = around.machinery.stop
        self._reactor: Reactor[Outcome | Unrecorded] = Reactor(self._stop)
        self._next_start_s = -math.inf
        self._is_over = False  # no further task is taken
        self._waits = False  # the source returned WAIT, and no task has ended since
        self._unrecorded: list[Unrecorded] = []  # ends not yet submitted for recording
        self._recording: dict[Future[None], Unrecorded] = {}
        self._written: SimpleQueue[Future[None]] = SimpleQueue()
        self._failure: BaseException | None = None

    def wake(self) -> None:
        """Make the loop check again what it can do; callable from any thread."""
        self._reactor.wake()

    def carry_out(self) -> None:
        """Execute all tasks. Raises what LocalExecutor.run raises."""
        try:
            while True:
                self._guard(self._start_tasks)
                self._record_ends()
                if self._is_idle and self._waits and not self._is_over:
                    raise Deadlock
                if self._is_idle and self._is_over:
                    break
                if self._is_full and not self._is_over:
                    self._guard(self._source.make_ready)
                for end in self._reactor.step(self._wait_s()):
                    self._note_end(end)
                self._note_written()
        finally:
            self._record_ends()
            wait(self._recording)
            for future in list(self._recording):
                self._note_recorded(future)
            for failed in self._reactor.close():
                self._fail(failed.error)
        if self._failure is not None:
            raise self._failure

    @property
    def _is_idle(self) -> bool:
        """Whether no task is running, and no end remains to be reported or recorded."""
        return not (len(self._reactor) or self._reactor.has_ended or self._recording)

    @property
    def _is_full(self) -> bool:
        return len(self._reactor) >= self._n_jobs

    def _start_tasks(self) -> None:
        if self._stop.urgency is not Urgency.NONE:
            self._is_over = True
        while not (self._is_over or self._waits or self._is_full or self._stagger_left_s() > 0):
            if self._around.reporter.is_behind:
                return  # `wake` is called when the screen has caught up
            self._check()
            task = self._source.next()
            if isinstance(task, NoTask):
                self._waits = task is WAIT
                self._is_over = task is NO_MORE
            else:
                started = self._around.clock()
                # Measured from after the recorded time, which the next one is then never nearer to.
                self._next_start_s = time.monotonic() + self._stagger_s
                self._reactor.start(supervise(task, started, self._around))
                # A task that has ended already is reported before another is taken.
                if self._reactor.has_ended:
                    return

    def _stagger_left_s(self) -> float:
        return max(0.0, self._next_start_s - time.monotonic())

    def _wait_s(self) -> float:
        """The longest time that the next step may wait."""
        if self._is_over or self._waits or self._is_full or self._around.reporter.is_behind:
            return math.inf
        return self._stagger_left_s()

    def _note_end(self, end: Outcome | Unrecorded | Failed) -> None:
        """Tell the source that a task has ended."""
        self._waits = False
        if isinstance(end, Failed):
            self._fail(end.error)
        elif isinstance(end, Unrecorded):
            self._unrecorded.append(end)
            self._guard(partial(self._source.ended, end.outcome))
        else:
            self._guard(partial(self._source.ended, end))
            self._guard(partial(self._source.recorded, end))

    def _record_ends(self) -> None:
        """Submit the ends of the last step to the recorder's threads."""
        for end in self._unrecorded:
            future = self._recorder.submit(end.record)
            self._recording[future] = end
            future.add_done_callback(self._wake)
        self._unrecorded.clear()

    def _wake(self, future: Future[None]) -> None:
        self._written.put(future)
        self._reactor.wake()

    def _note_written(self) -> None:
        """Take note of the ends that are on the disk now."""
        while not self._written.empty():
            self._note_recorded(self._written.get())

    def _note_recorded(self, future: Future[None]) -> None:
        """Show the output of a run whose end has been recorded, and tell the source."""
        end = self._recording.pop(future)
        self._waits = False
        error = future.exception()
        if error is None:
            self._guard(end.show)
            self._guard(partial(self._source.recorded, end.outcome))
        else:
            self._fail(error)

    def _guard(self, act: Callable[[], object]) -> None:
        """Call `act`; an error ends the execution."""
        try:
            act()
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Stop the running tasks; the first error is raised when they have ended."""
        self._failure = self._failure or error
        self._is_over = True
        self._stop.set(Urgency.STOP)
