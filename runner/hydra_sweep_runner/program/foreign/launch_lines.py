"""Leaves out the line that Hydra's basic launcher prints above its jobs: a sweep of ours launches
them one by one, and it would stand above each."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_LAUNCHER = "hydra._internal.core_plugins.basic_launcher"
_LINE = "Launching 1 jobs locally"


@contextmanager
def launch_lines_left_out() -> Iterator[None]:
    """Inside the context, the basic launcher does not say that it launches one job; the job's own
    line with its overrides stays."""
    log = logging.getLogger(_LAUNCHER)
    log.addFilter(_is_other)
    try:
        yield
    finally:
        log.removeFilter(_is_other)


def _is_other(record: logging.LogRecord) -> bool:
    return record.getMessage() != _LINE
