"""Commands carried out by forks of one process that has imported the runner already.

What a command does is the same as in a process of its own, its exit status and its streams
included, but without the start of Python, which is most of what a short command costs.
`python -m tests.scenarios.forked [LIBRARY]` is that process: a request a line on its standard
input, an answer a line on its standard output.
"""

from __future__ import annotations

import faulthandler
import functools
import json
import os
import re
import runpy
import shlex
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.scenarios.preloaded import preload

ROOT = Path(__file__).parents[2]

TIMEOUT_S = 120.0

#: How a word begins that makes a command, and those after it in its folder, need a large library.
_NEEDS = {
    "hydra.launcher.backend=": "distributed",
    **{f"+optimizer={name}": "optuna" for name in ("tpe", "cmaes", "qmc", "nsga")},
}
#: The library that commands in a folder have needed.
_needed: dict[Path, str] = {}

#: What bash would do something about, outside of single quotes.
_QUOTED = re.compile(r"'[^']*'")
_FOR_BASH = re.compile(r"[|&;<>$`*?~#\\\n]")


@dataclass(frozen=True)
class Result:
    """How a process ended and what it wrote to each of its two streams."""

    returncode: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines on standard output."""
        return self.out.splitlines()

    @property
    def said(self) -> list[str]:
        """The lines on standard error."""
        return self.err.splitlines()


def run_forked(
    words: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    what: Literal["runner", "script"] = "runner",
    merged: bool = False,
) -> Result:
    """Run `runner` with these words to its end, whatever that is; or the script that the first
    of them names, without warnings. With `merged`, both streams are in `out`, in the order of
    writing. What changes how Python itself starts cannot be in the environment."""
    for start, library in _NEEDS.items():
        if any(word.startswith(start) for word in words):
            _needed[folder] = library
    server = _server(_needed.get(folder))
    assert server.stdin is not None
    assert server.stdout is not None
    request = {
        "what": what,
        "words": list(words),
        "folder": str(folder),
        "environment": dict(environment),
        "merged": merged,
        "umask": _umask(),
    }
    server.stdin.write(json.dumps(request) + "\n")
    server.stdin.flush()
    return Result(**json.loads(server.stdout.readline()))


def run_typed(
    line: str, folder: Path, environment: Mapping[str, str], *, merged: bool = False
) -> Result | None:
    """Run a line as bash would, if it is nothing but `runner` or `python SCRIPT` and their words,
    else None: the others are for bash itself."""
    if _FOR_BASH.search(_QUOTED.sub("", line)):
        return None
    words = shlex.split(line)
    if words[:1] == ["runner"]:
        return run_forked(words[1:], folder, environment, merged=merged)
    if words[:3] == ["python", "-W", "ignore"]:
        words[1:3] = []
    if words[:1] == ["python"] and words[1:] and words[1].endswith(".py"):
        return run_forked(words[1:], folder, environment, what="script", merged=merged)
    return None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@functools.cache
def _server(library: str | None) -> subprocess.Popen[str]:
    """The process that forks, one for those that need a library and one for all others. It ends
    with this one, when its standard input does."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.scenarios.forked", *([library] if library else [])],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            _become(request, out.fileno(), out.fileno() if request["merged"] else err.fileno())
        _, ended = os.waitpid(child, 0)
        return {
            "returncode": os.waitstatus_to_exitcode(ended),
            "out": _text(out.fileno()),
            "err": _text(err.fileno()),
        }


def _text(descriptor: int) -> str:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")


def _become(request: Mapping[str, Any], out: int, err: int) -> None:
    """Be the command, in this child, to its end."""
    status: int | str | None = None
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.environ.clear()
        os.environ.update(request["environment"])
        tempfile.tempdir = None  # it may be another one
        os.chdir(request["folder"])
        sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ
        faulthandler.dump_traceback_later(TIMEOUT_S, exit=True)
        os.umask(request["umask"])
        _CALLS[request["what"]](request["words"])
        status = 0
    except SystemExit as ended:
        status = ended.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


def _runner(words: list[str]) -> None:
    from hydra_sweep_runner.cli import main as cli_main

    sys.argv = ["runner", *words]
    cli_main.main()


def _script(words: list[str]) -> None:
    warnings.simplefilter("ignore")
    sys.argv = words
    sys.path[0] = str(Path.cwd())
    try:
        runpy.run_path(words[0], run_name="__main__")
    except Exception:
        traceback.print_exc()
        sys.exit(1)


_CALLS: Mapping[str, Callable[[list[str]], None]] = {"runner": _runner, "script": _script}


def _serve() -> None:
    preload(sys.argv[1:])
    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    for line in requests:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    _serve()
