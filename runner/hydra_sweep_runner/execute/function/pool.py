"""The warm function workers that are free, and probes in them."""

from __future__ import annotations

import select
import selectors
import socket
import threading
from collections.abc import Sequence

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.attempt import exit_reason
from hydra_sweep_runner.execute.attempt.stop_signals import StopSwitch
from hydra_sweep_runner.execute.function.job import Job
from hydra_sweep_runner.execute.function.worker import Failure, Probe, ProgramJob, Ready
from hydra_sweep_runner.execute.local import devices
from hydra_sweep_runner.execute.server import messages
from hydra_sweep_runner.execute.server.client import Child, ForkServer, ServerDied
from hydra_sweep_runner.operation.kinds.kind import Signature

# How long to wait for the end of a worker that is no longer needed, in seconds.
_END_S = 1.0
# How long to wait until a worker has restored its state after a trial, in seconds.
_READY_S = 1.0


@dataclass(eq=False, frozen=True)
class Worker:
    """A function worker, its control socket, and its device, if any. It keeps the device: a library
    that has found a device never looks for another."""

    child: Child
    control: socket.socket
    device: str | None = None


class Workers:
    """Workers that wait for their next trial. The methods may be called from any thread."""

    def __init__(self, server: ForkServer) -> None:
        self._server = server
        self._free: list[Worker] = []
        self._lock = threading.Lock()

    def start(self, request: Job | ProgramJob | Probe, fds: Sequence[int] = ()) -> Worker:
        """Send a request to the worker that became free last, among those with the job's device, or
        to a new one.

        The caller owns the worker, and gives it back or discards it. Raises ServerDied.
        """
        of_job = {} if isinstance(request, Probe) else request.environment
        device = of_job.get(devices.VARIABLE)
        while True:
            worker = self._take(device)
            if worker is None:
                worker = Worker(*self._server.start_worker(), device)
                messages.send(worker.control, request, fds)
                return worker
            try:
                if _is_ready(worker):
                    messages.send(worker.control, request, fds)
                    return worker
            except messages.ConnectionLost:
                pass  # the worker could not restore its state, or was killed
            self.discard(worker)

    def _take(self, device: str | None) -> Worker | None:
        with self._lock:
            for worker in reversed(self._free):
                if worker.device == device:
                    self._free.remove(worker)
                    return worker
            return None

    def give_back(self, worker: Worker) -> None:
        """The worker has answered, and is free once it is ready."""
        with self._lock:
            self._free.append(worker)

    def discard(self, worker: Worker, run_id: str | None = None) -> None:
        """Kill the worker, if it is alive, with its process group and all other processes that its
        run has started."""
        if run_id is not None:
            self._server.end_run(worker.child, run_id)
        self._server.kill(worker.child)
        worker.control.close()
        worker.child.close()

    def probe(self, target: str, project_dir: str, stop: StopSwitch) -> Signature:
        """Import a function where it will run. Raises Mistake if there is none, ServerDied, and
        KeyboardInterrupt if the runner is stopped meanwhile."""
        worker = self.start(Probe(target=target, project_dir=project_dir))
        answer = None
        try:
            answer = _answer(worker, stop)
        finally:
            if answer is None:
                self.discard(worker)
        if worker.child.lost:
            raise ServerDied
        if answer is None:
            reason = exit_reason.of_child(worker.child, target).reason
            raise Mistake(f"function {target} cannot be imported: {reason}")
        self.give_back(worker)
        if isinstance(answer, Failure):
            raise Mistake(answer.message)
        return answer

    def close(self) -> None:
        """Let the free workers exit by themselves, so that their atexit callbacks run."""
        with self._lock:
            workers, self._free = self._free, []
        for worker in workers:
            worker.control.shutdown(socket.SHUT_RDWR)
        for worker in workers:
            worker.child.wait(_END_S)
            self.discard(worker)


def _is_ready(worker: Worker) -> bool:
    """Wait until the worker is ready; False if it takes too long. Raises ConnectionLost."""
    poll = select.poll()
    poll.register(worker.control, select.POLLIN)
    if not poll.poll(_READY_S * 1000):
        return False
    return isinstance(messages.receive(worker.control)[0], Ready)


def _answer(worker: Worker, stop: StopSwitch) -> Signature | Failure | None:
    """The worker's answer; None if it died."""
    with selectors.DefaultSelector() as selector:
        selector.register(worker.control, selectors.EVENT_READ)
        selector.register(stop, selectors.EVENT_READ)
        while True:
            if any(key.fileobj is stop for key, _ in selector.select()):
                raise KeyboardInterrupt
            try:
                answer: Ready | Signature | Failure = messages.receive(worker.control)[0]
            except messages.ConnectionLost:
                break
            if not isinstance(answer, Ready):  # a new worker's first message
                return answer
    while not worker.child.ended:
        worker.child.update()
    return None
