"""A run's inputs from other runs: as files to place, and as a description for the operation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hydra_sweep_runner.errors import Mistake, UnknownRun, UnreadableRecord
from hydra_sweep_runner.execute.task import Placement, Upstream
from hydra_sweep_runner.model import Input, Run, Status, Value
from hydra_sweep_runner.operation.flags import agreed
from hydra_sweep_runner.pipeline.current import kind_changed
from hydra_sweep_runner.record.fields import FIELD, Summary
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import short

# The digits of an id in the name of a gather's link, unless two members share them.
_DIGITS = 8


class Upstreams:
    """Prepares runs' inputs. Descriptions of runs are kept for the next run that takes from them,
    until `forget`."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._runs: dict[str, Run] = {}
        self._described: dict[str, dict[str, Any]] = {}
        self._flags: dict[str, dict[str, Value]] = {}

    def forget(self, run_id: str) -> None:
        """A run has changed: read it again when it is needed."""
        self._runs.pop(run_id, None)
        self._described.clear()
        self._flags.clear()

    def run(self, run_id: str) -> Run:
        """A run as recorded. Raises Mistake if it was deleted."""
        if run_id not in self._runs:
            try:
                self._runs[run_id] = self._store.read(run_id)
            except (UnknownRun, UnreadableRecord) as error:
                raise Mistake(
                    f"what it takes from {short(run_id)} is gone ({error}): restart its batch"
                ) from error
        return self._runs[run_id]

    def now(self, inputs: Mapping[str, Input]) -> dict[str, Input]:
        """The inputs with the present attempts of their runs.

        Raises Mistake for a deleted run, a missing file, and a file that has become a folder (or
        the other way round) since this input took it from the same attempt.
        """
        return {name: self._now(one) for name, one in inputs.items()}

    def _now(self, one: Input) -> Input:
        if one.runs is not None:
            attempts = tuple(self.run(run_id).state.attempt for run_id in one.runs)
            return replace(one, attempts=attempts)
        run = self.run(one.run or "")
        attempt, folder = run.state.attempt, self._is_folder(one, run)
        if one.attempt == attempt and one.folder not in (None, folder):
            raise Mistake(
                f"{kind_changed(one.path or '', folder)} in {step_of(one, run)} {short(run.id)}: "
                "restart the batch with +needed=true"
            )
        return replace(one, attempt=attempt, folder=folder)

    def _is_folder(self, one: Input, run: Run) -> bool:
        path = self._store.folder(run.id) / (one.path or "")
        if not path.exists():
            raise Mistake(
                f"{step_of(one, run)} {short(run.id)} has no {one.path}: restart the batch with "
                "+needed=true"
            )
        return path.is_dir()

    def of(self, run: Run) -> Upstream:
        """The files to place in a run's folder for its inputs, as `now` gives them."""
        if not run.inputs:
            return Upstream()
        placements: list[Placement] = []
        files: dict[str, str] = {}
        for name, one in run.inputs.items():
            if one.runs is None:
                placements.append(self._placement(name, one))
                continue
            links = _link_names(name, one.runs)
            placements += [Placement(name=link, source=member) for member, link in links.items()]
            files[f"{name}.json"] = _text([self._member(member, links) for member in one.runs])
        described = {name: self._input(one) for name, one in run.inputs.items()}
        files[layout.INPUTS] = _text(described)
        return Upstream(
            placements=tuple(placements),
            folders=tuple(name for name, one in run.inputs.items() if one.runs is not None),
            files=files,
        )

    def _placement(self, name: str, one: Input) -> Placement:
        source = f"{one.run}/{one.path}" if one.path else one.run or ""
        return Placement(name=name, source=source, copy=one.copy)

    def _input(self, one: Input) -> dict[str, Any]:
        if one.runs is not None:
            return {"runs": [self._named(one, run_id) for run_id in one.runs]}
        return {**self._named(one, one.run or ""), "path": one.path}

    def _named(self, one: Input, run_id: str) -> dict[str, Any]:
        return {**self.described(run_id), "step": step_of(one, self.run(run_id))}

    def described(self, run_id: str) -> dict[str, Any]:
        """The description of a run in RUNNER_INPUTS, with those of the runs that it takes files
        from."""
        if run_id not in self._described:
            run = self.run(run_id)
            summary = self._summary(run)
            names = ("id", "step", "operation", "flags", "scalars", "result", "status")
            self._described[run_id] = {
                **{name: FIELD[name].json(summary) for name in names},
                "folder": summary.folder,
                "inputs": {name: self._input(one) for name, one in run.inputs.items()},
            }
        return self._described[run_id]

    def _member(self, run_id: str, links: Mapping[str, str]) -> dict[str, Any]:
        run = self.run(run_id)
        summary = self._summary(run)
        return {
            "id": run.id,
            "folder": links[run_id],
            "flags": {**FIELD["flags"].json(summary), **self.upstream_flags(run)},
            **{name: FIELD[name].json(summary) for name in ("scalars", "result", "status")},
        }

    def upstream_flags(self, run: Run) -> dict[str, Value]:
        """The flags of all runs that a run takes single files from, by dotted names (`train.lr`),
        in JSON's types; of the runs that it gathers, those in which all of them agree."""
        if run.id not in self._flags:
            found: dict[str, Value] = {}
            for one in run.inputs.values():
                if one.runs is not None:
                    found |= agreed(self._through(one, member) for member in one.runs)
            for one in run.inputs.values():
                if one.runs is None:
                    found |= self._through(one, one.run or "")
            self._flags[run.id] = found
        return self._flags[run.id]

    def _through(self, one: Input, run_id: str) -> dict[str, Value]:
        """The flags that an input from another run adds: its own and those upstream of it."""
        upstream = self.run(run_id)
        flags = FIELD["flags"].json(self._summary(upstream))
        step = step_of(one, upstream)
        own = {f"{step}.{name}": value for name, value in flags.items()}
        return {**self.upstream_flags(upstream), **own}

    def _summary(self, run: Run) -> Summary:
        return Summary(run, folder=str(self._store.folder(run.id)))


def step_of(one: Input, upstream: Run) -> str:
    """The name of the step that an input comes from. Older records do not have it."""
    return one.step or upstream.step or upstream.operation.name


def _link_names(folder: str, members: tuple[str, ...]) -> dict[str, str]:
    """The name of each member's link, relative to the run's folder: as many digits of the id as
    distinguish them, at least eight."""
    digits = _DIGITS
    while len({member[:digits] for member in members}) < len(members):
        digits += 1
    return {member: f"{folder}/{member[:digits]}" for member in members}


def _text(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def check_completed(upstreams: Upstreams, run: Run) -> None:
    """Raise Mistake if an upstream run of an input, or a member of a gather, is not completed."""
    for name, one in run.inputs.items():
        for run_id in (one.run or "",) if one.runs is None else one.runs:
            upstream = upstreams.run(run_id)
            if upstream.state.status is not Status.COMPLETED:
                raise Mistake(
                    f"{name} is taken from {step_of(one, upstream)} {short(upstream.id)}, which is "
                    f"{upstream.state.status.value}: restart the batch with +needed=true"
                )
