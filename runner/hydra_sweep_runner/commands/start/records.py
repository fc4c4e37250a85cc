"""The fields that a start writes into the record of a run, a trial or a batch. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Flags, Kind, Operation, Provenance, Recipe, Run, Value
from hydra_sweep_runner.operation.run_options import Options


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The planned fields of a run that is about to start.

    `given` are the names of given flags. `options` are the options that apply, `remembered` those
    that the next start applies again. `choices` are the chosen config groups. `typed` are the names
    of the options on the command line of a run that is restarted alone.
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
    typed: Collection[str] = ()


def options_of_trial(remembered: Mapping[str, Value]) -> dict[str, Value]:
    """The batch's options that apply to a trial restarted on its own."""
    names = ("retries", "timeout", "label", "tags")
    return {name: value for name, value in remembered.items() if name in names}


def as_planned(run: Run, planned: Planned, **more: Any) -> Run:
    """The record of a new or existing run that is about to start as planned, with `more` fields.
    Its state is unchanged; its former result is removed. A trial keeps the label and the tags that
    it was given by hand."""
    label, tags = _annotations(run, planned)
    return replace(
        run,
        **more,
        operation=planned.operation,
        flags=planned.flags,
        recipe=planned.recipe,
        given=planned.given,
        options=planned.remembered,
        random_seed=planned.random_seed,
        label=label,
        tags=tags,
        provenance=planned.provenance,
        choices=planned.choices,
        result=None,
    )


def _annotations(run: Run, planned: Planned) -> tuple[str | None, tuple[str, ...]]:
    """The label and the tags: the planned ones; of a trial, whose recorded options are its batch's,
    with all that differs from these, which was given by hand, unless they are `typed`."""
    label, tags = planned.options.label, planned.options.tags
    if run.kind is not Kind.TRIAL:
        return label, tags
    if run.label != run.options.get("label") and "label" not in planned.typed:
        label = run.label
    if "tags" not in planned.typed:
        given = run.options.get("tags")
        former = given if isinstance(given, list) else []
        kept = [tag for tag in tags if tag in run.tags or tag not in former]
        added = [tag for tag in run.tags if tag not in former]
        tags = tuple(dict.fromkeys([*kept, *added]))
    return label, tags
