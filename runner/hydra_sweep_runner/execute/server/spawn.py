"""A fork server in a fresh interpreter, for processes that have threads and must not fork."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import NoReturn

from hydra_sweep_runner.compose.portable import prepare_process
from hydra_sweep_runner.execute.function import worker
from hydra_sweep_runner.execute.server import process as server_process

# The search path of the process that starts it takes the place of the interpreter's own, as
# in a fork; `-m` would put the working folder first.
_CODE = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from hydra_sweep_runner.execute.server.spawn import main; main(int(sys.argv[1]))"
)


def spawn() -> tuple[socket.socket, int]:
    """Start a fork server: the connection to it, and its pid.

    It lives until the connection's other end is gone, or this process is. What workers need
    in any case is imported there, once for all of them.
    """
    ours, theirs = socket.socketpair()
    path = [entry for entry in sys.path if entry]
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", _CODE, str(theirs.fileno()), *path],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # what interrupts this process's group is not for it
        )
    process.returncode = 0  # so that subprocess leaves the reaping to whoever closes it
    return ours, process.pid


def main(connection: int) -> NoReturn:
    """Be the fork server of the connection with this descriptor."""
    try:
        prepare_process()
        server_process.run(connection, worker.work)
        os._exit(0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(70)
