"""What execution is given and what it gives back: plain values that can be pickled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

from hydra_sweep_runner.compose.job_config import JobConfig
from hydra_sweep_runner.model import FlagsTo, Run, Value


@dataclass(frozen=True, kw_only=True)
class ScriptCall:
    """Run the Python file at `path` (absolute) as `__main__`.

    `flags_to` is GLOBALS or ARGS, never AUTO. `flags` are the real values, dotted names.
    The modules in `preload` are imported once, in a process that the script is forked from,
    where that can be done.
    """

    path: str
    flags_to: FlagsTo
    flags: Mapping[str, Value]
    preload: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CommandCall:
    """Run a program with these arguments, the program's name among them. No shell."""

    argv: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FunctionCall:
    """Call the function with the dotted name `target` in a worker process.

    With `as_config` it gets the job's DictConfig as its one argument, else the top-level
    entries of it as keyword arguments, nested ones as dicts.
    """

    target: str
    as_config: bool


@dataclass(frozen=True, kw_only=True)
class PackedProgram:
    """A Hydra program for workers that were not forked from it, told apart by its digest.

    `data` unpickles to what does its jobs (`function_worker.Program`) once the modules that
    `sys_path` leads to can be found.
    """

    digest: str
    sys_path: tuple[str, ...]
    data: bytes


@dataclass(frozen=True, kw_only=True)
class ProgramCall:
    """Call the task function of a Hydra program as Hydra itself would: of `packed`, or of
    the program that this process is, in a worker that inherits it."""

    packed: PackedProgram | None = None


Call: TypeAlias = ScriptCall | CommandCall | FunctionCall | ProgramCall


@dataclass(frozen=True, kw_only=True)
class Task:
    """One run to execute. `run` is its record as stored, with the flags it is to run with.

    `environment` is added to the executing process's own. `timeout_s` is in seconds, for
    each attempt; `retries` is how many times a failed attempt is followed by another.
    """

    run: Run
    store_root: str
    project_dir: str
    working_dir: str
    call: Call
    config: JobConfig
    environment: Mapping[str, str]
    timeout_s: float | None = None
    retries: int = 0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an execution ended: the run's record as it was last written.

    `hint` is a line for the user about a failure whose cause is likely to be known. `tail`
    is the end of a failed run's output, where it was not shown as it came.
    """

    run: Run
    hint: str | None = None
    tail: bytes = b""


@runtime_checkable
class ReadyAhead(Protocol):
    """An iterator of tasks that can do a part of its work before the next one is taken."""

    def make_ready(self) -> Task | None:
        """Do what does not depend on whether and when the next task will be taken, if there
        is anything to do; that task, if there is one. What is wrong with it is told when it is
        taken."""
        ...
