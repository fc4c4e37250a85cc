"""Prepares the standard streams that the process was started with, so that it can write to them."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any


def open_missing_streams() -> None:
    """Open /dev/null for standard streams that were closed when the process was started.

    Otherwise the next opened file would get a standard stream's number, and everything printed,
    here or in a child, would be written into it. Call this before opening any file.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if not _is_open(number):
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
        elif mode == "w" and not os.get_blocking(number):
            os.set_blocking(number, True)  # a program that shares the pipe may have unset it
        if getattr(sys, name) is None:
            file: Any = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, file)
            setattr(sys, f"__{name}__", file)


def lead_nowhere(*fds: int) -> None:
    """Redirect these descriptors to /dev/null: their reader has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for fd in fds:
        os.dup2(nowhere, fd)
    os.close(nowhere)


def given_up_line(error: OSError, kept: str = "the trials' logs have it all") -> str:
    """The line on standard output that cannot be written any more while trials are at work; `kept`
    says where what they print is."""
    why = "nobody reads it any more" if error.errno == errno.EPIPE else error.strerror
    return f"standard output is given up ({why}); {kept}"


def escape_unencodable() -> None:
    """Make this process's output streams write characters that their encoding lacks as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors != "backslashreplace":
            stream.reconfigure(errors="backslashreplace")


def terminal_input() -> int | None:
    """The descriptor of standard input if it is a terminal and this process is in its foreground;
    else None."""
    if not os.isatty(0):
        return None
    try:
        return 0 if os.tcgetpgrp(0) == os.getpgrp() else None
    except OSError:  # a terminal of another session, which has no foreground group here
        return 0


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
