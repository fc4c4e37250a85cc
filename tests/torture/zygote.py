"""A process that has imported the runner and forks a `runner` for each command, at once.

`Zygote` is the side of the tests. What is forked is a process group of its own, does what
the command `runner` does, and ends.
"""

from __future__ import annotations

import ctypes
import json
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.scenarios.preloaded import preload
from tests.torture.instrument import Fault, Instrument

ROOT = Path(__file__).parents[2]
#: Names the command to what it executes.
MARK = "TORTURE_MARK"
_PR_SET_CHILD_SUBREAPER = 36
#: How long processes may outlive their runner, and how long a command may take.
_LEFT_S = 6.0
_MOST_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended. `left` are processes of it that were still there seconds later."""

    status: int
    out: str
    err: str
    points: int
    left: list[int]

    @property
    def said(self) -> list[str]:
        """The lines on standard error."""
        return self.err.splitlines()


class Zygote:
    """The process, and the commands that it starts, one at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.torture.zygote"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def run(self, words: Iterable[str], **more: Any) -> Ended:
        """Run a command to its end."""
        self.start(words, **more)
        return self.wait()

    def start(
        self,
        words: Iterable[str],
        *,
        folder: Path,
        fault: Fault | None = None,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
        program: str | None = None,
        watched: Path | None = None,
    ) -> int:
        """Start a command in a folder; its pid, which is its process group's, too.

        A fault or a log are of the changes below `watched`. A `program` is a file to be run in
        place of `runner`.
        """
        self._number += 1
        self._out = self._folder / f"{self._number}.out"
        request = {
            "words": list(words),
            "folder": str(folder),
            "out": str(self._out),
            "fault": None if fault is None else asdict(fault),
            "log": None if log is None else str(log),
            "environment": {**os.environ, **(environment or {})},
            "program": program,
            "watched": str(folder / "runs" if watched is None else watched),
        }
        return int(self._ask(request)["pid"])

    def wait(self) -> Ended:
        """Wait until the command has ended, and its processes if they do."""
        told = self._ask("wait")
        out, err = self._out, self._out.with_suffix(".err")
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in (out, err)]
        out.unlink()
        err.unlink()
        return Ended(out=texts[0], err=texts[1], **told)

    def _ask(self, request: object) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert isinstance(answer, dict)
        return answer


class _Server:
    """The zygote's own side."""

    def __init__(self) -> None:
        self._pid = 0
        self._mark = ""
        self._instrument: Instrument | None = None

    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        self._mark = f"{os.getpid()}-{time.monotonic_ns()}"
        fault, log = request["fault"], request["log"]
        self._instrument = None
        if fault is not None or log is not None:
            self._instrument = Instrument(
                Path(request["watched"]),
                Fault(**(fault or {})),
                None if log is None else Path(log),
            )
        self._pid = os.fork()
        if not self._pid:
            try:
                os._exit(_be_runner(request, self._mark, self._instrument))
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(99)
        return {"pid": self._pid}

    def wait(self) -> dict[str, Any]:
        last = time.monotonic() + _MOST_S
        status = None
        while status is None:
            pid, ended = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                status = os.waitstatus_to_exitcode(ended)
            elif time.monotonic() > last:
                os.kill(self._pid, 9)
            else:
                time.sleep(0.002)
        return {
            "status": status,
            "points": self._instrument.points if self._instrument else 0,
            "left": self._wait_for_rest(),
        }

    def _wait_for_rest(self) -> list[int]:
        last = time.monotonic() + _LEFT_S
        pause_s = 0.002
        while True:
            _reap()
            # What is forked is not marked in /proc: it has the zygote's first environment.
            forked = [] if self._instrument is None else self._instrument.pids
            left = [pid for pid in forked if _is_alive(pid)] or _marked(self._mark)
            if not left or time.monotonic() > last:
                return left
            time.sleep(pause_s)
            pause_s = min(0.1, 2 * pause_s)


def _be_runner(request: dict[str, Any], mark: str, instrument: Instrument | None) -> int:
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    out = os.open(request["out"], os.O_WRONLY | os.O_CREAT, 0o600)
    err = os.open(request["out"].removesuffix(".out") + ".err", os.O_WRONLY | os.O_CREAT, 0o600)
    for number, fd in enumerate((null, out, err)):
        os.dup2(fd, number)
        os.close(fd)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"], **{MARK: mark})
    if instrument is not None:
        from hydra_sweep_runner.store import disk

        instrument.install()
        instrument.count(disk, "sync_file_system", "syncfs")  # a call that Python has not
    try:
        return _carry_out(request["words"], request["program"])
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _carry_out(words: list[str], program: str | None) -> int:
    if program is None:
        from hydra_sweep_runner.cli import main as cli_main

        return cli_main.run(words)
    sys.argv = [program, *words]
    sys.path.insert(0, str(Path.cwd()))
    runpy.run_path(program, run_name="__main__")
    return 0


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def _marked(mark: str) -> list[int]:
    """The processes that were executed with the mark in their environment."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdecimal():
            try:
                environment = Path(f"/proc/{name}/environ").read_bytes()
            except OSError:
                continue
            if wanted in environment.split(b"\0") and _is_alive(int(name)):
                found.append(int(name))
    return found


def _main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    preload()
    server = _Server()
    for line in sys.stdin:
        request = json.loads(line)
        answer = server.wait() if request == "wait" else server.start(request)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    _main()
