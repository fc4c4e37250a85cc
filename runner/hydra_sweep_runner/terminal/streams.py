"""The standard streams as a process was started with them, made such that one can write."""

from __future__ import annotations

import io
import os
import sys
from typing import Any


def open_missing_streams() -> None:
    """Have standard streams that were closed when the process was started lead nowhere.

    Otherwise the next file that is opened gets a standard stream's number, and everything
    that anybody prints, here or in a child, is written into it. Call it before a file is
    opened.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if not _is_open(number):
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
        elif mode == "w" and not os.get_blocking(number):
            os.set_blocking(number, True)  # as a program that shares the pipe may have set it
        if getattr(sys, name) is None:
            file: Any = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, file)
            setattr(sys, f"__{name}__", file)


def lead_nowhere(*fds: int) -> None:
    """Have these descriptors lead nowhere: whoever read what is written there is gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for fd in fds:
        os.dup2(nowhere, fd)
    os.close(nowhere)


def escape_unencodable() -> None:
    """Have this process's output streams write what their encoding lacks as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors != "backslashreplace":
            stream.reconfigure(errors="backslashreplace")


def terminal_input() -> int | None:
    """The descriptor of standard input if somebody types there for this process: it is a
    terminal, and this process is in its foreground."""
    if not os.isatty(0):
        return None
    try:
        return 0 if os.tcgetpgrp(0) == os.getpgrp() else None
    except OSError:  # another session's terminal, which has no background
        return 0


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
