"""When two trials are the same: a digest of operation and flags.

The digest is the same on every machine, Python and library version, which is why it is made
from a text of our own (`operation.values.canonical`) and not from a pickle.

For a pipeline's trial count, beside its operation and flags, what it takes from others: of an
input its name, its path and the upstream trial's identity; of a gather its name, the step
gathered, `by` and its values, not its members. A trial without inputs is the same as its
operation run on its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

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
    return _digest(text)


class InputKey(NamedTuple):
    """What counts of an input: `identity` is the upstream trial's, or what `gather_identity`
    says of a gather, whose `path` is None."""

    name: str
    path: str | None
    identity: str


def step_identity(digest: str, inputs: Iterable[InputKey]) -> str:
    """The digest that the same trials of a pipeline's steps share.

    `digest` is that of operation and flags, and is what comes back where there are no inputs.
    The order of inputs does not count.
    """
    taken = [
        f"{_place_key(one.name, one.path)}{canonical(one.identity)}]"
        for one in sorted(inputs, key=_name)
    ]
    return _digest(f"[{canonical(digest)},[{','.join(taken)}]]") if taken else digest


_name = attrgetter("name")


@lru_cache(maxsize=1024)
def _place_key(name: str, path: str | None) -> str:
    """What an input of that name and path has in the text before its upstream's identity."""
    return f"[{canonical(name)},{canonical(path)},"


def gather_identity(step: str, by: Iterable[tuple[str, Value]] = ()) -> str:
    """The digest of a gather: `by` maps flags (`STEP.FLAG`) to the values that it stands for."""
    divided: list[Value] = [[name, value] for name, value in by]
    return _digest(canonical([step, divided]))


def combination_identity(own: str, digests: Iterable[str], repeat: int = 0) -> str:
    """The digest that the same combinations of a pipeline share: `own` is the canonical text of
    the pipeline's flags, `digests` are of what each of its steps is composed to."""
    return _digest(f"{own} {' '.join(digests)} {repeat}")


def identity_of(run: Run) -> str:
    """The digest of a recorded run or trial."""
    return run.identity or with_inputs(identity(run.operation, run.flags, run.repeat), run)


def with_inputs(digest: str, run: Run) -> str:
    """The digest of a run whose operation and flags have this one, and whose inputs are what
    its record says."""
    keys = [
        InputKey(name, None if one.runs is not None else one.path, one.identity or "")
        for name, one in run.inputs.items()
    ]
    return step_identity(digest, keys)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
