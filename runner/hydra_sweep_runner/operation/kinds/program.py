"""A `@hydra.main` program that uses our sweeper. No YAML names it; it starts itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hydra_sweep_runner.model import Operation, Target
from hydra_sweep_runner.operation.call import ProgramCall
from hydra_sweep_runner.operation.kinds.kind import Checked, Inspector, read_text


class ProgramKind:
    """The target is the program's script, relative to the project if inside it, or its module."""

    own_keys: frozenset[str] = frozenset()
    is_hydra_job = True
    may_register_resolvers = False
    names_its_flags = False

    def read_target(self, value: object) -> str:
        """The script or module in a record. Raises Mistake."""
        return read_text("program", value)

    def default_name(self, target: Target) -> str:
        """The target itself."""
        return str(target)

    def check(
        self, operation: Operation, flag_names: Sequence[str], inspector: Inspector
    ) -> Checked:
        """Check nothing: the program runs already, and all of its configuration are flags."""
        return Checked(
            sources=_sources(str(operation.target), inspector),
            call=lambda values: ProgramCall(),
            in_worker=True,
            needs_values=False,
        )


def _sources(target: str, inspector: Inspector) -> tuple[Path, ...]:
    path = inspector.project_dir / target
    if inspector.is_file(path):
        return (path,)
    file = inspector.module_file(target)
    return () if file is None else (file,)
