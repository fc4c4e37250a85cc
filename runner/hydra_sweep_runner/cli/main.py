"""The `runner` command: what it is given decides who carries it out; errors become exits.

Light to import: management commands get by without Hydra.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

from hydra_sweep_runner.errors import RunnerError
from hydra_sweep_runner.terminal.console import tell_bug, tell_error


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    status = run(sys.argv[1:])
    # Python would look for garbage in all that Hydra has made, a tenth of a short run's time.
    gc.freeze()
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Carry out a command line and return its exit status; errors are told in one line."""
    try:
        return _dispatch(arguments)
    except RunnerError as error:
        return tell_error(error)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output is gone: leave nothing to be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception:
        return tell_bug()


def _dispatch(arguments: list[str]) -> int:
    if arguments and is_management(arguments[0]):
        from hydra_sweep_runner.cli.management import run_management

        return run_management(arguments)
    from hydra_sweep_runner.cli.project import run_project

    return run_project(arguments)


def is_management(word: str) -> bool:
    """Whether a first word is a management command: bare, so no option and no override."""
    return word.replace("-", "_").isidentifier() and not word.startswith("-")
