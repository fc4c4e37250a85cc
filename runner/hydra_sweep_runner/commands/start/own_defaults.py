"""The values that a script itself gives its flags, as its source shows them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Operation, Value


def own_defaults(project_dir: Path, operation: Operation) -> Mapping[str, Value]:
    """The defaults by the flags' names; none of an operation that is no script, or of a script that
    cannot be read, which is told where it is checked."""
    if operation.kind != "script" or not isinstance(operation.target, str):
        return {}
    from hydra_sweep_runner.execute.script.flags import resolve_flags_to
    from hydra_sweep_runner.execute.script.flags_and_defaults import find_declared

    path = project_dir / operation.target
    with suppress(OSError, SyntaxError, Mistake):
        return find_declared(path.read_bytes(), resolve_flags_to(path, operation.flags_to)).flags
    return {}
