"""The `runner` command: what it is given decides who carries it out; errors become exits.

Light to import: management commands get by without Hydra.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from typing import NoReturn

from runner.errors import RunnerError
from runner.render import escape

#: What the process ends with after a failure that is the runner's own fault.
EXIT_BUG = 70


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    sys.exit(run(sys.argv[1:]))


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
        from runner.commands.management import run_management

        return run_management(arguments)
    from runner.project_cli import run_project

    return run_project(arguments)


def is_management(word: str) -> bool:
    """Whether a first word is a management command: bare, so no option and no override."""
    return word.replace("-", "_").isidentifier() and not word.startswith("-")


def tell_error(error: RunnerError) -> int:
    """Print an error's line to standard error and return its exit status."""
    print(f"runner: {escape(' '.join(str(error).split()))}", file=sys.stderr)
    return error.exit_status


def tell_bug() -> int:
    """Keep the traceback of the exception at hand in a file, say where, and return 70."""
    handle, path = tempfile.mkstemp(prefix="runner-bug-", suffix=".txt", text=True)
    with os.fdopen(handle, "w") as file:
        traceback.print_exc(file=file)
    kind, value, _ = sys.exc_info()
    name = "error" if kind is None else kind.__name__
    said = escape(" ".join(str(value).split()))
    print(
        f"runner: this is a bug of the runner, not of yours ({name}: {said}); please report "
        f"it with {path}",
        file=sys.stderr,
    )
    return EXIT_BUG
