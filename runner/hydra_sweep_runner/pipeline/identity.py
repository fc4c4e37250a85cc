"""When two trials of a pipeline's steps are the same.

For a step's trial count its operation, its flags, and for each input its name, its path and the
upstream trial's identity; of a gather the step gathered, `by` and its values, not its members.
A trial without inputs and gathers is the same as its operation run on its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from hydra_sweep_runner.model import Value
from hydra_sweep_runner.operation.values import canonical


@dataclass(frozen=True)
class InputKey:
    """What counts of an input; `identity` is the upstream trial's."""

    name: str
    path: str
    identity: str


@dataclass(frozen=True)
class GatherKey:
    """What counts of a gather; `by` maps flags (`STEP.FLAG`) to their values."""

    name: str
    step: str
    by: tuple[tuple[str, Value], ...] = ()


def step_identity(
    digest: str, inputs: Iterable[InputKey] = (), gathers: Iterable[GatherKey] = ()
) -> str:
    """The digest (64 hexadecimal digits) that the same trials share.

    `digest` is that of operation and flags (`planning.identity`), and is what comes back where
    there are neither inputs nor gathers. The order of inputs and gathers does not count.
    """
    taken: list[Value] = [
        [one.name, one.path, one.identity] for one in sorted(inputs, key=lambda one: one.name)
    ]
    gathered: list[Value] = [
        [one.name, one.step, [[name, value] for name, value in one.by]]
        for one in sorted(gathers, key=lambda one: one.name)
    ]
    if not taken and not gathered:
        return digest
    text = canonical([digest, taken, gathered])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
