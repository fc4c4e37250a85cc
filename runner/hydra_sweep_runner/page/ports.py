"""Where a page is served: on this machine, at a port."""

from __future__ import annotations

import errno
import os
import socket

from hydra_sweep_runner.errors import Mistake

HOST = "127.0.0.1"
#: Where the page is unless told; where others are there already, one of the next ports.
PORT = 8710
_TRIED = 20


def bind(port: int | None) -> socket.socket:
    """A socket at the port, or at the first free one from PORT on, or at any.

    Raises Mistake if the port that was asked for cannot be had.
    """
    wanted = [port] if port is not None else [*range(PORT, PORT + _TRIED), 0]
    for number in wanted:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((HOST, number))
            bound.listen(128)
        except OSError as error:
            bound.close()
            if port is not None:
                raise Mistake(_why_not(port, error)) from error
        else:
            return bound
    raise Mistake("no port is free on this machine")


def address(bound: socket.socket) -> str:
    """The address of what is served at a socket."""
    return f"http://{HOST}:{bound.getsockname()[1]}/"


def _why_not(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"--port {port}: in use already; leave --port out to have a free one"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"--port {port}: not permitted ({os.strerror(error.errno)}); give one above 1023"
    return f"--port {port}: {error.strerror}"
