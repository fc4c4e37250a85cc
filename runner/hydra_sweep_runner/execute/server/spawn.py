"""Starts a fork server in a fresh interpreter, for processes that have threads and must not
fork."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import NoReturn

from hydra_sweep_runner.compose.portable import prepare_process
from hydra_sweep_runner.execute.function import worker
from hydra_sweep_runner.execute.server import process as server_process

# The server gets the search path of the process that starts it, as in a fork; `-m` would put
# the working folder first.
_CODE = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from hydra_sweep_runner.execute.server.spawn import main; main(int(sys.argv[1]))"
)


def spawn() -> tuple[socket.socket, int]:
    """Start a fork server; returns the connection to it, and its pid.

    It lives until the other end of the connection is closed or this process has died. It imports
    the modules that all workers need, once for all of them.
    """
    ours, theirs = socket.socketpair()
    path = [entry for entry in sys.path if entry]
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", _CODE, str(theirs.fileno()), *path],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # it must not get signals sent to this process's group
        )
    process.returncode = 0  # so that subprocess does not reap it; `ForkServer.close` does
    return ours, process.pid


def main(connection: int) -> NoReturn:
    """Become the fork server of the connection with this descriptor."""
    try:
        prepare_process()
        server_process.run(connection, worker.work)
        os._exit(0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(70)
