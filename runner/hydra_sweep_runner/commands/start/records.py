"""The fields that a start writes into the record of a run, a trial or a batch. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Flags, Operation, Provenance, Recipe, Run, Value
from hydra_sweep_runner.operation.run_options import Options


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The planned fields of a run that is about to start.

    `given` are the names of given flags. `options` are the options that apply, `remembered` those
    that the next start applies again. `choices` are the chosen config groups.
    """

    operation: Operation
    flags: Flags
    recipe: Recipe
    given: tuple[str, ...]
    options: Options
    remembered: Mapping[str, Value]
    random_seed: int
    provenance: Provenance
    choices: Mapping[str, Value]


def options_of_trial(remembered: Mapping[str, Value]) -> dict[str, Value]:
    """The batch's options that apply to a trial restarted on its own."""
    names = ("retries", "timeout", "label", "tags")
    return {name: value for name, value in remembered.items() if name in names}


def as_planned(run: Run, planned: Planned, **more: Any) -> Run:
    """The record of a new or existing run that is about to start as planned, with `more` fields.
    Its state is unchanged; its former result is removed."""
    return replace(
        run,
        **more,
        operation=planned.operation,
        flags=planned.flags,
        recipe=planned.recipe,
        given=planned.given,
        options=planned.remembered,
        random_seed=planned.random_seed,
        label=planned.options.label,
        tags=planned.options.tags,
        provenance=planned.provenance,
        choices=planned.choices,
        result=None,
    )
