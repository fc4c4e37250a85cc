"""The state of a process that executes trials but belongs to other software, such as a Dask worker.

Such a process may have threads, serves one batch after another, and may serve several at once. It
has one fork server, spawned at the first trial. Each batch has function workers of its own, because
these keep a project's modules as they were when they were imported.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.execute.attempt.attempt import Machinery
from hydra_sweep_runner.execute.attempt.stop_signals import Graces, StopSwitch, Urgency
from hydra_sweep_runner.execute.function.pool import Workers
from hydra_sweep_runner.execute.server.client import ForkServer
from hydra_sweep_runner.execute.variables import without_a_run

#: How long a batch's warm function workers are kept for its next trial, in seconds.
IDLE_S = 20.0
_LOOK_S = 0.1


@dataclass
class _Session:
    """A batch's function workers in this process. `at_work` counts the trials that may need
    them."""

    workers: Workers
    at_work: int = 0
    idle_since_s: float = 0.0


class Sessions:
    """The batches that a process has served recently. The methods may be called from any thread; in
    a forked child it is empty."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._watching_pid: int | None = None  # the process whose thread ends idle workers
        self._server: ForkServer | None = None
        self._sessions: dict[str, _Session] = {}
        self._switches: set[StopSwitch] = set()
        self._switching = threading.RLock()  # a signal handler may run in a thread that holds it

    @contextmanager
    def machinery(self, session_id: str, graces: Graces) -> Iterator[Machinery]:
        """The machinery for one trial of a batch; its `stop` is the trial's own."""
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
        """Stop every running trial in this process; returns whether there is any. Callable from a
        signal handler."""
        with self._switching:
            switches = list(self._switches)
            for switch in switches:
                switch.set(urgency)
        return bool(switches)

    def close(self) -> None:
        """End the function workers and the fork server, with all the processes that they have
        started."""
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
        """End the function workers of batches without a trial for a while, until there is no such
        batch; one thread does it for all."""
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


#: The sessions of this process.
SESSIONS = Sessions()
atexit.register(SESSIONS.close)


def heed_no_interrupt(driver_pid: int) -> None:
    """Ignore Ctrl-C in a process that gets the terminal's interrupt as well as the driver: the
    driver decides what to stop. Only a main thread can do that, and only there is it needed."""
    if os.getpid() == driver_pid or threading.current_thread() is not threading.main_thread():
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
