"""From an operation to the call that executes it, checked before anything is recorded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hydra_sweep_runner.commands.start.programs import program_sources
from hydra_sweep_runner.compose.job import RealValues, real_values
from hydra_sweep_runner.compose.job_config import JobConfig
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.attempt.requires import check_requires
from hydra_sweep_runner.execute.function.worker import Signature
from hydra_sweep_runner.execute.script.flags import check_flags, resolve_flags_to
from hydra_sweep_runner.execute.task import (
    Call,
    CommandCall,
    FunctionCall,
    ProgramCall,
    ScriptCall,
)
from hydra_sweep_runner.model import Operation, OperationKind
from hydra_sweep_runner.operation.flags import flatten
from hydra_sweep_runner.operation.parse import argument


class Importer(Protocol):
    """Imports what trials need where they will run; an executor is one."""

    def probe(self, target: str, project_dir: str) -> Signature:
        """Import the function with this dotted name. Raises Mistake."""
        ...

    def preload(self, modules: Sequence[str], script: str) -> None:
        """Import modules where a script will be forked, if that is how scripts are started.
        Raises Mistake."""
        ...


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An operation that was found to be executable with the flags it is to get.

    `sources` are its own files as far as they are known. `make` gives the call for the
    values that a configuration resolves to. Where a worker process resolves them for itself
    it gets NO_VALUES; `needs_values` says whether all of them have to be there then, too.
    """

    operation: Operation
    sources: tuple[Path, ...]
    make: Callable[[RealValues], Call]
    in_worker: bool = False
    needs_values: bool = True

    def values(self, config: TrialConfig) -> RealValues:
        """What the call is made from. Raises Mistake for a flag that cannot be resolved."""
        return NO_VALUES if self.in_worker else real_values(config)

    def check(self, config: JobConfig) -> None:
        """Raise Mistake for a flag that cannot be resolved and that the call needs, and for a
        command's program that is not there."""
        if not self.needs_values:
            return
        values = real_values(config)
        if self.operation.kind is OperationKind.COMMAND:
            _check_program(self.operation.target[0], values)


#: For calls that are made without them.
NO_VALUES = RealValues(flags={}, arguments=(), environment={})


def prepare(
    operation: Operation, flag_names: Iterable[str], project_dir: Path, importer: Importer
) -> Prepared:
    """Check that an operation can be executed with flags of these names.

    Raises Mistake for a missing file, a function that cannot be imported, a flag that the
    script or function does not take, a required file that is not in the project, a module
    that cannot be preloaded.
    """
    check_requires(project_dir, operation.requires)
    names = list(flag_names)
    if operation.kind is OperationKind.SCRIPT:
        return _script(operation, names, project_dir, importer)
    if operation.kind is OperationKind.FUNCTION:
        signature = importer.probe(str(operation.target), str(project_dir))
        return _function(operation, names, signature)
    if operation.kind is OperationKind.PROGRAM:
        return Prepared(
            operation=operation,
            sources=program_sources(operation, project_dir),
            make=lambda values: ProgramCall(),
            in_worker=True,
            needs_values=False,
        )
    return Prepared(
        operation=operation,
        sources=tuple(_files_among(operation.target, project_dir)),
        make=lambda values: CommandCall(argv=tuple(argument(x) for x in values.arguments)),
    )


def _script(
    operation: Operation, names: list[str], project_dir: Path, importer: Importer
) -> Prepared:
    path = project_dir / str(operation.target)
    if not path.is_file():
        what = "is no file" if path.exists() else "does not exist"
        raise Mistake(
            f"operation.script: {operation.target} {what} (looked in {project_dir}): "
            "give a Python file of the project"
        )
    flags_to = resolve_flags_to(path, operation.flags_to)
    check_flags(path, flags_to, names)
    if operation.preload:
        importer.preload(operation.preload, str(path))
    return Prepared(
        operation=operation,
        sources=(path,),
        make=lambda values: ScriptCall(
            path=str(path),
            flags_to=flags_to,
            flags=flatten(dict(values.flags)),
            preload=operation.preload,
        ),
    )


def _function(operation: Operation, names: list[str], signature: Signature) -> Prepared:
    target = str(operation.target)
    if not signature.takes_config:
        _check_keywords(target, signature, names)
    return Prepared(
        operation=operation,
        sources=() if signature.source_file is None else (Path(signature.source_file),),
        make=lambda values: FunctionCall(target=target, as_config=signature.takes_config),
        in_worker=True,
        needs_values=not signature.takes_config,
    )


def _check_keywords(target: str, signature: Signature, names: list[str]) -> None:
    given = list(dict.fromkeys(name.split(".")[0].split("[")[0] for name in names))
    unknown = [name for name in given if name not in signature.parameters]
    if unknown and not signature.takes_any:
        takes = ", ".join(signature.parameters) or "no parameters"
        raise Mistake(
            f"the function {target} has no parameter {unknown[0]!r} for the flag; it takes "
            f"{takes} (or give it one parameter named cfg)"
        )
    missing = [name for name in signature.required if name not in given]
    if missing:
        raise Mistake(
            f"the function {target} needs a value for {missing[0]!r}: add the flag to the "
            "configuration"
        )


def _check_program(written: str, values: RealValues) -> None:
    """Raise Mistake for a program that no trial can find: a bare name that is not in PATH, or
    an absolute path. What a relative path leads to depends on the run's own folder. `written`
    is the program as the configuration has it."""
    program = argument(values.arguments[0])
    path = {**os.environ, **values.environment}.get("PATH", os.defpath)
    if "/" in program and not program.startswith("/"):
        return
    if shutil.which(program, path=path) is None:
        where = "is not there, or not executable" if "/" in program else "is not in PATH"
        raise Mistake(f"operation.command: the program {written!r} {where}")


def _files_among(target: str | tuple[str, ...], project_dir: Path) -> Iterable[Path]:
    for text in target if isinstance(target, tuple) else ():
        if text and "\0" not in text and len(text) < 1024:
            path = project_dir / text
            if path.is_file() and path.is_relative_to(project_dir):
                yield path
