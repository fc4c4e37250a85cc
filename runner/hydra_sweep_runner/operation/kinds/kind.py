"""What a kind of operation has to say for itself, and what it may ask. Pure.

A kind reads its target from the `operation` node, checks that it can be run with the flags
that it is to get, and makes the call that starts it. Each is a module beside this one and an
entry of `known.KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import FlagsTo, Operation, Target, Value
from hydra_sweep_runner.operation.call import Call, Values


@dataclass(frozen=True, kw_only=True)
class Signature:
    """How a function can be called.

    `parameters` are those that take keywords, `required` those without a default.
    """

    parameters: tuple[str, ...]
    required: tuple[str, ...]
    takes_config: bool  #: it has just one parameter, named `cfg`
    takes_any: bool  #: it takes keywords of any name
    source_file: str | None
    resolvers: tuple[str, ...] = ()  #: OmegaConf's, registered once its module is imported


class Inspector(Protocol):
    """What a kind may ask about the project and the machine. Implemented in
    `commands.start.inspector`."""

    @property
    def project_dir(self) -> Path:
        """The project's folder, absolute."""
        ...

    def exists(self, path: Path) -> bool:
        """Whether there is anything at the path."""
        ...

    def is_file(self, path: Path) -> bool:
        """Whether the path is a file's."""
        ...

    def flags_to(self, script: Path, wanted: FlagsTo, flag_names: Sequence[str]) -> FlagsTo:
        """How a script takes its flags, GLOBALS or ARGS, as its source tells where AUTO is
        wanted. Raises Mistake if it cannot take flags of these names."""
        ...

    def arguments(self, script: Path, flags: Mapping[str, Value]) -> tuple[str, ...]:
        """Flags as a script's arguments. Raises Mistake for a value that cannot be given, or
        that the script would not run with."""
        ...

    def preload(self, modules: Sequence[str], script: Path) -> None:
        """Import modules where the script will be forked, if that is how scripts are
        started. Raises Mistake."""
        ...

    def signature(self, function: str) -> Signature:
        """Import the function with this dotted name where it will run. Raises Mistake."""
        ...

    def module_file(self, name: str) -> Path | None:
        """The file of an importable module, which is not imported; None where there is none."""
        ...

    def finds_program(self, program: str, environment: Mapping[str, str]) -> bool:
        """Whether a command's program, a bare name or an absolute path, can be executed in
        this process's environment with `environment` added."""
        ...


def nothing_to_check(values: Values, inspector: Inspector) -> None:
    """For kinds that have nothing to check in the values themselves."""


def no_flag_to_check(name: str, value: Value) -> None:
    """For kinds that take any value of a flag that they take."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """An operation that was found to be executable with the flags that it is to get.

    `sources` are its own files as far as they are known. `call` makes the call from the
    values that a configuration resolves to, or from NO_VALUES where a worker process resolves
    them for itself (`in_worker`). `needs_values` says whether all of them have to be there at
    the start; `check_values` raises Mistake for those that cannot be run with, `check_flag` for
    one value of one flag, of whichever trial. `resolvers` are those of OmegaConf's that the
    operation's own code has registered.
    """

    sources: tuple[Path, ...]
    call: Callable[[Values], Call]
    in_worker: bool = False
    needs_values: bool = True
    check_values: Callable[[Values, Inspector], None] = nothing_to_check
    check_flag: Callable[[str, Value], None] = no_flag_to_check
    resolvers: tuple[str, ...] = ()


class OperationKind(Protocol):
    """One kind of operation. It has no state.

    `own_keys` are the keys of the `operation` node that it alone takes, beside the one that
    names its target. `is_hydra_job` says whether its runs are the jobs of a Hydra program,
    with Hydra's own configuration, numbers and output folders. `may_register_resolvers` says
    whether its own code is imported before its flags are resolved.
    """

    own_keys: frozenset[str]
    is_hydra_job: bool
    may_register_resolvers: bool

    def read_target(self, value: object) -> Target:
        """The target of what the YAML holds under the kind's key. Raises Mistake."""
        ...

    def default_name(self, target: Target) -> str:
        """The operation's name where none is given."""
        ...

    def check(
        self, operation: Operation, flag_names: Sequence[str], inspector: Inspector
    ) -> Checked:
        """Find out whether the operation can be run with flags of these names. Raises
        Mistake, naming what is wrong and what would be right; changes nothing."""
        ...


def read_text(key: str, value: object) -> str:
    """A target that is a text. Raises Mistake."""
    if not isinstance(value, str) or not value.strip():
        raise Mistake(f"operation.{key}: must be a text, not {value!r}")
    return value
