"""A script's code, made by the runner, for the process that becomes the script.

The first compilation in a process takes one or two milliseconds, however short the source: it
makes the types of the syntax tree. The runner has them already.
"""

from __future__ import annotations

import marshal
import os
import sys
import threading
import warnings
from collections.abc import Mapping
from typing import Any

from hydra_sweep_runner.execute.script.boot import run as boot_run

#: What is longer is compiled in its own process, beside the other trials.
_MOST_BYTES = 16_384

# What is done about warnings is the same for all threads, and put back by each.
_compiling = threading.Lock()


def marshalled_code(
    path: str, flags: Mapping[str, Any] | None, environment: Mapping[str, str]
) -> bytes | None:
    """The code of the script at `path`, in which the assignments to `flags` take their values,
    for a process of this interpreter with this environment.

    None where that process had better make it itself: where Python has something to say about
    the source, which belongs into the trial's output, where it would compile it otherwise, and
    for a long one.
    """
    if sys.flags.optimize or environment.get("PYTHONOPTIMIZE"):
        return None
    try:
        if os.stat(path).st_size > _MOST_BYTES:  # noqa: PTH116 - for each trial
            return None
        with _compiling, warnings.catch_warnings():
            warnings.simplefilter("error")
            return marshal.dumps(boot_run.code_of(path, dict(flags) if flags else None))
    except (OSError, SyntaxError, ValueError, Warning, RecursionError, MemoryError):
        return None  # the process will find the same, and tell it
