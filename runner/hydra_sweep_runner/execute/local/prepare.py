"""What is done for a script or a command while it waits for its turn.

Between the end of a trial and the start of the next one nothing else is done that could have
been done before.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from hydra_sweep_runner.errors import RunnerError
from hydra_sweep_runner.execute.script.compiled import marshalled_code
from hydra_sweep_runner.execute.task import Task
from hydra_sweep_runner.model import FlagsTo, Status
from hydra_sweep_runner.operation.call import CommandCall, ScriptCall
from hydra_sweep_runner.store.runs import RunStore

#: What a file is known by: change time in ns, inode, size.
_Stamp = tuple[int, int, int]


class Ahead:
    """What was done ahead, by the run's id, until it starts. For one thread.

    Scripts are compiled here, which for a moment changes how this process deals with warnings.
    """

    def __init__(self, store: RunStore, environment: Mapping[str, str]) -> None:
        """The trials' environment is based on `environment`."""
        self._store = store
        self._environment = environment
        self._with_files: set[str] = set()
        self._codes: dict[str, tuple[_Stamp | None, bytes | None]] = {}

    def prepare(self, task: Task) -> None:
        """Write the task's configuration into the run's folder if it has never started, and
        make the code of its script unless that will be forked. What cannot be done now, its
        start will do, or tell."""
        if not isinstance(task.call, (ScriptCall, CommandCall)):
            return
        if task.run.state.status is Status.PENDING:
            with suppress(OSError, RunnerError):
                task.config.write_files(Path(self._store.folder(task.run.id)))
                self._with_files.add(task.run.id)
        if isinstance(task.call, ScriptCall) and not task.call.preload:
            stamp = _stamp(task.call.path)
            code = _compile(task.call, {**self._environment, **task.environment})
            self._codes[task.run.id] = (stamp, code)

    def has_files(self, run_id: str) -> bool:
        """Whether a run's configuration has been written, which is asked once."""
        has_them = run_id in self._with_files
        self._with_files.discard(run_id)
        return has_them

    def code(self, run_id: str, call: ScriptCall, environment: Mapping[str, str]) -> bytes | None:
        """A script's code, as `marshalled_code` has it, of the script as it is now."""
        stamp, code = self._codes.pop(run_id, (None, None))
        if stamp is not None and stamp == _stamp(call.path):
            return code
        return _compile(call, environment)


def _compile(call: ScriptCall, environment: Mapping[str, str]) -> bytes | None:
    flags = call.flags if call.flags_to is FlagsTo.GLOBALS else None
    return marshalled_code(call.path, flags, environment)


def _stamp(path: str) -> _Stamp | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - for each trial
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
