"""What to say after failures about how they are mended: the hints, and the corrections that the
project's YAML has had since."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import field

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.execute.task import Outcome
from hydra_sweep_runner.model import Run
from hydra_sweep_runner.terminal.render import escape, shown_value

#: What makes a restart use the project's present YAML.
_REFRESH = "+refresh=true"


@dataclass(frozen=True)
class Mended:
    """What of the project's YAML was corrected since the copy was made that is composed from.

    `requires` is the present `operation.requires`, as written, by the steps where it is another
    one; None stands for what has no steps. `is_all` says that a refresh takes nothing beside.
    """

    requires: Mapping[str | None, Sequence[str]] = field(default_factory=dict)
    is_all: bool = True

    def required_of(self, run: Run) -> Sequence[str] | None:
        """The present list for a run, which may be of a step and run on its own; None if it is
        the same."""
        return self.requires.get(run.step, self.requires.get(None))


class Remedies:
    """Knows the lines that follow the failures of one start, and what the command to go on
    needs."""

    def __init__(self, mended: Mended | None = None) -> None:
        self._mended = mended or Mended()
        self._lacking: dict[str | None, list[str]] = {}
        self._is_in_yaml = False
        self._told: set[str] = set()  # without the ids of the runs

    def lines(self, outcome: Outcome) -> list[str]:
        """The lines on a failed run: its hint, and that `operation.requires` is another one now;
        without those that say nothing new after another run's."""
        found = self._lines(outcome)
        new = [line for line in found if line.replace(outcome.run.id, "") not in self._told]
        self._told.update(line.replace(outcome.run.id, "") for line in new)
        return new

    def _lines(self, outcome: Outcome) -> list[str]:
        hint = outcome.hint
        present = self._mended.required_of(outcome.run)
        note = "" if present is None else _note(present)
        self._is_in_yaml |= hint is not None and hint.in_yaml
        if hint is None or hint.lacks is None:
            return [*([] if hint is None else [hint.line]), *filter(None, [note])]
        is_named = present is not None and any(_may_name(each, hint.lacks) for each in present)
        remedy = note if is_named else self._name_in_requires(outcome.run, hint.lacks)
        return [f"{hint.line}: {remedy}"]

    def _name_in_requires(self, run: Run, lacking: str) -> str:
        """What to write in the YAML for this file or folder, and for those that runs of the same
        operation have lacked before."""
        found = self._lacking.setdefault(run.step, [])
        if lacking not in found:
            found.append(lacking)
        present = self._mended.required_of(run)
        named = run.operation.requires if present is None else present
        names = escape(", ".join(dict.fromkeys([*named, *found])))
        return f"name it in operation.requires: [{names}] (a restart takes it by {_REFRESH})"

    @property
    def go_on(self) -> str:
        """The words that the command to go on needs beside its own, after a space, for what was
        corrected and for what the lines so far said is to be corrected; empty if there are none, or
        if they would take other changes along."""
        is_needed = self._mended.requires or self._lacking or self._is_in_yaml
        return f" {_REFRESH}" if is_needed and self._mended.is_all else ""


def _note(present: Sequence[str]) -> str:
    return (
        f"operation.requires is {shown_value(list(present))} in the project's present YAML; to "
        f"take that: {_REFRESH}"
    )


def _may_name(required: str, lacking: str) -> bool:
    """Whether an entry of `operation.requires` as written, perhaps with interpolations, may name
    this file or folder, or one above or below it."""
    path = os.path.normpath(required)
    if "${" in path.partition("/")[0] or path.startswith(f"{lacking}/"):
        return True
    pattern = ".*".join(map(re.escape, re.split(r"\$\{.*\}", path)))
    return re.fullmatch(f"{pattern}(/.*)?", lacking) is not None
