"""Messages between the runner, its fork server and its workers, over Unix stream sockets.

A message is a length, sent along with file descriptors, and a pickle. Both ends are processes of
the runner, forked from one another.
"""

from __future__ import annotations

import os
import pickle
import socket
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

_LENGTH = struct.Struct("=Q")
_MOST_FDS = 8
# With this flag, where it exists, received descriptors are close-on-exec from the beginning.
_RECEIVE_FLAGS = getattr(socket, "MSG_CMSG_CLOEXEC", 0)

#: A report on a child: the kind, one of those below, and a number.
REPORT = struct.Struct("=cq")
REPORT_STARTED = b"P"  #: the child's pid
REPORT_NOT_STARTED = b"E"  #: the errno of the fork, or of the exec
REPORT_NO_FOLDER = b"F"  #: the errno of changing into the working folder
REPORT_ENDED = b"X"  #: the wait status


class StartProgram(NamedTuple):
    """Start a program; its descriptors are sent along: stdout, stderr, optionally stdin, and the
    report channel."""

    child: int
    argv: list[str]
    environment: dict[str, str]
    folder: str


class StartScript(NamedTuple):
    """Run a script in a fork of a preloaded server; descriptors are sent along as for a program.
    `argv` begins with the script's path."""

    child: int
    argv: list[str]
    environment: dict[str, str]
    folder: str


class StartWorker(NamedTuple):
    """Fork a function worker; its control socket and the report channel are sent along."""

    child: int


class SendSignal(NamedTuple):
    """Signal the whole process group of a child, unless it has ended."""

    child: int
    signal: int


class RunOver(NamedTuple):
    """The run in a worker is over, and the worker is dead or about to be killed: end the processes
    that the run has started."""

    child: int
    run_id: str


class ConnectionLost(Exception):
    """The process at the other end is gone."""


def send(connection: socket.socket, message: object, fds: Sequence[int] = ()) -> None:
    """Send a message. Raises ConnectionLost."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    head = _LENGTH.pack(len(body))
    try:
        if fds:
            socket.send_fds(connection, [head], list(fds))
            connection.sendall(body)
        else:
            connection.sendall(head + body)
    except (BrokenPipeError, ConnectionResetError) as error:
        raise ConnectionLost from error


def receive(connection: socket.socket) -> tuple[Any, list[int]]:
    """Wait for a message; the caller owns the fds.

    Raises ConnectionLost at the end, and what unpickling raises.
    """
    try:
        head, fds, _, _ = socket.recv_fds(connection, _LENGTH.size, _MOST_FDS, _RECEIVE_FLAGS)
        if not head:
            raise ConnectionLost
        head += _receive_exactly(connection, _LENGTH.size - len(head))
        body = _receive_exactly(connection, _LENGTH.unpack(head)[0])
    except ConnectionResetError as error:
        raise ConnectionLost from error
    try:
        return pickle.loads(body), fds
    except BaseException:
        for fd in fds:
            os.close(fd)
        raise


def _receive_exactly(connection: socket.socket, size: int) -> bytearray:
    body = bytearray(size)
    rest = memoryview(body)
    while rest:
        count = connection.recv_into(rest)
        if count == 0:
            raise ConnectionLost
        rest = rest[count:]
    return body
