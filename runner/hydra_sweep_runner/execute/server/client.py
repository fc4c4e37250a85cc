"""The runner's side of the fork server: starting it, and the children that it starts."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import NoReturn

from hydra_sweep_runner.errors import RunnerError
from hydra_sweep_runner.execute.server import messages
from hydra_sweep_runner.execute.server import process as server_process
from hydra_sweep_runner.execute.server.messages import (
    REPORT,
    RunOver,
    SendSignal,
    StartProgram,
    StartScript,
    StartWorker,
)

# How long the report of a server's death may take, in seconds.
_LOST_S = 1.0


class ServerDied(RunnerError):
    """The process that starts the trials is gone; none can be started any more."""

    def __init__(self) -> None:
        super().__init__("the process that starts the trials has died")


@dataclass(eq=False, kw_only=True)
class Child:
    """A child of the fork server, as far as is known.

    `reports` is the descriptor that tells when something has happened; `update` reads it.
    Exactly one of `wait_status`, `start_errno` and `lost` says how it ended.
    """

    key: int
    reports: int
    pid: int | None = None
    wait_status: int | None = None
    start_errno: int | None = None  #: it could not be started
    no_folder: bool = False  #: that was for want of its working folder
    lost: bool = False  #: the server died before it could tell

    @property
    def ended(self) -> bool:
        """Whether nothing more will be told."""
        return self.lost or self.wait_status is not None or self.start_errno is not None

    def update(self) -> None:
        """Take in what the server has told, waiting until it has told something."""
        told = os.read(self.reports, REPORT.size * 8)
        for kind, number in REPORT.iter_unpack(told):
            if kind == messages.REPORT_STARTED:
                self.pid = number
            elif kind == messages.REPORT_ENDED:
                self.wait_status = number
            else:
                self.start_errno = number
                self.no_folder = kind == messages.REPORT_NO_FOLDER
        if not told and not self.ended:
            self.lost = True
            if self.pid is not None:  # nobody else is left to do it
                with suppress(OSError):
                    os.killpg(self.pid, signal.SIGKILL)

    def wait(self, most_s: float) -> None:
        """Take in what the server tells until the child has ended, for a time at the most."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.reports, selectors.EVENT_READ)
            while not self.ended and selector.select(most_s):
                self.update()

    def close(self) -> None:
        """Stop listening."""
        os.close(self.reports)


class ForkServer:
    """A fork server at work. Its methods may be called from any thread."""

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self._connection = connection
        self._pid = pid
        self._lock = threading.Lock()
        self._keys = count()
        self._is_dead = False

    @classmethod
    def fork(cls, work: server_process.Work) -> ForkServer:
        """Fork the server from this process, which must have no other threads.

        `work` is what its workers do with their control sockets.
        """
        ours, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        # What is sent to it before it can handle it waits until then.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, server_process.SHRUGGED_OFF)
        pid = os.fork()
        if not pid:
            _serve(theirs.fileno(), work)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        return cls(ours, pid)

    @classmethod
    def spawn(cls) -> ForkServer:
        """Start the server in a fresh interpreter; this process may have threads.

        Its workers do what function workers do, and have nothing of this process.
        """
        from hydra_sweep_runner.execute.server.spawn import spawn

        return cls(*spawn())

    def start_program(
        self,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: str,
        streams: Sequence[int],
        bound: bool,
    ) -> Child:
        """Start a program in `folder`, in a process group of its own.

        `streams` are its stdout, its stderr and its stdin, which is empty where it is left
        out; they stay the caller's to close. With `bound` the kernel kills it when the server
        dies. Raises ServerDied.
        """
        key = next(self._keys)
        request = StartProgram(key, list(argv), dict(environment), folder, bound)
        return self._start(request, streams)

    def start_script(
        self,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: str,
        streams: Sequence[int],
    ) -> Child:
        """Have a fork of the server become a script, as `start_program` starts a program; of
        a server that can. Raises ServerDied."""
        key = next(self._keys)
        return self._start(StartScript(key, list(argv), dict(environment), folder), streams)

    def start_worker(self) -> tuple[Child, socket.socket]:
        """Fork a worker; the socket is the caller's end of its control connection."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                child = self._start(StartWorker(next(self._keys)), (theirs.fileno(),))
        except BaseException:
            ours.close()
            raise
        return child, ours

    def signal(self, child: Child, number: signal.Signals) -> None:
        """Signal a child's process group. If the server is gone, its report tells so."""
        with suppress(ServerDied):
            self._send(SendSignal(child.key, number))

    def kill(self, child: Child) -> None:
        """Kill the process group of a child that nobody watches any more."""
        if child.ended:
            return
        try:
            self._send(SendSignal(child.key, signal.SIGKILL))
        except ServerDied:
            child.wait(_LOST_S)  # it is lost, and its group killed by that

    def end_run(self, child: Child, run_id: str) -> None:
        """Have what a run has started in a worker end with the worker, which is dead or
        about to be killed."""
        with suppress(ServerDied):
            self._send(RunOver(child.key, run_id))

    def note_death(self) -> None:
        """A child was lost: the server has died."""
        self._is_dead = True

    @property
    def is_alive(self) -> bool:
        """Whether it can still start children, as far as is known."""
        return not self._is_dead

    def check(self) -> None:
        """Raise ServerDied if it has died."""
        if self._is_dead or self._has_hung_up():
            raise ServerDied

    def _has_hung_up(self) -> bool:
        try:
            return not self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def close(self) -> None:
        """Have all children stopped that are left, and wait until the server has exited."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)

    def _start(
        self, request: StartProgram | StartScript | StartWorker, fds: Sequence[int]
    ) -> Child:
        reports, report = os.pipe()
        try:
            self._send(request, (*fds, report))
        except BaseException:
            os.close(reports)
            raise
        finally:
            os.close(report)
        return Child(key=request.child, reports=reports)

    def _send(self, request: object, fds: Sequence[int] = ()) -> None:
        try:
            with self._lock:
                messages.send(self._connection, request, fds)
        except (messages.ConnectionLost, OSError) as error:
            self._is_dead = True
            raise ServerDied from error


def _serve(connection: int, work: server_process.Work) -> NoReturn:
    try:
        server_process.run(connection, work)
        os._exit(0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(70)
