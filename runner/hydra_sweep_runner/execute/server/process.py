"""The fork server: a small process with one thread, the parent of the runner's children.

It lives in a session of its own, so that it survives whatever kills the runner's process group, and
can clean up: when the runner's end of the connection is closed, it stops every child's process
group and exits. On Linux it is a subreaper: descendants that lose their parent become its children,
so that it can end what a trial leaves behind in other sessions, too. `run` turns the calling
process into the server; `client` and `spawn` start that process.
"""

from __future__ import annotations

import errno
import faulthandler
import fcntl
import gc
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Container, Iterable
from contextlib import suppress
from types import FrameType
from typing import Any, NamedTuple

from hydra_sweep_runner.execute import variables
from hydra_sweep_runner.execute.server import messages
from hydra_sweep_runner.execute.server.descendants import children_of_this, run_of, tree_of
from hydra_sweep_runner.execute.server.lifeline import Lifeline
from hydra_sweep_runner.execute.server.messages import (
    REPORT,
    RunOver,
    SendSignal,
    StartProgram,
    StartScript,
    StartWorker,
)

#: How long the children may take to end by themselves after the runner's death, in seconds.
ORPHAN_GRACE_S = 1.0
# How often to check whether the runner is still the parent. A copy of the runner's socket, in
# another process that it forked, would keep the connection open after its death.
_PARENT_CHECK_S = 1.0
_KILL_AGAIN_S = 0.1
# How long, and how often, to look for processes that a run has left behind.
_LEFT_S = 5.0
_LOOK_AGAIN_S = 0.05
_PR_SET_CHILD_SUBREAPER = 36
#: Signals sent to all of the runner's processes. The server ignores them: the runner tells it
#: what to do.
IGNORED_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)

Work = Callable[[socket.socket], None]


class _Child(NamedTuple):
    key: int
    report: int
    lifeline: Lifeline


def run(connection_fd: int, work: Work) -> None:
    """Serve until the other end of the connection is closed; workers run `work`."""
    parent = os.getppid()
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.chdir("/")
    # Never collect objects inherited from the forked process: closing their files would close
    # our own, which reuse the descriptor numbers.
    gc.freeze()
    faulthandler.disable()
    connection = socket.socket(fileno=_move_up(connection_fd))
    close_all_but({connection.fileno()})
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    _Server(connection, work, parent).serve()


class _Server:
    """The running children, by pid, and the loop around them."""

    def __init__(self, connection: socket.socket, work: Work, parent: int) -> None:
        self._connection = connection
        self._work = work
        self._parent = parent
        self._children: dict[int, _Child] = {}
        self._pids: dict[int, int] = {}
        # Maps a child's key to the run that ends with the child.
        self._runs: dict[int, str] = {}
        # Runs that are over, and until when to look for processes they have left behind.
        self._over: dict[str, float] = {}
        self._is_script = False
        _become_subreaper()
        self._wakes, self._wake = os.pipe()
        os.set_blocking(self._wakes, False)
        os.set_blocking(self._wake, False)
        # Handlers that do nothing: signals that are ignored would stay ignored after an exec.
        for number in (signal.SIGCHLD, *IGNORED_SIGNALS):
            # Under nohup, children ignore SIGHUP, too.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _do_nothing)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])

    def serve(self) -> None:
        """Answer requests and reap children until the runner is gone; then stop the rest."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._connection, selectors.EVENT_READ)
            selector.register(self._wakes, selectors.EVENT_READ)
            try:
                while os.getppid() == self._parent:
                    wait_s = _LOOK_AGAIN_S if self._over else _PARENT_CHECK_S
                    for key, _ in selector.select(wait_s):
                        if key.fileobj is self._connection:
                            self._handle(*messages.receive(self._connection))
                        else:
                            _drain(self._wakes)
                    self._reap()
            except messages.ConnectionLost:
                pass
            finally:
                if not self._is_script:
                    self._stop_all()

    def _handle(self, request: object, fds: list[int]) -> None:
        if isinstance(request, StartProgram) and len(fds) in (3, 4):
            self._start(request.child, lambda held: self._spawn(request, held, *fds[:-1]), fds)
        elif isinstance(request, StartScript) and len(fds) in (3, 4):
            self._start(
                request.child, lambda held: self._fork_script(request, held, *fds[:-1]), fds
            )
        elif isinstance(request, StartWorker) and len(fds) == 2:
            self._start(request.child, lambda held: self._fork_worker(held, fds[0]), fds)
        elif isinstance(request, SendSignal) and request.child in self._pids:
            _signal_group(self._pids[request.child], request.signal)
        elif isinstance(request, RunOver):
            if request.child in self._pids:
                self._runs[request.child] = request.run_id
            else:
                self._end_left_of(request.run_id)
        else:  # the child has ended, or there were no descriptors left to start it
            for fd in fds:
                os.close(fd)

    def _start(self, key: int, start: Callable[[int], int], fds: list[int]) -> None:
        """Start a child, which inherits the descriptor that `start` is called with, and keep its
        report channel, the last of the fds, until the child ends."""
        *given, report = fds
        try:
            pid, lifeline = _on_a_lifeline(start)
        except _NoFolder:
            _report(report, messages.REPORT_NO_FOLDER, errno.ENOENT)
            os.close(report)
        except OSError as error:
            _report(report, messages.REPORT_NOT_STARTED, error.errno or errno.EIO)
            os.close(report)
        else:
            self._children[pid] = _Child(key, report, lifeline)
            self._pids[key] = pid
            _report(report, messages.REPORT_STARTED, pid)
        finally:
            for fd in given:
                os.close(fd)

    def _spawn(
        self, request: StartProgram, held: int, stdout: int, stderr: int, stdin: int | None = None
    ) -> int:
        if not os.path.isdir(request.folder):  # noqa: PTH112 - pathlib is not light
            raise _NoFolder
        try:
            process = subprocess.Popen(
                request.argv,
                env=request.environment,
                cwd=request.folder,
                stdin=stdin,  # None: this process's own, which is empty
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                pass_fds=(held,),
            )
        except (ValueError, TypeError, IndexError, subprocess.SubprocessError) as error:
            raise OSError(errno.EINVAL, str(error)) from error
        process.returncode = 0  # so that subprocess does not reap it; this loop does
        self._expect_left(request)
        return process.pid

    def _fork_script(
        self, request: StartScript, held: int, stdout: int, stderr: int, stdin: int | None = None
    ) -> int:
        """Fork a script; raises ScriptBegins in the fork."""
        if not os.path.isdir(request.folder):  # noqa: PTH112 - pathlib is not light
            raise _NoFolder
        signal.pthread_sigmask(signal.SIG_BLOCK, IGNORED_SIGNALS)
        pid = os.fork()
        if pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, IGNORED_SIGNALS)
            with suppress(OSError):
                os.setpgid(pid, pid)  # before any signal can be asked for
            self._expect_left(request)
            return pid
        self._is_script = True
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        if stdin is not None:
            os.dup2(stdin, 0)
        raise ScriptBegins(request, held, os.dup(stdout), os.dup(stderr))

    def _expect_left(self, request: StartProgram | StartScript) -> None:
        """Note that the processes a run leaves behind are to be ended when its child ends."""
        run_id = request.environment.get(variables.RUN_ID)
        if run_id is not None:
            self._runs[request.child] = run_id
            self._over.pop(run_id, None)

    def _fork_worker(self, held: int, control: int) -> int:
        # A SIGINT that comes before the worker is ready for it stays pending until then.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        pid = os.fork()
        if pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
            with suppress(OSError):
                os.setpgid(pid, pid)  # before any signal can be asked for
            return pid
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, *IGNORED_SIGNALS):
                if signal.getsignal(number) is _do_nothing:
                    signal.signal(number, signal.SIG_DFL)
            close_all_but({held, control})
            self._work(socket.socket(fileno=control))
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(70)

    def _reap(self) -> None:
        """Reap the ended children; kill the rest of their process groups, and all other processes
        that their runs have left behind."""
        while True:
            try:
                pid, status = _take_ended(self._children)
            except ChildProcessError:
                self._over.clear()
                return
            if not pid:
                break
            child = self._children.pop(pid, None)
            if child is not None:
                del self._pids[child.key]
                # Before the end is reported, so that no process of the trial is left by then.
                run_id = self._runs.pop(child.key, None)
                if run_id is not None:
                    self._end_left_of(run_id)
                _report(child.report, messages.REPORT_ENDED, status)
                os.close(child.report)
                child.lifeline.cut()
        for run_id in list(self._over):
            self._end_left_of(run_id)

    def _end_left_of(self, run_id: str) -> None:
        """Kill the processes that an ended run has left behind, with all their descendants.

        The run of a process that is just starting is unknown, and processes that lose their parent
        by this become our children a moment later. So the search is repeated for a while.
        """
        last_s = self._over.setdefault(run_id, time.monotonic() + _LEFT_S)
        left = {pid: run_of(pid) for pid in self._left()}
        for pid, its_run in left.items():
            if its_run == run_id:
                for each in tree_of(pid):
                    _signal(each, signal.SIGKILL)
        if not {run_id, None} & set(left.values()) or time.monotonic() > last_s:
            self._over.pop(run_id, None)

    def _left(self) -> list[int]:
        """Our children that we did not start: the processes that started them are dead."""
        return [pid for pid in children_of_this() if pid not in self._children]

    def _stop_all(self) -> None:
        self._signal_all(signal.SIGTERM, signal.SIGCONT)
        self._reap_until(time.monotonic() + ORPHAN_GRACE_S)
        last_s = time.monotonic() + ORPHAN_GRACE_S
        while self._any_left() and time.monotonic() < last_s:
            self._signal_all(signal.SIGKILL)  # again, for processes that lost their parent
            self._reap_until(min(time.monotonic() + _KILL_AGAIN_S, last_s))

    def _signal_all(self, *numbers: signal.Signals) -> None:
        left = [each for pid in self._left() for each in tree_of(pid)]
        for number in numbers:
            for pid in self._children:
                _signal_group(pid, number)
            for pid in left:
                _signal(pid, number)

    def _reap_until(self, deadline_s: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakes, selectors.EVENT_READ)
            self._reap()
            while self._any_left() and (left_s := deadline_s - time.monotonic()) > 0:
                selector.select(left_s)
                _drain(self._wakes)
                self._reap()

    def _any_left(self) -> bool:
        return bool(self._children or self._left())


class ScriptBegins(BaseException):
    """Raised out of `run` in a fork of the server that is to become a script, with its end of the
    lifeline and the descriptors for its output."""

    def __init__(self, request: StartScript, held: int, stdout: int, stderr: int) -> None:
        super().__init__(request.argv)
        self.request = request
        self.held = held
        self.stdout = stdout
        self.stderr = stderr


class _NoFolder(Exception):
    """The working folder of the program does not exist."""


def _on_a_lifeline(start: Callable[[int], int]) -> tuple[int, Lifeline]:
    """Start a child, whose process group is then tied to this process."""
    lifeline = Lifeline()
    try:
        pid = start(lifeline.held)
    except Exception:
        lifeline.drop()
        raise
    lifeline.tie(pid)
    return pid, lifeline


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """A signal handler that does nothing: the wake-up descriptor reports the signal."""


def _take_ended(known: Container[int]) -> tuple[int, int]:
    """Reap a child that has ended; returns its pid (0 if there is none) and its wait status.

    If the system can report an end without reaping, the rest of the child's process group is killed
    before, while its pid cannot be reused.
    """
    if not hasattr(os, "waitid"):
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid in known:
            _signal_group(pid, signal.SIGKILL)
        return pid, status
    ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if ended is None:
        return 0, 0
    if ended.si_pid in known:
        _signal_group(ended.si_pid, signal.SIGKILL)
    return os.waitpid(ended.si_pid, 0)


def _signal(pid: int, number: int) -> None:
    with suppress(OSError):
        os.kill(pid, number)


def _signal_group(pid: int, number: int) -> None:
    with suppress(OSError):
        os.killpg(pid, number)


def _report(fd: int, kind: bytes, number: int) -> None:
    with suppress(OSError):  # its supervisor may be gone
        os.write(fd, REPORT.pack(kind, number))


def _drain(fd: int) -> None:
    with suppress(BlockingIOError):
        while os.read(fd, 4096):
            pass


def _move_up(fd: int) -> int:
    """A duplicate of the descriptor, with a number above those of the standard streams."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)


def close_all_but(kept: Iterable[int]) -> None:
    """Close every descriptor except the standard streams and `kept`.

    The server must not hold locks, terminals and pipes of the forked process open.
    """
    keep = {0, 1, 2, *kept}
    try:
        fds = [int(name) for name in os.listdir("/dev/fd")]  # noqa: PTH208
    except OSError:
        fds = list(range(3, 4096))
    for fd in fds:
        if fd not in keep:
            with suppress(OSError):
                os.close(fd)


def _become_subreaper() -> None:
    if sys.platform != "linux":
        return
    with suppress(ImportError, OSError):
        import _ctypes  # importing ctypes itself would delay the run by four milliseconds

        itself: Any = None
        prctl = _ctypes.dlsym(_ctypes.dlopen(itself, 0), "prctl")
        _ctypes.call_function(prctl, (_PR_SET_CHILD_SUBREAPER, 1))
