"""Compiles a script with its flags for the process that becomes the script.

To put values into a syntax tree, Python first makes the tree's types: more than a millisecond in
each new process, however short the script. The runner's process has them already.
"""

from __future__ import annotations

import marshal
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from hydra_sweep_runner.execute.script.boot.tree import code_with_values
from hydra_sweep_runner.model import Value

#: A longer script is compiled in its own process, so that other trials need not wait for it.
_MOST_BYTES = 16_384

# Variables with which Python compiles otherwise.
_OTHER_CODE = ("PYTHONOPTIMIZE", "PYTHONNODEBUGRANGES")

_filters = Lock()  # on a cluster, threads compile scripts at the same time


def compiled(path: str, flags: Mapping[str, Value], environment: Mapping[str, str]) -> bytes | None:
    """The marshalled code of a script with its flags' values (`boot.tree`), for a process of this
    interpreter that starts with `environment`.

    None if that process has to compile the script by itself: if Python warns about the source or
    refuses it, which belongs in the trial's output, if it compiles otherwise there, or if the
    script is long.
    """
    if sys.flags.optimize or any(environment.get(name) for name in _OTHER_CODE):
        return None
    try:
        with Path(path).open("rb") as file:
            source = file.read(_MOST_BYTES + 1)
        if len(source) > _MOST_BYTES:
            return None
        with _filters, warnings.catch_warnings():
            warnings.simplefilter("error")
            return marshal.dumps(code_with_values(source, path, dict(flags)))
    except (OSError, SyntaxError, ValueError, Warning, RecursionError, MemoryError):
        return None
