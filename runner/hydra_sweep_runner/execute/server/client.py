"""The runner's side of the fork server: starts the server, and children through it."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import NoReturn

from hydra_sweep_runner.dataclass import dataclass
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
from hydra_sweep_runner.system.processes import kill_session

# How long to wait for the report of a server's death, in seconds.
_LOST_S = 1.0


class ServerDied(RunnerError):
    """The process that starts the trials has died; no further trial can be started."""

    def __init__(self) -> None:
        super().__init__("the process that starts the trials has died")


@dataclass(eq=False, kw_only=True)
class Child:
    """A child of the fork server, as reported so far.

    `reports` is the descriptor that becomes readable when something has happened; `update` reads
    it. Exactly one of `wait_status`, `start_errno` and `lost` says how the child ended.
    """

    key: int
    reports: int
    pid: int | None = None
    wait_status: int | None = None
    start_errno: int | None = None  #: why it could not be started
    no_folder: bool = False  #: it could not be started because its working folder is missing
    lost: bool = False  #: the server died before it reported the child's end

    @property
    def ended(self) -> bool:
        """Whether there will be no further report."""
        return self.lost or self.wait_status is not None or self.start_errno is not None

    def update(self) -> None:
        """Read the server's next report, waiting for it if there is none yet."""
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
            if self.pid is not None:  # the server, which would kill it, is dead
                with suppress(OSError):
                    os.killpg(self.pid, signal.SIGKILL)

    def wait(self, most_s: float) -> None:
        """Read reports until the child has ended, for at most `most_s` seconds."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.reports, selectors.EVENT_READ)
            while not self.ended and selector.select(most_s):
                self.update()

    def close(self) -> None:
        """Close the report channel."""
        os.close(self.reports)


class ForkServer:
    """A running fork server. Its methods may be called from any thread."""

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self._connection = connection
        self._pid = pid
        self._lock = threading.Lock()
        self._keys = count()
        self._is_dead = False

    @classmethod
    def fork(cls, work: server_process.Work) -> ForkServer:
        """Fork the server from this process, which must have no other threads.

        Its workers run `work` with their control sockets.
        """
        ours, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        # Signals that arrive before the server can handle them stay pending until then.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, server_process.IGNORED_SIGNALS)
        pid = os.fork()
        if not pid:
            _serve(theirs.fileno(), work)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        return cls(ours, pid)

    @classmethod
    def spawn(cls) -> ForkServer:
        """Start the server in a fresh interpreter; this process may have threads.

        Its workers are function workers and share no state with this process.
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
    ) -> Child:
        """Start a program in `folder`, in a process group of its own.

        `streams` are its stdout, its stderr and optionally its stdin, which is empty otherwise; the
        caller has to close them. Raises ServerDied.
        """
        key = next(self._keys)
        request = StartProgram(key, list(argv), dict(environment), folder)
        return self._start(request, streams)

    def start_script(
        self,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: str,
        streams: Sequence[int],
    ) -> Child:
        """Fork the server and run a script in the fork; the arguments are as in `start_program`.
        Only for a preloaded server. Raises ServerDied."""
        key = next(self._keys)
        return self._start(StartScript(key, list(argv), dict(environment), folder), streams)

    def start_worker(self) -> tuple[Child, socket.socket]:
        """Fork a worker; returns the caller's end of its control connection, too."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                child = self._start(StartWorker(next(self._keys)), (theirs.fileno(),))
        except BaseException:
            ours.close()
            raise
        return child, ours

    def signal(self, child: Child, number: signal.Signals) -> None:
        """Signal a child's process group. If the server is gone, the child's reports say so."""
        with suppress(ServerDied):
            self._send(SendSignal(child.key, number))

    def kill(self, child: Child) -> None:
        """Kill the process group of a child that no supervision watches any more."""
        if child.ended:
            return
        try:
            self._send(SendSignal(child.key, signal.SIGKILL))
        except ServerDied:
            child.wait(_LOST_S)  # it is reported as lost, and `update` kills its group

    def end_run(self, child: Child, run_id: str) -> None:
        """End the processes that a run has started in a worker, once the worker, which is dead or
        about to be killed, has ended."""
        with suppress(ServerDied):
            self._send(RunOver(child.key, run_id))

    def note_death(self) -> None:
        """Record that the server has died, because a child was lost."""
        self._is_dead = True

    @property
    def is_alive(self) -> bool:
        """Whether the server can still start children, as far as is known."""
        return not self._is_dead

    def check(self) -> None:
        """Raise ServerDied if the server has died."""
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
        """Stop all remaining children, and wait until the server has exited.

        A killed server takes the requests with it that it has not read, so what is left of its
        session is killed here.
        """
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()
        with suppress(ChildProcessError):
            _, status = os.waitpid(self._pid, 0)
            if os.WIFSIGNALED(status):
                kill_session(self._pid)

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
