"""Why the system cannot start a file of somebody's own: its permissions and its first line."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# The kernel reads no more of a first line (BINPRM_BUF_SIZE in Linux's binfmts.h).
_LONGEST_LINE = 256

#: The interpreter and the first word of the command for files of these endings.
_INTERPRETERS = {
    ".py": ("/usr/bin/env python3", "python"),
    ".R": ("/usr/bin/env Rscript", "Rscript"),
    ".jl": ("/usr/bin/env julia", "julia"),
    ".bash": ("/usr/bin/env bash", "bash"),
}
_SHELL = ("/bin/sh", "sh")


def why_not_started(file: Path, written: str, search_path: str) -> str | None:
    """What keeps the system from starting a file that is there, and what would be right; None if
    nothing is known to. `written` is the file's name in messages, `search_path` the PATH that `env`
    looks for an interpreter in."""
    try:
        if not file.is_file():
            return None
        if not os.access(file, os.X_OK):
            return f"it has no permission to be executed: chmod +x {written}"
        with file.open("rb") as opened:
            begin = opened.read(_LONGEST_LINE)
    except OSError:
        return None  # an executable file need not be readable
    if not begin.startswith(b"#!"):
        return None if b"\0" in begin else _no_interpreter(written)
    line = begin[2:].partition(b"\n")[0].decode("utf-8", "replace")
    words = line.strip(" \t").split(None, 1)
    if line.endswith("\r"):
        return (
            f"its lines end as on Windows, and the carriage return is taken for a part of the "
            f"interpreter's name, {words[0] if words else ''}: sed -i 's/\\r$//' {written}"
        )
    if not words:
        return _no_interpreter(written)
    program, *arguments = words
    if not program.startswith("/"):
        return None  # relative to the working folder
    if not os.access(program, os.X_OK):
        return f"the interpreter that its first line names, {program}, is not there"
    wanted = arguments[0].split()[0] if arguments else ""
    if Path(program).name != "env" or not wanted or wanted.startswith("-") or "=" in wanted:
        return None
    if shutil.which(wanted, path=search_path) is not None:
        return None
    return f"the interpreter that its first line names, {wanted}, is not in PATH"


def _no_interpreter(written: str) -> str:
    line, word = _INTERPRETERS.get(Path(written).suffix, _SHELL)
    return (
        f"its first line names no interpreter: begin it with #!{line}, or write "
        f"operation.command: [{word}, {written}, …]"
    )
