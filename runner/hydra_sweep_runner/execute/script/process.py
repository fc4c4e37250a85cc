"""The arguments and variables of the process that becomes a script (`boot`), and the files that
this process and the runner exchange in the run's folder."""

from __future__ import annotations

import marshal
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from hydra_sweep_runner.errors import StoreFailed
from hydra_sweep_runner.execute.script.boot import main as boot_main
from hydra_sweep_runner.execute.script.boot import run as boot_run
from hydra_sweep_runner.model import Value
from hydra_sweep_runner.operation.call import ScriptCall
from hydra_sweep_runner.store import disk, layout

#: All variables that a script's process may be given.
VARIABLES = (boot_run.SCRIPT, boot_run.FLAGS, boot_run.CODE)

# Linux limits a string of the environment to 128 KiB.
_MOST_IN_VARIABLE = 100_000


def arguments(call: ScriptCall) -> list[str]:
    """The interpreter, the file that becomes the script, the script and its own arguments."""
    return [sys.executable, boot_main.__file__, call.path, *call.arguments]


def variables(call: ScriptCall, environment: Mapping[str, str], run_dir: Path) -> dict[str, str]:
    """The variables for a script that takes its flags as globals; `environment` holds the others.
    Raises StoreFailed."""
    for name in (layout.FLAGS, layout.IMPORTS, layout.EXIT):
        _remove(f"{run_dir}/{name}")  # left by an attempt that was killed together with its runner
    if not call.flags:
        return {}
    from hydra_sweep_runner.execute.script.compiled import compiled  # for scripts alone
    from hydra_sweep_runner.execute.script.flags import identifier

    flags = {identifier(name): value for name, value in call.flags.items()}
    given = {boot_run.SCRIPT: call.path, boot_run.FLAGS: _flags_text(flags, run_dir)}
    code = compiled(call.path, flags, environment)
    if code is not None and 2 * len(code) <= _MOST_IN_VARIABLE:
        given[boot_run.CODE] = code.hex()
    return given


def _flags_text(flags: Mapping[str, Value], run_dir: Path) -> str:
    """The text of the variable with a script's flags: the flags themselves, or `@` and the path of
    a file with them. The file holds real values, so only this user can read it."""
    data = marshal.dumps(dict(flags))
    if 2 * len(data) <= _MOST_IN_VARIABLE:
        return data.hex()
    path = run_dir / layout.FLAGS
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "wb") as opened:
            opened.write(data)
    except OSError as error:
        raise StoreFailed(f"cannot write {path}: {error.strerror}") from error
    return f"@{os.fspath(path)}"


@contextmanager
def flags_removed(environment: Mapping[str, str]) -> Iterator[None]:
    """Remove the file with a script's flags, if its environment names one, at the end of the
    context. Raises StoreFailed."""
    text = environment.get(boot_run.FLAGS, "")
    try:
        yield
    except BaseException:
        if text.startswith("@"):
            with suppress(StoreFailed):  # the error that is being raised matters more
                _remove(text[1:])
        raise
    if text.startswith("@"):
        _remove(text[1:])


def take_imports(run_dir: Path) -> list[tuple[str, bool]]:
    """The imports that a script noted in its run's folder at its end (`boot.imported`); the note is
    removed. Empty if there is no readable note: a script that has imported nothing makes none."""
    path = f"{run_dir}/{layout.IMPORTS}"
    try:
        found: list[tuple[str, bool]] = marshal.loads(disk.read(path))
        os.unlink(path)  # noqa: PTH108 (for each trial)
    except (OSError, ValueError, EOFError, TypeError):
        return []
    return found


def take_exit_text(run_dir: Path) -> str:
    """The text that a script gave to `sys.exit`, which it noted in its run's folder; the note is
    removed. Empty if there is no readable note."""
    path = run_dir / layout.EXIT
    try:
        text = path.read_bytes().decode("utf-8", "replace")
        path.unlink()
    except OSError:
        return ""
    return text


def _remove(path: str) -> None:
    try:
        os.unlink(path)  # noqa: PTH108 (for each trial)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreFailed(f"cannot remove {path}: {error.strerror}") from error
