"""The protocol of a kind of operation, and the questions it may ask. Pure.

A kind reads its target from the `operation` node, checks that the operation can run with its flags,
and makes the call that starts it. Each kind is a module in this folder and an entry in
`known.KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import FlagsTo, Operation, Target, Value
from hydra_sweep_runner.operation.call import Call, Values


@dataclass(frozen=True, kw_only=True)
class Signature:
    """How a function can be called.

    `parameters` can be passed by keyword; those in `required` have no default.
    """

    parameters: tuple[str, ...]
    required: tuple[str, ...]
    takes_config: bool  #: the function has a single parameter, named `cfg`
    takes_any: bool  #: the function accepts any keyword
    source_file: str | None
    resolvers: tuple[str, ...] = ()  #: OmegaConf resolvers that importing its module registers


class Inspector(Protocol):
    """The questions that a kind may ask about the project and the machine. Implemented in
    `commands.start.inspector`."""

    @property
    def project_dir(self) -> Path:
        """The project's folder, absolute."""
        ...

    def exists(self, path: Path) -> bool:
        """Whether a file or folder exists at the path."""
        ...

    def is_file(self, path: Path) -> bool:
        """Whether the path is that of a file."""
        ...

    def flags_to(self, script: Path, wanted: FlagsTo, flag_names: Sequence[str]) -> FlagsTo:
        """How a script takes its flags: GLOBALS or ARGS, decided from its source if AUTO is wanted.
        Raises Mistake if it cannot take flags of these names."""
        ...

    def arguments(self, script: Path, flags: Mapping[str, Value]) -> tuple[str, ...]:
        """The flags as arguments for a script. Raises Mistake for a value that no argument can
        express, or that the script's parser would reject."""
        ...

    def preload(self, modules: Sequence[str], script: Path) -> None:
        """Import modules in the process that scripts are forked from, if scripts are started that
        way. Raises Mistake."""
        ...

    def signature(self, function: str) -> Signature:
        """Import the function with this dotted name in the process where it will run, and return
        its signature. Raises Mistake."""
        ...

    def module_file(self, name: str) -> Path | None:
        """The file of an importable module, without importing it; None if there is none."""
        ...

    def finds_program(self, program: str, environment: Mapping[str, str]) -> bool:
        """Whether a command's program, a bare name or an absolute path, can be executed in this
        process's environment extended by `environment`."""
        ...

    def why_not_started(
        self, file: Path, written: str, environment: Mapping[str, str]
    ) -> str | None:
        """What keeps the system from starting a file in this process's environment extended by
        `environment`, and what would be right; None if nothing is known to. `written` is the file's
        name in the message."""
        ...


def nothing_to_check(values: Values, inspector: Inspector) -> None:
    """For kinds that accept all values."""


def no_flag_to_check(name: str, value: Value) -> None:
    """For kinds that accept any value of their flags."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """An operation that can be executed with its flags, as `OperationKind.check` found.

    `sources` are its own files, as far as they are known. `call` makes the call from the resolved
    values of a configuration, or from NO_VALUES if a worker process resolves them itself
    (`in_worker`). `needs_values` says whether all values must be resolvable at the start.
    `check_values` raises Mistake for values that the operation cannot run with, and `check_flag`
    for a single value of a flag, of any trial. `resolvers` are the OmegaConf resolvers that the
    operation's own code registered.
    """

    sources: tuple[Path, ...]
    call: Callable[[Values], Call]
    in_worker: bool = False
    needs_values: bool = True
    check_values: Callable[[Values, Inspector], None] = nothing_to_check
    check_flag: Callable[[str, Value], None] = no_flag_to_check
    resolvers: tuple[str, ...] = ()


class OperationKind(Protocol):
    """A kind of operation, without state.

    `own_keys` are the keys of the `operation` node that only this kind accepts, beside the key of
    its target. `is_hydra_job` says whether its runs are jobs of a Hydra program, with Hydra's own
    configuration, job numbers and output folders. `may_register_resolvers` says whether its own
    code is imported before its flags are resolved. `names_its_flags` says whether it receives only
    those flags that its target names in interpolations.
    """

    own_keys: frozenset[str]
    is_hydra_job: bool
    may_register_resolvers: bool
    names_its_flags: bool

    def read_target(self, value: object) -> Target:
        """The target, from the value of the kind's key in the YAML. Raises Mistake."""
        ...

    def default_name(self, target: Target) -> str:
        """The operation's name if the YAML gives none."""
        ...

    def check(
        self, operation: Operation, flag_names: Sequence[str], inspector: Inspector
    ) -> Checked:
        """Check that the operation can run with flags of these names. Raises Mistake, naming what
        is wrong and what would be right; changes nothing."""
        ...


def read_text(key: str, value: object) -> str:
    """A target that is a text. Raises Mistake."""
    if not isinstance(value, str) or not value.strip():
        raise Mistake(f"operation.{key}: must be a text, not {value!r}")
    return value
