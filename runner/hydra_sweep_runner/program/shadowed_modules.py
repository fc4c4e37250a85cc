"""Libraries that a sweep needs, and that a module of the program's hides by its name."""

from __future__ import annotations

import sys
from pathlib import Path

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.terminal.console import tell_error

#: What every sweep imports beside Python and Hydra.
NEEDED = ("cloudpickle", "msgspec")


def refuse_hidden_libraries() -> None:
    """End the process with a line that names the file in the way, if there is one: the
    program's own folder stands first on `sys.path`. To be called before anything else."""
    hidden = hiding_file(Path(sys.path[0] or "."))
    if hidden is not None:
        mistake = Mistake(
            f"{hidden} has the name of a library that hydra/sweeper=runner needs, and hides it: "
            "rename it"
        )
        raise SystemExit(tell_error(mistake))


def hiding_file(folder: Path) -> Path | None:
    """The module in a folder that hides a library; None if there is none."""
    for name in NEEDED:
        for path in (folder / f"{name}.py", folder / name / "__init__.py"):
            if path.is_file():
                return path
    return None
