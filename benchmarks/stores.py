"""Stores of many runs, made without running anything."""

from __future__ import annotations

import random
import uuid
from pathlib import Path

from hydra_sweep_runner.model import Kind, Operation, Recipe, Run, Scalar, State, Status, Value
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.system.processes import this_process


def fill_store(root: Path, runs: int) -> Path:
    """A new store of so many completed runs."""
    store = RunStore.open(root, create=True)
    process = this_process(now)
    for number in range(runs):
        state = State(
            status=Status.COMPLETED,
            initialized=now(),
            started=now(),
            stopped=now(),
            exit_status=0,
            process=process,
        )
        store.create(
            Run(
                id=uuid.uuid4().hex,
                kind=Kind.RUN,
                operation=Operation(name="noop", kind="function", target="operations.noop"),
                flags={"model.depth": 3, "x": number, "y": 2, "z": "a"},
                recipe=Recipe(config_name="config", snapshot="0" * 64, task=(f"x={number}",)),
                state=state,
                given=("x",),
                random_seed=number,
                scalars={"loss": _scalar(1 / (number + 1)), "acc": _scalar(0.5)},
            )
        )
    return root


def fill_wide_store(root: Path, runs: int) -> Path:
    """A new store of so many completed runs with 20 flags and 5 scalars each."""
    store = RunStore.open(root, create=True)
    process = this_process(now)
    draw = random.Random(1)
    for number in range(runs):
        kinds = (draw.random(), draw.randrange(20), draw.choice("abc"))
        flags: dict[str, Value] = {f"f{place}": kinds[place % 3] for place in range(20)}
        flags["f0"] = draw.random()
        state = State(
            status=Status.COMPLETED,
            initialized=now(),
            started=now(),
            stopped=now(),
            exit_status=0,
            process=process,
        )
        store.create(
            Run(
                id=uuid.uuid4().hex,
                kind=Kind.RUN,
                operation=Operation(name="noop", kind="function", target="operations.noop"),
                flags=flags,
                recipe=Recipe(config_name="config", snapshot="0" * 64),
                state=state,
                given=tuple(flags),
                random_seed=number,
                scalars={f"s{place}": _scalar(draw.random()) for place in range(5)},
            )
        )
    return root


def _scalar(last: float) -> Scalar:
    return Scalar(first=1.0, last=last, min=last, max=1.0, count=10, step=9, min_step=9, max_step=0)
