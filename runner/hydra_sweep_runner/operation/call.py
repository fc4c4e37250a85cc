"""What is to be started for a run: plain values that can be pickled.

A kind of operation makes a call; execution starts calls and knows no kinds. There is a class
for each way of starting, so a kind that is started as another one is needs no new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hydra_sweep_runner.model import Value


@dataclass(frozen=True, kw_only=True)
class Values:
    """What a run's configuration resolves to, secrets and all: for the process that is
    started, never for a record.

    `flags` are nested as they are in the configuration; `target` is what the operation's own
    key holds (a command's list of arguments, say); `environment` is `hydra.job.env_set`.
    """

    flags: Mapping[str, Any]
    target: Any
    environment: Mapping[str, str]


#: For calls that are made without them.
NO_VALUES = Values(flags={}, target=None, environment={})


@dataclass(frozen=True, kw_only=True)
class ScriptCall:
    """Run the Python file at `path` (absolute) as `__main__`.

    `flags` are the real values of its module-level variables, `arguments` its arguments.
    The modules in `preload` are imported once, in a process that the script is forked from,
    where that can be done.
    """

    path: str
    flags: Mapping[str, Value] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
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

    `data` unpickles to what does its jobs (`execute.function.worker.Program`) once the
    modules that `sys_path` leads to can be found.
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
