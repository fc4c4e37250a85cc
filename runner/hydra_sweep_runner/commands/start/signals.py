"""Handles Ctrl-C, SIGTERM and requests to stop while runs are executed."""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.execute.attempt.stop_signals import REQUESTS_S
from hydra_sweep_runner.execute.executor import Executor
from hydra_sweep_runner.record import lifecycle
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.periodic import every


@dataclass
class Stop:
    """Whether and why a batch or run is being stopped, and by which signal. A request by `runner
    runs stop` counts as SIGTERM."""

    signal_number: int | None = None
    why: str | None = None

    @property
    def exit_status(self) -> int | None:
        """The exit status of the command (`exit_status`); None if it is not being stopped."""
        return None if self.signal_number is None else 128 + self.signal_number


@contextmanager
def stoppable(executor: Executor, world: World, batch_id: str | None = None) -> Iterator[Stop]:
    """Inside the context, Ctrl-C, SIGTERM and the end of the terminal stop the executor; the second
    signal kills the running trials.

    With `batch_id` a request to stop that batch has the same effect. Requests about single runs are
    checked by the process that executes the run.
    """
    stop = Stop()

    def handle(number: int, _: FrameType | None) -> None:
        if stop.signal_number is None:
            stop.signal_number = number
            on_request = stop.why is not None
            stop.why = stop.why or "stopped by the user"
            if number == signal.SIGHUP:
                world.reporter.leave_terminal()
            how = "asked by `runner runs stop`" if on_request else "again to end it at once"
            # In another thread, because this one may be in the middle of printing.
            _thread.start_new_thread(
                world.reporter.say, (f"Stopping: waiting for what runs ({how})",)
            )
            executor.stop()  # the last call, because it may raise
        else:
            executor.kill()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored under nohup
        numbers.append(signal.SIGHUP)
    with ExitStack() as stack:
        for number in numbers:
            stack.callback(signal.signal, number, signal.signal(number, handle))
        if batch_id is not None:
            stack.enter_context(_heeding_requests(world.store, batch_id, stop))
        yield stop


@contextmanager
def _heeding_requests(store: RunStore, batch_id: str, stop: Stop) -> Iterator[None]:
    """Inside the context, handle a request to stop the batch as SIGTERM."""
    main = threading.main_thread().ident

    def look() -> None:
        if main is not None and stop.why is None and store.is_asked_to_stop(batch_id):
            stop.why = lifecycle.STOPPED_ON_REQUEST
            signal.pthread_kill(main, signal.SIGTERM)

    with every(REQUESTS_S, look):
        yield
