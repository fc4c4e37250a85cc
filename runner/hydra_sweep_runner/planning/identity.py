"""When two trials are the same: a digest of operation and flags.

The digest is the same on every machine, Python and library version, which is why it is made
from a text of our own (`operation.values.canonical`) and not from a pickle.
"""

from __future__ import annotations

import hashlib

from hydra_sweep_runner.model import Flags, Operation, Run, Value
from hydra_sweep_runner.operation.values import canonical


def identity(operation: Operation, flags: Flags, repeat: int = 0) -> str:
    """The digest (64 hexadecimal digits) that the same trials share.

    `repeat` tells apart trials with the same flags; 0 is the same as none.

    Of the operation count its name, its kind and its target; how flags reach a script, and
    the files that it requires, do not make it another operation.
    """
    target = operation.target
    what: list[Value] = [
        operation.name,
        operation.kind,
        target if isinstance(target, str) else list(target),
    ]
    text = canonical(what) + canonical(dict(flags))
    if repeat:
        text += f"repeat {repeat}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def identity_of(run: Run) -> str:
    """The digest of a recorded run or trial."""
    return run.identity or identity(run.operation, run.flags, run.repeat)
