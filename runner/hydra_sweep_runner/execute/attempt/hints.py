"""Hints for the user on failed attempts whose cause is likely to be known. Pure but for looking
for files of the project."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hydra_sweep_runner.execute import variables
from hydra_sweep_runner.execute.attempt.exit_reason import NOT_FOUND
from hydra_sweep_runner.execute.task import Task
from hydra_sweep_runner.operation.call import CommandCall

_MISSING_MODULE = re.compile(rb"No module named '?([A-Za-z_][\w.]*)")
_NOTHING_TO_READ = (b"bdb.BdbQuit", b"EOFError: EOF when reading a line")
_MISSING_FILE = re.compile(
    rb"No such file or directory: '([^'\n]+)'|([^\s:'\"]+): No such file or directory"
)
_NOT_FOUND = (b"FileNotFoundError", b"No such file or directory")


def hint_on(exit_status: int | None, tail: bytes, task: Task) -> str | None:
    """A line on what is likely to help after a failed attempt; None if nothing is known.

    `tail` is the end of its output.
    """
    return _hint_on_output(tail, task) or _hint_on_command(exit_status, task)


def _hint_on_output(tail: bytes, task: Task) -> str | None:
    """A hint if the end of the output shows a known cause of failure."""
    if b"attempted relative import with no known parent package" in tail:
        return (
            "a script belongs to no package: give the module as a command, `command: [python, "
            "-m, package.module, …]`, and name the package in operation.requires"
        )
    missing = _MISSING_MODULE.search(tail)
    if missing is not None:
        name = missing[1].decode().partition(".")[0]
        place = Path(task.project_dir, name)
        if place.is_dir() or place.with_suffix(".py").is_file():
            what = name if place.is_dir() else f"{name}.py"
            return _name_in_requires(what, task)
    is_in_batch = variables.BATCH_ID in task.environment
    if is_in_batch and any(word in tail for word in _NOTHING_TO_READ):
        return (
            "a trial of a batch has nothing to read: what asks, or stops at breakpoint(), is "
            "for one run on its own, without -m"
        )
    if b"FileExistsError" in tail and task.environment.get(variables.RESTARTED) == "1":
        return (
            "a restart leaves the files of the start before where they are: let the program take "
            f"what is there ({variables.RESTARTED} is 1 then), or clear {task.working_dir}"
        )
    if not any(word in tail for word in _NOT_FOUND):
        return None
    named = _named_missing(tail, task)
    what = f", such as {named}: requires: [{named}]" if named else ""
    return (
        f"a file was not found: the trial works in {task.working_dir}; what it needs from "
        f"the project in {task.project_dir} is named in operation.requires{what}"
    )


def _named_missing(tail: bytes, task: Task) -> str | None:
    """The file or folder of the project that the output names as missing; of a path in folders
    the first. None if there is none in the project."""
    for said in reversed(_MISSING_FILE.findall(tail)):
        path: str = os.path.normpath(next(filter(None, said)).decode("utf-8", "replace"))
        first = path.partition("/")[0]
        if first not in ("", "..", ".") and Path(task.project_dir, path).exists():
            return first if not Path(task.working_dir, first).exists() else path
    return None


def _hint_on_command(exit_status: int | None, task: Task) -> str | None:
    """A hint if a command's program was not found, but is a file of the project."""
    call = task.call
    if not isinstance(call, CommandCall) or exit_status != NOT_FOUND:
        return None
    name = os.path.normpath(call.argv[0])
    if not Path(task.project_dir, name).is_file() or task.working_dir == task.project_dir:
        return None
    return _name_in_requires(name, task)


def _name_in_requires(name: str, task: Task) -> str:
    return (
        f"{name} is in the project, and the trial works in {task.working_dir}: name it in "
        f"operation.requires: [{name}]"
    )
