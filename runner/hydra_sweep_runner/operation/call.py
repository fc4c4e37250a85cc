"""What to start for a run, as plain values that can be pickled.

A kind of operation makes a call; `execute` starts calls and does not know kinds. Each class here is
a way of starting; several kinds may share one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, TypeAlias

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Value


@dataclass(frozen=True, kw_only=True)
class Values:
    """The values that a run's configuration resolves to, secrets included: for the started process,
    never for a record.

    `flags` are nested as in the configuration. `target` is the value of the operation's own key
    (for a command, its list of arguments). `environment` is `hydra.job.env_set`.
    """

    flags: Mapping[str, Any]
    target: Any
    environment: Mapping[str, str]


#: For calls that need no values.
NO_VALUES = Values(flags={}, target=None, environment={})


@dataclass(frozen=True, kw_only=True)
class ScriptCall:
    """Run the Python file at `path` (absolute) as `__main__`.

    `flags` are the resolved values of its module-level variables, `arguments` its arguments. The
    modules in `preload` are imported once, in a process that the script is forked from, if the
    platform allows it.
    """

    path: str
    flags: Mapping[str, Value] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CommandCall:
    """Run a program with these arguments, the first of which is the program. No shell is
    involved."""

    argv: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FunctionCall:
    """Call the function with the dotted name `target` in a worker process.

    With `as_config` its one argument is the job's DictConfig. Otherwise it gets the top-level
    entries of the config as keyword arguments, nested ones as dicts.
    """

    target: str
    as_config: bool


@dataclass(frozen=True, kw_only=True)
class PackedProgram:
    """A Hydra program for workers that were not forked from it, identified by its digest.

    `data` unpickles to an object that runs its jobs (`execute.function.worker.Program`), once the
    folders in `sys_path` are on `sys.path`.
    """

    digest: str
    sys_path: tuple[str, ...]
    data: bytes


@dataclass(frozen=True, kw_only=True)
class ProgramCall:
    """Call the task function of a Hydra program as Hydra itself would: that of `packed`, or of the
    program in this very process, in a worker that inherits it."""

    packed: PackedProgram | None = None


Call: TypeAlias = ScriptCall | CommandCall | FunctionCall | ProgramCall
