"""How an attempt ended, in an exit status and a line of words. Pure."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

from hydra_sweep_runner.execute.function.worker import Reply
from hydra_sweep_runner.execute.server.client import Child, ServerDied
from hydra_sweep_runner.model import Result

NOT_EXECUTABLE = 126
NOT_FOUND = 127
TIMED_OUT = 124


@dataclass(frozen=True, kw_only=True)
class Ending:
    """An attempt's end. The exit status is None if there was nothing to exit; `reason`
    says why it is not 0; `scalars` are those of the result."""

    exit_status: int | None
    reason: str | None = None
    result: Result | None = None
    scalars: Mapping[str, float] = field(default_factory=dict)


def of_status(code: int) -> str:
    """Why what ended by itself with an exit status has failed."""
    return f"exit status {code}"


def of_reply(reply: Reply) -> Ending:
    """A function's end, as its worker tells it."""
    return Ending(
        exit_status=reply.exit_status,
        reason=reply.reason,
        result=reply.result,
        scalars=reply.scalars,
    )


def of_child(child: Child, program: str) -> Ending:
    """The end of a child that has ended; `program` is what it was to run, for the words."""
    if child.start_errno is not None:
        return _not_started(child.start_errno, child.no_folder, program)
    if child.wait_status is None:
        return Ending(exit_status=None, reason=str(ServerDied()))
    code = os.waitstatus_to_exitcode(child.wait_status)
    if code == 0:
        return Ending(exit_status=0)
    if code > 0:
        return Ending(exit_status=code, reason=of_status(code))
    reason = f"killed by {signal_words(-code)}"
    if -code == signal.SIGKILL:  # the kernel's way to get memory back; it tells nobody
        reason += ", perhaps out of memory"
    return Ending(exit_status=128 - code, reason=reason)


def of_worker(child: Child, target: str) -> Ending:
    """The end of a worker that has ended before its call of `target` has."""
    end = of_child(child, target)
    if end.exit_status == 0:  # by os._exit
        return Ending(exit_status=None, reason="its process exited before it returned")
    return end


#: The end of a worker that could not answer any more and was killed for it.
CUT_OFF = Ending(exit_status=None, reason="it closed the connection to the runner")


def of_timeout(timeout_s: float) -> Ending:
    """The end of what took too long."""
    return Ending(exit_status=TIMED_OUT, reason=f"timeout after {timeout_s:g} s")


def signal_words(number: int) -> str:
    """`signal 9 (SIGKILL)`."""
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


def _not_started(number: int, no_folder: bool, program: str) -> Ending:
    if no_folder:
        return Ending(exit_status=None, reason="its working folder is gone")
    if number in (errno.ENOENT, errno.ENOTDIR):
        return Ending(exit_status=NOT_FOUND, reason=f"command not found: {program}")
    if number in (errno.EACCES, errno.ENOEXEC):
        return Ending(exit_status=NOT_EXECUTABLE, reason=f"command not executable: {program}")
    why = os.strerror(number).lower()
    return Ending(exit_status=NOT_EXECUTABLE, reason=f"cannot start {program}: {why}")
