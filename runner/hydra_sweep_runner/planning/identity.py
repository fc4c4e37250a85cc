"""When two trials are the same: when they have the same identity, a digest of operation and flags.

An identity is the same on every machine, Python and library version, because it is computed from a
text that `operation.values.canonical` writes and not from a pickle. Which values are equal (1 and
1.0, two NaNs) is decided there.

The identity of a pipeline's trial also covers its inputs: for each input, its name, its path and
the upstream trial's identity; for a gather, its name, the gathered step, and `by` with its values,
but not its members. A trial without inputs has the identity of its operation run outside a
pipeline.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hydra_sweep_runner.model import Flags, Operation, Run, Value
from hydra_sweep_runner.operation.values import canonical


def trial_identity(operation: Operation, flags: Flags, repeat: int = 0) -> str:
    """The identity (64 hexadecimal digits) of a trial; equal trials have equal identities.

    `repeat` distinguishes trials with the same flags; 0 is the first, and leaves the
    identity as it is without repeats.

    The operation's name, kind and target are part of it. How flags reach a script and which
    files it requires are not.
    """
    target = operation.target
    operation_key: list[Value] = [
        operation.name,
        operation.kind,
        target if isinstance(target, str) else list(target),
    ]
    text = canonical(operation_key) + canonical(dict(flags))
    if repeat:
        text += f"repeat {repeat}"
    return _digest(text)


class InputKey(NamedTuple):
    """The part of an input that identity depends on.

    For a gather, `path` is None and `identity` comes from `gather_identity`.
    """

    name: str
    path: str | None
    identity: str


def step_identity(own: str, inputs: Iterable[InputKey]) -> str:
    """The identity of a pipeline's trial, from its inputs and `own`, the identity of its operation
    and flags.

    Without inputs it is `own` itself. The order of the inputs does not matter.
    """
    keys = list(inputs)
    step = StepIdentity((key.name, key.path) for key in keys)
    return step.of(own, [key.identity for key in keys])


class StepIdentity:
    """Computes the identities of a step's trials. The names and paths of the inputs are the same
    for all of them, so their part of the text is written once."""

    def __init__(self, inputs: Iterable[tuple[str, str | None]]) -> None:
        """`inputs` are names and paths as in `InputKey`."""
        texts = [(name, f"[{canonical(name)},{canonical(path)},") for name, path in inputs]
        order = sorted(range(len(texts)), key=lambda number: texts[number][0])
        self._texts = [(texts[number][1], number) for number in order]

    def of(self, own: str, identities: Sequence[str]) -> str:
        """`step_identity` of a trial whose inputs have these identities, in the order of the
        step's inputs."""
        if not self._texts:
            return own
        # Digits are canonical in quotes.
        taken = ",".join([f'{text}"{identities[n]}"]' for text, n in self._texts])
        return _digest(f'["{own}",[{taken}]]')


def gather_identity(step: str, by: Iterable[tuple[str, Value]] = ()) -> str:
    """The identity of a gather: `by` pairs flags (`STEP.FLAG`) with this gather's values."""
    divided: list[Value] = [[name, value] for name, value in by]
    return _digest(canonical([step, divided]))


def combination_identity(own_flags: str, steps: Iterable[str], repeat: int = 0) -> str:
    """The identity of a pipeline's combination; equal combinations have equal identities. It is no
    digest: nothing records it.

    `own_flags` is the canonical text of the pipeline's flags; `steps` are the identities of its
    composed steps.
    """
    return f"{own_flags} {' '.join(steps)} {repeat}"


def identity_of(run: Run) -> str:
    """The identity of a recorded run or trial, as recorded or else computed."""
    return run.identity or with_inputs(trial_identity(run.operation, run.flags, run.repeat), run)


def with_inputs(own: str, run: Run) -> str:
    """The identity of a run from its recorded inputs and `own`, the identity of its operation and
    flags."""
    keys = [
        InputKey(name, None if one.runs is not None else one.path, one.identity or "")
        for name, one in run.inputs.items()
    ]
    return step_identity(own, keys)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
