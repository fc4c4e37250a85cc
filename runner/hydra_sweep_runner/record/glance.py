"""The parts of a run that lists, filters and comparisons look at, read without the rest.

A record is mostly what they never ask for: how its configuration was composed, its process,
its code. To read these parts alone takes a fifth of the time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from hydra_sweep_runner.model import Kind, Number, Status


class Named(msgspec.Struct, frozen=True, gc=False):
    """The part of `model.Operation`."""

    name: str


class Times(msgspec.Struct, frozen=True, gc=False):
    """The part of `model.State`."""

    status: Status
    initialized: datetime
    started: datetime | None = None
    stopped: datetime | None = None


class Source(msgspec.Struct, frozen=True, gc=False):
    """The part of `model.Input`."""

    run: str | None = None
    runs: tuple[str, ...] | None = None


class Reported(msgspec.Struct, frozen=True, gc=False):
    """All of `model.Scalar`."""

    first: Number
    last: Number
    min: Number | None
    max: Number | None
    count: int
    step: Number
    min_step: Number | None
    max_step: Number | None


class Glance(msgspec.Struct, frozen=True, gc=False):
    """The part of `model.Run`; its fields are called as there, and mean the same."""

    id: str
    kind: Kind
    operation: Named
    flags: dict[str, Any]
    state: Times
    random_seed: int | None = None
    generated_by: str | None = None
    label: str | None = None
    tags: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    choices: dict[str, Any] = {}
    step: str | None = None
    inputs: dict[str, Source] = {}
    scalars: dict[str, Reported] = {}


_decode = msgspec.json.Decoder(Glance).decode


def glance_at(text: bytes) -> Glance | None:
    """What a plain record (`record.text.is_plain`) holds of it; None if another version of the
    program, which knows more words than this one, has found it plain."""
    try:
        return _decode(text)
    except msgspec.MsgspecError:
        return None
