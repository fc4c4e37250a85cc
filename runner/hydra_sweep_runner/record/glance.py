"""The parts of a run that lists, filters and comparisons use, read without the rest.

Most of a record is not needed there: the recipe, the process, the code. Reading these parts alone
takes a fifth of the time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from hydra_sweep_runner.model import Kind, Number, Run, Scalar, Status


class _Part(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Values in the order of their fields. They hold no cycles, so the garbage collector ignores
    them."""


class Named(_Part, frozen=True):
    """The used part of `model.Operation`."""

    name: str


class Times(_Part, frozen=True):
    """The used part of `model.State`."""

    status: Status
    initialized: datetime
    started: datetime | None
    stopped: datetime | None


class InputSource(_Part, frozen=True):
    """The used part of `model.Input`."""

    run: str | None
    runs: tuple[str, ...] | None
    step: str | None


class Reported(_Part, frozen=True):
    """All of `model.Scalar`."""

    first: Number
    last: Number
    min: Number | None
    max: Number | None
    count: int
    step: Number
    min_step: Number | None
    max_step: Number | None


class Glance(_Part, frozen=True):
    """The used part of `model.Run`; its fields have the same names and meanings."""

    id: str
    kind: Kind
    operation: Named
    flags: dict[str, Any]
    given: tuple[str, ...]
    random_seed: int | None
    generated_by: str | None
    label: str | None
    tags: tuple[str, ...]
    state: Times
    choices: dict[str, Any]
    step: str | None
    inputs: dict[str, InputSource]
    scalars: dict[str, Reported]
    repeat: int


#: The names of the parts; packs of versions with other names are not read.
FIELDS = tuple(
    f"{kind.__name__}.{name}"
    for kind in (Named, Times, InputSource, Reported, Glance)
    for name in kind.__struct_fields__
)

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[Glance | None]).decode


def glance_of(run: Run) -> Glance:
    """The parts of a run."""
    state = run.state
    return Glance(
        id=run.id,
        kind=run.kind,
        operation=Named(run.operation.name),
        flags={**run.flags},
        given=run.given,
        random_seed=run.random_seed,
        generated_by=run.generated_by,
        label=run.label,
        tags=run.tags,
        state=Times(state.status, state.initialized, state.started, state.stopped),
        choices={**run.choices},
        step=run.step,
        inputs={name: InputSource(one.run, one.runs, one.step) for name, one in run.inputs.items()},
        scalars={name: _reported(scalar) for name, scalar in run.scalars.items()},
        repeat=run.repeat,
    )


def _reported(it: Scalar) -> Reported:
    return Reported(it.first, it.last, it.min, it.max, it.count, it.step, it.min_step, it.max_step)


def pack_glances(glances: Iterable[Glance | None]) -> bytes:
    """Glances as bytes that `unpack_glances` reads. A glance that cannot be packed (it has an
    integer of more than 64 bits, or a lone surrogate) is stored as None."""
    return _pack([msgspec.Raw(_packed(glance)) for glance in glances])


def _packed(glance: Glance | None) -> bytes:
    try:
        return _pack(glance)
    except (OverflowError, UnicodeEncodeError, RecursionError):
        return _pack(None)


def unpack_glances(packed: bytes) -> list[Glance | None]:
    """The glances, in their order. Raises ValueError for bytes of any other form."""
    return _unpack(packed)
