"""Identifies the program of this process, and the command that continues its batches."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hydra_sweep_runner.commands.start.world import store_override
from hydra_sweep_runner.model import Operation
from hydra_sweep_runner.store import location


def identify_program(task_function: Callable[[Any], Any], folder: Path) -> Operation:
    """The program of a task function, as an operation.

    Its target is its script, relative to `folder` if inside it, or the module that was run or
    imported.
    """
    module = getattr(task_function, "__module__", None)
    main = sys.modules.get("__main__")
    if module in (None, "__main__"):
        spec = getattr(main, "__spec__", None)
        file = getattr(main, "__file__", None)
        if spec is None and file is not None:
            path = Path(file).resolve()
            target = path.relative_to(folder) if path.is_relative_to(folder) else path
            return _operation(path.name, str(target))
        module = "__main__" if spec is None else spec.name.removesuffix(".__main__")
    return _operation(str(module), str(module))


def program_dir() -> Path | None:
    """The folder of this process's program; None if it does not come from a file."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return None if file is None else Path(file).resolve().parent


def named_store(typed: str | None, environment: Mapping[str, str], in_yaml: str | None) -> bool:
    """Whether the user has named the store."""
    return any((typed, environment.get(location.STORE_VARIABLE), in_yaml))


def _operation(name: str, target: str) -> Operation:
    return Operation(name=name, kind="program", target=target)


def go_on_command(store: Path, project_dir: Path) -> str:
    """The command that restarts a batch of this process's program, up to the id. It names our
    sweeper, too, so that the experiment or default that chose it need not be given again."""
    words = [_program_words(), *_config_options(), "-m", "hydra/sweeper=runner"]
    return f"{' '.join([*words, *store_override(store, project_dir)])} +restart="


def typed_option(name: str) -> str | None:
    """The value of one of Hydra's options for the place of the configuration (`config-path`,
    `config-name`, `config-dir`) on this process's command line; None if it is not given."""
    return _place()[name]


def _place() -> dict[str, str | None]:
    """Hydra's options for the place of the configuration, as typed."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for short, name in (("-cp", "config-path"), ("-cn", "config-name"), ("-cd", "config-dir")):
        parser.add_argument(f"--{name}", short, dest=name)
    known, _ = parser.parse_known_args(sys.argv[1:])
    return vars(known)


def _config_options() -> Iterator[str]:
    for name, text in _place().items():
        if text is not None:
            yield shlex.quote(f"--{name}={text}")


def _program_words() -> str:
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if spec is not None:
        return f"python -m {spec.name.removesuffix('.__main__')}"
    script = sys.argv[0]
    if script.endswith(".py"):
        return f"python {shlex.quote(script)}"
    return shlex.quote(Path(script).name)
