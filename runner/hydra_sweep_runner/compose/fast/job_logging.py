"""Sets up logging (`hydra.job_logging`) for each job of a process.

Hydra configures logging from scratch for every job. Mostly only the log file's name differs from
one job to the next, so giving the handler another file is enough. This is done if the settings are
otherwise the same and logging is in the state in which the last job's setup left it.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any

from hydra.core.utils import configure_log
from omegaconf import DictConfig, OmegaConf

from hydra_sweep_runner.compose.fast.shared_settings import depends_on_marks_alone
from hydra_sweep_runner.compose.fast.templates import Marks
from hydra_sweep_runner.dataclass import dataclass


@dataclass(frozen=True, eq=False)
class LogSettings:
    """Logging settings that are the same for many jobs except for the names of log files.

    `config` is the resolved `hydra.job_logging` with marks in the file names. `marks` are the names
    of settings below `hydra`, each with the mark that stands for it. `files` are the handlers whose
    file names contain marks.
    """

    config: Mapping[str, Any]
    marks: Marks
    files: tuple[str, ...]

    def filled(self, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """The settings of one job, and its log files by handler."""
        files = {name: self._filename(name, settings) for name in self.files}
        handlers = dict(self.config.get("handlers", {}))
        for name, path in files.items():
            handlers[name] = {**handlers[name], "filename": path}
        return {**self.config, "handlers": handlers}, files

    def _filename(self, handler: str, settings: Mapping[str, Any]) -> str:
        text: str = self.config["handlers"][handler]["filename"]
        for name, mark in self.marks:
            text = text.replace(str(mark), str(settings[name]))
        return text


def find_log_settings(config: DictConfig, marks: Marks) -> LogSettings | None:
    """A configuration's logging settings, with the marks that `config` contains. None if they may
    depend on anything but the marks, or if marks occur anywhere but in file names."""
    hydra = config.hydra
    if hydra.verbose is not False or not depends_on_marks_alone(hydra, "job_logging", marks):
        return None
    plain: Any = OmegaConf.to_container(hydra.job_logging, resolve=True)
    if not isinstance(plain, dict) or plain.get("root") is None:
        return None
    handlers = plain.get("handlers") or {}
    files = tuple(
        name
        for name, handler in handlers.items()
        if handler.get("class") == "logging.FileHandler" and handler.keys().isdisjoint({"()", "."})
    )
    without = {name: {**handlers[name], "filename": ""} for name in files}
    rest = repr({**plain, "handlers": {**handlers, **without}})
    if "$" in repr(plain) or any(str(mark) in rest for _, mark in marks):
        return None
    for name in files:
        handlers[name].setdefault("delay", True)
    return LogSettings(plain, marks, files)


class _Logging:
    """The state in which the last job's setup left this process's logging."""

    def __init__(self) -> None:
        self._settings: LogSettings | None = None
        self._state: list[Any] = []

    def set_up(self, settings: LogSettings, of_job: Mapping[str, Any], *, empty: bool) -> None:
        """Configure logging for a job. Raises the errors of Hydra's `configure_log`."""
        config, files = settings.filled(of_job)
        if settings is not self._settings or self._state != _state():
            self._settings = None
            configure_log(OmegaConf.create(config))
            self._settings, self._state = settings, _state()
        for name, path in files.items():
            _move(logging._handlers[name], path, empty)  # type: ignore[attr-defined]


def _move(handler: Any, path: str, empty: bool) -> None:
    """Switch a FileHandler to another file, which is created at once if it may be empty."""
    handler.acquire()
    try:
        stream, handler.stream = handler.stream, None
        if stream is not None:
            stream.close()
        handler.baseFilename = os.path.abspath(path)  # noqa: PTH100 - as logging has it
        if empty:
            handler.stream = handler._open()
    finally:
        handler.release()


def _state() -> list[Any]:
    """The state of logging, as far as settings and jobs are likely to change it. A logger in its
    initial state counts as missing."""
    root = logging.root
    state: list[Any] = [root.level, root.disabled, root.manager.disable, sys.stdout, sys.stderr]
    state += [(each, each.level, each.formatter, *each.filters) for each in root.handlers]
    for logger in root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            plain = logger.propagate and not logger.disabled and not logger.handlers
            if not plain or logger.level or logger.filters:
                of_logger = (logger.level, logger.disabled, logger.propagate, *logger.filters)
                state.append((logger, *of_logger, *logger.handlers))
    return [*state, list(logging._handlers)]  # type: ignore[attr-defined]


_logging = _Logging()


def set_up_logging(
    settings: LogSettings, of_job: Mapping[str, Any], *, empty: bool = False
) -> None:
    """Configure this process's logging for a job with these settings below `hydra`.

    With `empty` the log files are created at once, as Hydra does.
    """
    _logging.set_up(settings, of_job, empty=empty)
