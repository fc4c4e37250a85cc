"""Finds the file that the logging of a Hydra job writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf.errors import OmegaConfBaseException


def log_file(job_logging: Mapping[str, Any] | None, output_dir: Path) -> str | None:
    """The file of the first handler in `hydra.job_logging` that writes one, relative to the output
    folder if inside it; None if no handler writes a file.

    Handlers are those of `logging.config.dictConfig`; a relative name is relative to the present
    working folder, in which Hydra has opened the file.
    """
    handlers = (job_logging or {}).get("handlers") or {}
    for name in handlers:
        try:
            file = handlers[name].get("filename")
        except (AttributeError, OmegaConfBaseException):
            continue  # the job's logging has been configured without it
        if isinstance(file, str) and file:
            path = Path.cwd() / file
            return str(path.relative_to(output_dir) if path.is_relative_to(output_dir) else path)
    return None
