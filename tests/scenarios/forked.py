"""Commands carried out by forks of one process that has imported the runner already.

What a command does is the same as in a process of its own, its exit status and its streams
included, but a table of hundreds of commands is done in seconds. `python -m
tests.scenarios.forked` is that process: a request a line on its standard input, an answer a
line on its standard output.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.scenarios.project import Project, Result

ROOT = Path(__file__).parents[2]


class Forks:
    """The process that forks, from here. A context manager; one command at a time."""

    def __enter__(self) -> Forks:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.scenarios.forked"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def run(self, project: Project, words: Sequence[str], **environment: str) -> Result:
        """Run a command in a project to its end, whatever that is."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {
            "words": list(words),
            "folder": str(project.folder),
            "environment": {**os.environ, **project.environment, **environment},
        }
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Result(**json.loads(self._process.stdout.readline()))


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            _become(request, out.fileno(), err.fileno())
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
    from runner import cli

    status: int | str | None = None
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ
        sys.argv = ["runner", *request["words"]]
        cli.main()
    except SystemExit as ended:
        status = ended.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


def _serve() -> None:
    from hydra.core.plugins import Plugins

    import runner.commands.management
    import runner.project_cli  # noqa: F401
    from runner.compose.grammar import parse_override

    Plugins.instance()
    parse_override("x=1,2")

    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    for line in requests:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    _serve()
