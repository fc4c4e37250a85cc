"""A small pipeline whose files tell by themselves what they were made from, and what has to hold
of it after a sudden end and after going on.

Each execution of a step writes a word that was never there before, after the words of what it
was made from. So files alone say whether anything is stale, whatever the records say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from hydra_sweep_runner.errors import UnknownRun
from hydra_sweep_runner.model import Input, Run, Status
from hydra_sweep_runner.store.runs import RunStore
from tests.torture import invariants
from tests.torture.projects import Place, batch_of
from tests.torture.zygote import Zygote

FILES = {
    "conf/operation/prepare.yaml": """
        # @package _global_
        operation: {function: steps.prepare, name: prepare}
    """,
    "conf/operation/train.yaml": """
        # @package _global_
        operation: {function: steps.train, name: train}
    """,
    "conf/operation/report.yaml": """
        # @package _global_
        operation: {function: steps.report, name: report}
        title: all
    """,
    "conf/operation/study.yaml": """
        # @package _global_
        operation:
          name: study
          steps:
            prepare:
            train: {inputs: [prepare/clean.txt]}
            report: {gathers: {runs: train}}
        prepare: {x: 0}
    """,
    "steps.py": """
        import json
        import os
        import uuid

        import lib

        def write(name, *made_from):
            with open(name, "w") as file:
                file.write(" ".join([*made_from, uuid.uuid4().hex]))

        def prepare(x):
            lib.tell(x)
            write("clean.txt")

        def train(x):
            lib.tell(x)
            write("model.txt", open("clean.txt").read())
            return x

        def report(title, x):
            lib.tell(title)
            runs = json.load(open("runs.json"))
            write("table.txt", *(open(f"{run['folder']}/model.txt").read() for run in runs))
            return [run["result"] for run in runs]
    """,
}


def make(folder: Path, zygote: Zygote) -> Place:
    """A new project with the pipeline in it."""
    place = Place.make(folder, zygote)
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).removeprefix("\n"), encoding="utf-8")
    return place


class Seen:
    """A batch's trials in the order of its plan, as their records and files say they are."""

    def __init__(self, place: Place, batch_id: str) -> None:
        self._store = RunStore(place.store)
        batch = self._store.read(batch_id)
        assert batch.batch is not None
        self.trials = [run for run_id in batch.batch.trials if (run := self._read(run_id))]
        self._now = {run.id: run for run in self.trials}
        self._members = {run.id for run in self.trials if run.step == "train"}

    def _read(self, run_id: str) -> Run | None:
        try:
            return self._store.read(run_id)
        except UnknownRun:
            return None  # the kill came between the plan and this trial

    def current(self) -> set[str]:
        """Completed, and made from what there is: the trials that are not to run again."""
        found: set[str] = set()
        for run in self.trials:  # upstream first
            made = all(self._is_current(one, found) for one in run.inputs.values())
            if run.state.status is Status.COMPLETED and made:
                found.add(run.id)
        return found

    def _is_current(self, one: Input, found: set[str]) -> bool:
        if one.runs is None:
            taken = {one.run or "": one.attempt}
        else:
            taken = dict(zip(one.runs, one.attempts or [None] * len(one.runs), strict=True))
            if taken.keys() != self._members:
                return False
        return all(
            run_id in found and self._now[run_id].state.attempt == attempt
            for run_id, attempt in taken.items()
        )

    def check_files(self) -> None:
        """Each file is made from the files that there are."""
        words = {run.id: self._words(run) for run in self.trials}
        of_step: dict[str, list[Run]] = {}
        for run in self.trials:
            of_step.setdefault(run.step or "", []).append(run)
        (prepared,) = of_step["prepare"]
        models = of_step["train"]
        for model in models:
            assert words[model.id][:-1] == words[prepared.id], "a stale model"
        (report,) = of_step["report"]
        gathered = [word for model in models for word in words[model.id]]
        assert words[report.id][:-1] == gathered, "a stale report"
        assert report.result is not None
        assert report.result.value == [model.flags["x"] for model in models]

    def _words(self, run: Run) -> list[str]:
        name = {"prepare": "clean.txt", "train": "model.txt", "report": "table.txt"}
        path = self._store.folder(run.id) / name[run.step or ""]
        return path.read_text(encoding="utf-8").split()


def ran_since(place: Place, before: Mapping[str, int]) -> Counter[str]:
    """How often each run was executed since."""
    return Counter(place.ran()) - Counter(before)


def check(place: Place, words: list[str], *, failing: bool = False) -> None:
    """Go on from a sudden end by a restart of what is needed: what is current has not run
    again, the rest has, once, and nothing is stale."""
    batch = batch_of(invariants.read_list(place, failing=failing))
    if batch is None:
        place.run(*words)
        batch = batch_of(invariants.read_list(place))
        assert batch is not None
    invariants.age_leftovers(place)
    current, before = Seen(place, batch["id"]).current(), Counter(place.ran())
    place.run(f"+restart={batch['id']}", "+needed=true")
    after = Seen(place, batch["id"])
    ran = ran_since(place, before)
    assert not current & ran.keys(), "current, and run again"
    planned = {run.id for run in after.trials}
    assert ran == Counter(planned - current), "not current, and not run once"
    assert after.current() == planned
    after.check_files()
    place.run(f"+restart={batch['id']}", "+needed=true")
    assert ran_since(place, before) == ran, "there was nothing left to do"
    invariants.check_no_leftovers(place, batch)
