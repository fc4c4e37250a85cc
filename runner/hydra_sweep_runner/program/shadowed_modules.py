"""Detects modules of the program that shadow libraries which a sweep needs."""

from __future__ import annotations

import sys
from pathlib import Path

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.terminal.console import report_error

#: The libraries that every sweep imports beside Python's and Hydra.
NEEDED = ("cloudpickle", "msgspec")


def refuse_hidden_libraries() -> None:
    """End the process with a line that names the shadowing file, if there is one: the program's own
    folder comes first on `sys.path`. Call this before importing anything else."""
    hidden = hiding_file(Path(sys.path[0] or "."))
    if hidden is not None:
        mistake = Mistake(
            f"{hidden} has the name of a library that hydra/sweeper=runner needs, and hides it: "
            "rename it"
        )
        raise SystemExit(report_error(mistake))


def hiding_file(folder: Path) -> Path | None:
    """The module in a folder that shadows a library; None if there is none."""
    for name in NEEDED:
        for path in (folder / f"{name}.py", folder / name / "__init__.py"):
            if path.is_file():
                return path
    return None
