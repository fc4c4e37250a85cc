"""What executes trials in a process that other machinery owns: a Dask worker, say.

Such a process may have threads, serves one batch after another, and may serve several at
once. It has one fork server, spawned at the first trial, and for each batch function workers
of its own, since these keep the modules of a project as they were when they were imported.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hydra_sweep_runner.execute.attempt.attempt import Machinery
from hydra_sweep_runner.execute.attempt.stopping import Graces, StopSwitch, Urgency
from hydra_sweep_runner.execute.function.pool import Workers
from hydra_sweep_runner.execute.server.client import ForkServer
from hydra_sweep_runner.execute.variables import without_a_run

#: How long a batch's warm function workers wait for its next trial, in seconds.
IDLE_S = 20.0
_LOOK_S = 0.1


@dataclass
class _Session:
    """A batch's function workers in this process. `at_work` of them may be wanted now."""

    workers: Workers
    at_work: int = 0
    idle_since_s: float = 0.0


class Sessions:
    """The batches that a process has served of late. Its methods may be called from any
    thread; in a child that was forked it is empty."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._watching_pid: int | None = None  # the process whose thread ends idle workers
        self._server: ForkServer | None = None
        self._sessions: dict[str, _Session] = {}
        self._switches: set[StopSwitch] = set()
        self._switching = threading.RLock()  # a signal's handler may find its thread with it

    @contextmanager
    def machinery(self, session_id: str, graces: Graces) -> Iterator[Machinery]:
        """What one trial of a batch is executed with; its `stop` is the trial's own."""
        session, server = self._enter(session_id)
        switch = StopSwitch()
        with self._switching:
            self._switches.add(switch)
        try:
            yield Machinery(
                server=server,
                workers=session.workers,
                stop=switch,
                graces=graces,
                environment=without_a_run(dict(os.environ)),
            )
        finally:
            with self._switching:
                self._switches.discard(switch)
                switch.close()
            self._leave(session)

    def press(self, urgency: Urgency) -> bool:
        """Stop every trial at work in this process; whether there is any. Callable from a
        signal handler."""
        with self._switching:
            switches = list(self._switches)
            for switch in switches:
                switch.set(urgency)
        return bool(switches)

    def close(self) -> None:
        """End the function workers and the fork server, with all that they have started."""
        with self._lock:
            if self._pid != os.getpid():
                return
            self._let_go()

    def _let_go(self) -> None:
        for session in self._sessions.values():
            session.workers.close()
        if self._server is not None:
            self._server.close()
        self._server, self._sessions = None, {}

    def _enter(self, session_id: str) -> tuple[_Session, ForkServer]:
        with self._lock:
            if self._pid != os.getpid():
                self._pid, self._server, self._sessions = os.getpid(), None, {}
            if self._server is not None and not self._server.is_alive:
                self._let_go()
            if self._server is None:
                self._server = ForkServer.spawn()
            if session_id not in self._sessions:
                self._sessions[session_id] = _Session(Workers(self._server))
            session = self._sessions[session_id]
            session.at_work += 1
            return session, self._server

    def _leave(self, session: _Session) -> None:
        with self._lock:
            session.at_work -= 1
            session.idle_since_s = time.monotonic()
            if self._watching_pid != os.getpid():
                self._watching_pid = os.getpid()
                threading.Thread(target=self._end_idle, name="idle workers", daemon=True).start()

    def _end_idle(self) -> None:
        """End the function workers of batches that have had no trial for a while, until there
        is no such batch; one thread for all of them."""
        while True:
            with self._lock:
                now_s = time.monotonic()
                idle = [
                    session_id
                    for session_id, session in self._sessions.items()
                    if not session.at_work and now_s - session.idle_since_s >= IDLE_S
                ]
                ended = [self._sessions.pop(session_id) for session_id in idle]
                is_last = not self._sessions
                if is_last:
                    self._watching_pid = None
            for session in ended:
                session.workers.close()
            if is_last:
                return
            time.sleep(max(_LOOK_S, IDLE_S / 10))


#: Those of this process.
SESSIONS = Sessions()
atexit.register(SESSIONS.close)


def heed_no_interrupt(driver_pid: int) -> None:
    """Leave Ctrl-C to the driver, in a process that a terminal's interrupt reaches as well:
    the driver says what is to be stopped. Only a main thread can, and needs, do that."""
    if os.getpid() == driver_pid or threading.current_thread() is not threading.main_thread():
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
