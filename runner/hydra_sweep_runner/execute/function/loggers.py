"""Restores Python's logging after each trial."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple


class _Logger(NamedTuple):
    level: int
    propagate: bool
    disabled: bool
    handlers: tuple[logging.Handler, ...]
    filters: tuple[Any, ...]

    @classmethod
    def of(cls, logger: logging.Logger) -> _Logger:
        return cls(
            logger.level,
            logger.propagate,
            logger.disabled,
            tuple(logger.handlers),
            tuple(logger.filters),
        )


_NEW = _Logger(logging.NOTSET, True, False, (), ())


class Loggers:
    """The state of all loggers when this is made, except the root's handlers and level, which are
    set for each job."""

    def __init__(self) -> None:
        self._known = {name: _Logger.of(logger) for name, logger in _loggers()}
        self._disabled = logging.root.manager.disable
        self._filters = tuple(logging.root.filters)
        self._class = logging.getLoggerClass()

    def put_back(self) -> None:
        """Restore the loggers. Added handlers are closed; a logger created since is reset."""
        if logging.root.manager.disable != self._disabled:
            logging.disable(self._disabled)
        if logging.getLoggerClass() is not self._class:
            logging.setLoggerClass(self._class)
        if tuple(logging.root.filters) != self._filters:
            logging.root.filters[:] = self._filters
        for name, logger in _loggers():
            before = self._known.get(name, _NEW)
            if _Logger.of(logger) != before:
                _restore(logger, before)


def _loggers() -> list[tuple[str, logging.Logger]]:
    known = logging.root.manager.loggerDict
    return [(name, one) for name, one in known.items() if isinstance(one, logging.Logger)]


def _restore(logger: logging.Logger, before: _Logger) -> None:
    for handler in set(logger.handlers) - set(before.handlers):
        handler.close()
    logger.handlers[:] = before.handlers
    logger.filters[:] = before.filters
    logger.propagate, logger.disabled = before.propagate, before.disabled
    if logger.level != before.level:
        logger.setLevel(before.level)
