"""The `runner` command: dispatches command lines, and maps errors to exit statuses.

Light to import: management commands do not need Hydra.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.system.garbage import no_garbage
from hydra_sweep_runner.terminal.console import report_end
from hydra_sweep_runner.terminal.streams import escape_unencodable, open_missing_streams


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    open_missing_streams()
    escape_unencodable()
    arguments = sys.argv[1:]
    status = run(arguments)
    # Collecting garbage among Hydra's objects would take a tenth of a short run's time.
    gc.freeze()
    # With PYTHONINSPECT a prompt would follow and set the exit status. What looks at a store runs
    # none of a project's code that could wait for Python's own end, which takes 4 ms.
    if sys.flags.inspect or (arguments and is_management(arguments[0])):
        _leave(status)
    sys.exit(status)


def _leave(status: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


def run(arguments: list[str]) -> int:
    """Carry out a command line and return its exit status; an error is printed as one line."""
    try:
        exit_status = _dispatch(arguments)
        sys.stdout.flush()  # an error must not wait for Python's exit, which has its own status
        return exit_status
    except (KeyboardInterrupt, Exception) as error:
        return report_end(error)


def _dispatch(arguments: list[str]) -> int:
    _check_folder()
    arguments = _help_of_command(arguments)
    if arguments and is_management(arguments[0]):
        from hydra_sweep_runner.cli.management import run_management

        return run_management(arguments)
    with no_garbage():
        from hydra_sweep_runner.cli.project import run_project

        gc.freeze()  # modules stay, and looking for garbage among them takes long
    return run_project(arguments)


def _help_of_command(arguments: list[str]) -> list[str]:
    """`runner --help compare` as it is meant, `runner compare --help`; other words as they are."""
    if len(arguments) > 1 and arguments[0] in ("--help", "-h") and is_management(arguments[1]):
        return [*arguments[1:], "--help"]
    return arguments


def _check_folder() -> None:
    """Raise Mistake if the current folder was removed, or is not accessible."""
    try:
        os.getcwd()  # noqa: PTH109 - pathlib is not needed by then
    except OSError as error:
        raise Mistake(
            f"the current folder is gone ({error.strerror}): change to one that is there"
        ) from error


def is_management(word: str) -> bool:
    """Whether the first word is a management command: a bare word, neither an option nor an
    override."""
    return word.replace("-", "_").isidentifier() and not word.startswith("-")
