"""Tracebacks of a program's own errors, without Hydra's frames above them."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

import hydra

_HYDRA = str(Path(hydra.__file__).parent)
_RUNNER = str(Path(__file__).parents[2])


def own_frames(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame on that belongs neither to Hydra nor to the runner; all of
    it if there is none."""
    found = trace
    while found is not None and found.tb_frame.f_code.co_filename.startswith((_HYDRA, _RUNNER)):
        found = found.tb_next
    return found or trace


def format_failure(error: BaseException) -> str:
    """The traceback as Python prints it, from the program's own first frame on."""
    lines = traceback.format_exception(type(error), error, own_frames(error.__traceback__))
    return "".join(lines)
