"""How an attempt ended: an exit status and a reason for people to read. Pure."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.execute.function.worker import Reply
from hydra_sweep_runner.execute.server.client import Child, ServerDied
from hydra_sweep_runner.model import Result
from hydra_sweep_runner.record.reasons import of_status, refusal
from hydra_sweep_runner.terminal.output_tail import last_error_line, last_exception

# The exit statuses that shells and timeout(1) use.
NOT_EXECUTABLE = 126
NOT_FOUND = 127
TIMED_OUT = 124


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an attempt ended.

    `exit_status` is None if no process exited. `reason` says why it is not 0. `scalars` are
    the numbers in the result, `imports` modules of the project, as `boot.imported` gives them.
    """

    exit_status: int | None
    reason: str | None = None
    result: Result | None = None
    scalars: Mapping[str, float] = field(default_factory=dict)
    imports: Sequence[tuple[str, bool]] = ()


def of_reply(reply: Reply) -> Ending:
    """How a function ended, according to its worker."""
    return Ending(
        exit_status=reply.exit_status,
        reason=reply.reason,
        result=reply.result,
        scalars=reply.scalars,
        imports=reply.imports,
    )


def of_child(child: Child, program: str, why: str | None = None) -> Ending:
    """How a child process ended; `program` names what it ran, for the reason, and `why` says what
    kept it from being started, if that is known."""
    if child.start_errno is not None:
        return _not_started(child.start_errno, child.no_folder, program, why)
    if child.wait_status is None:
        return Ending(exit_status=None, reason=str(ServerDied()))
    code = os.waitstatus_to_exitcode(child.wait_status)
    if code == 0:
        return Ending(exit_status=0)
    if code > 0:
        return Ending(exit_status=code, reason=of_status(code))
    reason = f"killed by {signal_words(-code)}"
    if -code == signal.SIGKILL:  # the kernel's out-of-memory killer sends it without a message
        reason += ", perhaps out of memory"
    return Ending(exit_status=128 - code, reason=reason)


def of_worker(child: Child, target: str) -> Ending:
    """How an attempt ended whose worker ended before its call of `target` returned."""
    end = of_child(child, target)
    if end.exit_status == 0:  # the function called os._exit
        return Ending(exit_status=None, reason="its process exited before it returned")
    return end


def with_last_words(end: Ending, tail: bytes, errors: bytes = b"") -> Ending:
    """The ending with the exception or the parser's error that the output ends with, or else with
    the last line of `errors`, if the exit status alone is known; `tail` is the end of the
    output."""
    code = end.exit_status
    if code is None or end.reason != of_status(code):
        return end
    said = last_exception(tail) or refusal(tail.decode("utf-8", "replace").splitlines(), code)
    return replace(end, reason=of_status(code, said or last_error_line(errors)))


#: How an attempt ends whose worker closed the connection and was killed for it.
CUT_OFF = Ending(exit_status=None, reason="it closed the connection to the runner")


def of_timeout(timeout_s: float) -> Ending:
    """How an attempt ends that ran longer than its time limit: exit status 124."""
    return Ending(exit_status=TIMED_OUT, reason=f"timeout after {timeout_s:g} s")


def signal_words(number: int) -> str:
    """`signal 9 (SIGKILL)`."""
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


def _not_started(number: int, no_folder: bool, program: str, why: str | None) -> Ending:
    if no_folder:
        return Ending(exit_status=None, reason="its working folder is gone")
    is_missing = number in (errno.ENOENT, errno.ENOTDIR)
    if why is not None:
        status = NOT_FOUND if is_missing else NOT_EXECUTABLE
        return Ending(exit_status=status, reason=f"cannot start {program}: {why}")
    if is_missing:
        return Ending(exit_status=NOT_FOUND, reason=f"command not found: {program}")
    if number in (errno.EACCES, errno.ENOEXEC):
        return Ending(exit_status=NOT_EXECUTABLE, reason=f"command not executable: {program}")
    why = os.strerror(number).lower()
    return Ending(exit_status=NOT_EXECUTABLE, reason=f"cannot start {program}: {why}")
