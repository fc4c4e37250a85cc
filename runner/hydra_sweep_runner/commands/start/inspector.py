"""Answers the questions of operation kinds about the project and the machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hydra_sweep_runner.model import FlagsTo, Value
from hydra_sweep_runner.operation.kinds.kind import Signature
from hydra_sweep_runner.system.executables import why_not_started

if TYPE_CHECKING:
    from hydra_sweep_runner.execute.script.arguments import Parser


class Importer(Protocol):
    """Imports what trials need in the process where they will run, as an executor does."""

    def probe(self, target: str, project_dir: str) -> Signature:
        """Import the function with this dotted name. Raises Mistake."""
        ...

    def preload(self, modules: Sequence[str], script: str) -> None:
        """Import modules in the process that a script will be forked from, if scripts are started
        that way. Raises Mistake."""
        ...


class ProjectInspector:
    """The `operation.kinds.kind.Inspector` for a project's folder and this process."""

    def __init__(self, project_dir: Path, importer: Importer) -> None:
        self._project_dir = project_dir
        self._importer = importer
        self._parsers: dict[Path, Parser] = {}

    @property
    def project_dir(self) -> Path:
        """The project's folder, absolute."""
        return self._project_dir

    def exists(self, path: Path) -> bool:
        """Whether a file or folder exists at the path."""
        return path.exists()

    def is_file(self, path: Path) -> bool:
        """Whether the path is that of a file."""
        return path.is_file()

    def flags_to(self, script: Path, wanted: FlagsTo, flag_names: Sequence[str]) -> FlagsTo:
        """How a script takes its flags. Raises Mistake if it cannot take these."""
        from hydra_sweep_runner.execute.script.flags import check_flags, resolve_flags_to

        found = resolve_flags_to(script, wanted)
        check_flags(script, found, flag_names)
        return found

    def arguments(self, script: Path, flags: Mapping[str, Value]) -> tuple[str, ...]:
        """The flags as arguments for a script. Raises Mistake for a value that no argument can
        express."""
        from hydra_sweep_runner.execute.script.flags import read_parser

        if script not in self._parsers:
            self._parsers[script] = read_parser(script)
        return self._parsers[script].arguments(flags)

    def preload(self, modules: Sequence[str], script: Path) -> None:
        """Import modules in the process that the script will be forked from. Raises Mistake."""
        self._importer.preload(modules, str(script))

    def signature(self, function: str) -> Signature:
        """Import a function where it will run, and return its signature. Raises Mistake."""
        return self._importer.probe(function, str(self._project_dir))

    def module_file(self, name: str) -> Path | None:
        """The file of an importable module; None if there is none."""
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            return None
        return None if spec is None or spec.origin is None else Path(spec.origin)

    def finds_program(self, program: str, environment: Mapping[str, str]) -> bool:
        """Whether a program can be executed in this process's environment extended by
        `environment`."""
        return shutil.which(program, path=_search_path(environment)) is not None

    def why_not_started(
        self, file: Path, written: str, environment: Mapping[str, str]
    ) -> str | None:
        """What keeps the system from starting a file; None if nothing is known to."""
        return why_not_started(file, written, _search_path(environment))


def _search_path(environment: Mapping[str, str]) -> str:
    return {**os.environ, **environment}.get("PATH", os.defpath)
