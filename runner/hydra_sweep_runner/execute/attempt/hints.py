"""Hints for the user on failed attempts whose cause is likely to be known. Pure but for looking
for files of the project."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path, PurePosixPath

from hydra_sweep_runner.execute import variables
from hydra_sweep_runner.execute.attempt.exit_reason import NOT_FOUND
from hydra_sweep_runner.execute.task import Hint, Task
from hydra_sweep_runner.operation.call import CommandCall, ScriptCall
from hydra_sweep_runner.system.executables import why_not_started
from hydra_sweep_runner.terminal.render import short

_MISSING_MODULE = re.compile(rb"No module named '?([A-Za-z_][\w.]*)")
_NOTHING_TO_READ = (b"bdb.BdbQuit", b"EOFError: EOF when reading a line")
_MISSING_FILE = re.compile(
    rb"No such file or directory: '([^'\n]+)'"
    rb"|(?:^|: ?)([^:\n]+?)(?:: No such file or directory| \(No such file or directory\))",
    re.MULTILINE,
)
#: A name within what a program says it could not do: `cannot open 'a b' for reading`.
_QUOTED = re.compile(rb"(?:['`]|\xe2\x80\x98)(.+?)(?:'|\xe2\x80\x99)")
_COULD_NOT = re.compile(rb"(?:cannot|can't|could not|couldn't|failed to) \w+ (?:file )?")
_NOT_FOUND = (b"FileNotFoundError", b"No such file or directory")
_TRACEBACK = b"Traceback (most recent call last):"


def hint_on(
    exit_status: int | None, tail: bytes, task: Task, *, emptied: bool = False
) -> Hint | None:
    """A line on what is likely to help after a failed attempt; None if nothing is known.

    `tail` is the end of its output. `emptied` says that the run's folder was deleted meanwhile.
    """
    if emptied and any(word in tail for word in _NOT_FOUND):
        folder = short(task.run.id)
        return Hint(f"the folder {folder} of the trial was deleted while it was at work")
    interpreter = _on_interpreter(exit_status, tail, task)
    if interpreter is not None:
        return interpreter
    for hint in _ON_OUTPUT:
        found = hint(tail, task)
        if found is not None:
            return found
    return _on_command(exit_status, task)


def _on_missing_script(tail: bytes, task: Task) -> Hint | None:
    if not isinstance(task.call, ScriptCall) or os.fsencode(task.call.path) not in tail:
        return None
    is_gone = b"No such file" in tail and not Path(task.call.path).exists()
    return Hint(f"the script is not there any more: {task.call.path}") if is_gone else None


def _on_package(tail: bytes, task: Task) -> Hint | None:
    if b"attempted relative import with no known parent package" not in tail:
        return None
    if not isinstance(task.call, ScriptCall | CommandCall):
        return None
    return Hint(
        "a script belongs to no package: give the module as a command, `command: [python, "
        "-m, package.module, …]`, and name the package in operation.requires"
    )


def _on_missing_module(tail: bytes, task: Task) -> Hint | None:
    missing = _MISSING_MODULE.search(tail)
    if missing is None or _works_in_project(task):
        return None
    name = missing[1].decode().partition(".")[0]
    place = Path(task.project_dir, name)
    if place.is_dir():
        return _lacks(name, task)
    return _lacks(f"{name}.py", task) if place.with_suffix(".py").is_file() else None


def _on_nothing_to_read(tail: bytes, task: Task) -> Hint | None:
    is_in_batch = variables.BATCH_ID in task.environment
    if not is_in_batch or not any(word in tail for word in _NOTHING_TO_READ):
        return None
    return Hint(
        "a trial of a batch has nothing to read: what asks, or stops at breakpoint(), is "
        "for one run on its own, without -m"
    )


def on_existing_file(tail: bytes, task: Task) -> Hint | None:
    """A hint if a restarted run did not accept files of an earlier start; None otherwise."""
    if b"FileExistsError" not in tail or task.environment.get(variables.RESTARTED) != "1":
        return None
    job = task.run.job
    output_dir = None if job is None else job.output_dir  # of a Hydra program's job
    folder = Path(task.project_dir, output_dir) if output_dir else Path(task.working_dir)
    return Hint(
        "a restart leaves the files of the start before where they are: let the program take "
        f"what is there ({variables.RESTARTED} is 1 then), or clear {folder}"
    )


def _on_missing_file(tail: bytes, task: Task) -> Hint | None:
    # What was printed before a traceback, and survived, is no cause of it.
    cause = tail[max(0, tail.find(_TRACEBACK)) :]
    if _works_in_project(task) or not any(word in cause for word in _NOT_FOUND):
        return None
    folder = _folder_not_made(cause, task)
    if folder is not None:
        python = f"os.makedirs({folder!r}, exist_ok=True)"
        make = f"mkdir -p {shlex.quote(folder)}" if isinstance(task.call, CommandCall) else python
        return Hint(
            f"the trial works in {task.working_dir}, where there is no folder {folder}: to write "
            f"there, make it first by {make}; what is to be read from the project is named in "
            "operation.requires"
        )
    named = _named_missing(cause, task)
    if named is not None:
        return _lacks(named, task)
    linked = _missing_in_linked(cause, task)
    if linked is not None:
        return Hint(f"{linked} is not there: {Path(task.project_dir, linked)} does not exist")
    return Hint(
        f"a file was not found: the trial works in {task.working_dir}; if it is a file of the "
        f"project in {task.project_dir}, name it in operation.requires{_linked_already(task)}; a "
        "restart takes that by +refresh=true",
        in_yaml=True,
    )


def _linked_already(task: Task) -> str:
    """The names in `operation.requires`, in brackets; empty if there are none."""
    names = task.run.operation.requires
    return f" (named there: {', '.join(names)})" if names else ""


def _named_missing(tail: bytes, task: Task) -> str | None:
    """The file or folder of the project that the output names as missing; of a path in folders
    the first. None if there is none in the project."""
    for said in reversed(_MISSING_FILE.findall(tail)):
        whole = _name_in(said)
        # The last word alone, of `error opening a.txt`, is a name only if there is such a file.
        for path in dict.fromkeys((whole, whole.rpartition(" ")[2])):
            first = path.partition("/")[0]
            if first not in ("", "..", ".") and Path(task.project_dir, path).exists():
                return first if not Path(task.working_dir, first).exists() else path
    return None


def _folder_not_made(tail: bytes, task: Task) -> str | None:
    """The folder of the file that the output names last as missing, if there is no such folder in
    the trial's, and no such file in the project: the file was to be written. Else None."""
    said = _MISSING_FILE.findall(tail)
    path = PurePosixPath(_name_in(said[-1])) if said else PurePosixPath()
    folder = path.parent
    if str(folder) in ("", ".") or path.is_absolute() or ".." in path.parts:
        return None
    is_there = Path(task.working_dir, folder).exists() or Path(task.project_dir, path).exists()
    return None if is_there else str(folder)


def _name_in(said: tuple[bytes, bytes]) -> str:
    """The path in what `_MISSING_FILE` has found."""
    by_python, by_program = said
    quoted = _QUOTED.search(by_program)
    name = by_python or (quoted[1] if quoted else _COULD_NOT.sub(b"", by_program, count=1))
    path: str = os.path.normpath(name.strip().decode("utf-8", "replace"))
    return path


def _missing_in_linked(tail: bytes, task: Task) -> str | None:
    """The file that the output names last as missing, if it was looked for in a folder of the
    project that is linked into the trial's: naming more in `requires` would not help."""
    said = _MISSING_FILE.findall(tail)
    if not said:
        return None
    path = _name_in(said[-1])
    first, _, rest = path.partition("/")
    return path if rest and Path(task.working_dir, first).is_symlink() else None


def _on_interpreter(exit_status: int | None, tail: bytes, task: Task) -> Hint | None:
    """A hint if `env` has not found the interpreter of a command's program."""
    call = task.call
    if not isinstance(call, CommandCall) or exit_status != NOT_FOUND or b"env" not in tail:
        return None
    program = call.argv[0]
    path = {**os.environ, **task.environment}.get("PATH", os.defpath)
    why = why_not_started(Path(task.working_dir, program), program, path)
    return None if why is None else Hint(f"{program} was not started: {why}")


def _on_command(exit_status: int | None, task: Task) -> Hint | None:
    """A hint if a command's program was not found, but is a file of the project."""
    call = task.call
    if not isinstance(call, CommandCall) or exit_status != NOT_FOUND:
        return None
    name = os.path.normpath(call.argv[0])
    is_there = Path(task.working_dir, name).exists()
    if is_there or not Path(task.project_dir, name).is_file() or _works_in_project(task):
        return None
    return _lacks(name, task)


def _works_in_project(task: Task) -> bool:
    """Whether the trial works in the project's folder, where nothing has to be linked."""
    return task.working_dir == task.project_dir


def _lacks(name: str, task: Task) -> Hint:
    """The hint on a file or folder that is in the project and not in the trial's folder."""
    return Hint(f"{name} is in the project, and the trial works in {task.working_dir}", name)


#: The hints on an output, the first that is known is given: what is said most exactly comes first.
_ON_OUTPUT = (
    _on_missing_script,
    _on_package,
    _on_missing_module,
    _on_nothing_to_read,
    on_existing_file,
    _on_missing_file,
)
