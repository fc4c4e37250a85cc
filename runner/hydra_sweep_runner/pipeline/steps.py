"""The steps of a pipeline and their wiring: which step takes what from which other.

`pipeline.parse` reads them from YAML and checks them, so a wiring has no cycle, and every step that
it names exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from hydra_sweep_runner.dataclass import dataclass


@dataclass(frozen=True, kw_only=True)
class DeclaredInput:
    """A file or folder of an upstream run, placed in the step's own folder.

    `name` is its path in the step's folder, `path` its path in the upstream's; an empty `path` is
    the whole folder. It is a link or, with `copy`, a copy.
    """

    name: str
    step: str
    path: str
    copy: bool = False


@dataclass(frozen=True, kw_only=True)
class Gather:
    """All trials of another step: a folder `name` with a link to each of them."""

    name: str
    step: str


@dataclass(frozen=True, kw_only=True)
class By:
    """A flag of a step whose values divide the gathered trials: `STEP.FLAG` in YAML."""

    step: str
    flag: str

    def __str__(self) -> str:
        return f"{self.step}.{self.flag}"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A named place in a pipeline, and the name of its operation.

    `after` are steps that end before it begins, and give it no file. `by` and `partial` apply to
    all of its `gathers`. `n_jobs`, `retries` and `timeout_s` are the step's own, None if it has
    none.
    """

    name: str
    operation: str
    inputs: tuple[DeclaredInput, ...] = ()
    gathers: tuple[Gather, ...] = ()
    by: tuple[By, ...] = ()
    partial: bool = False
    after: tuple[str, ...] = ()
    n_jobs: int | None = None
    retries: int | None = None
    timeout_s: float | None = None

    @property
    def takes_from(self) -> tuple[str, ...]:
        """The steps whose trials it waits for, without repetition."""
        inputs = (one.step for one in self.inputs)
        gathered = (one.step for one in self.gathers)
        return tuple(dict.fromkeys((*inputs, *gathered, *self.after)))


@dataclass(frozen=True)
class Wiring:
    """The steps of a pipeline, sorted so that each comes after all steps that it takes from, and
    otherwise in the order of the YAML."""

    steps: tuple[Step, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The steps' names, in order."""
        return tuple(step.name for step in self.steps)

    def step(self, name: str) -> Step:
        """The step of that name. Raises KeyError."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> Mapping[str, Step]:
        return {step.name: step for step in self.steps}

    @cached_property
    def repeated(self) -> frozenset[str]:
        """The steps that run once for each repeat of a combination. A step that gathers sees all
        repeats, so it and the steps that take only from such steps are not repeated."""
        found: set[str] = set()
        for step in self.steps:
            inputs = {one.step for one in step.inputs}
            if not step.gathers and (not inputs or inputs & found):
                found.add(step.name)
        return frozenset(found)

    def downstream(self, name: str) -> frozenset[str]:
        """The steps that depend on this step, directly or indirectly; not the step itself."""
        found = {name}
        for step in self.steps:
            if found.intersection(step.takes_from):
                found.add(step.name)
        return frozenset(found - {name})

    def beside(self, name: str) -> frozenset[str]:
        """The step and those it takes single files from, directly or indirectly: for each of its
        trials there is exactly one trial of each of them."""
        found = {name}
        for step in reversed(self.steps):
            if step.name in found:
                found.update(one.step for one in step.inputs)
        return frozenset(found)


def in_order(steps: Iterable[Step]) -> tuple[Step, ...] | tuple[str, ...]:
    """The steps, sorted so that each comes after all steps that it takes from, otherwise in their
    order; or, if there is a cycle, the names along it, with the first repeated at the end.

    Among the steps that can come next, the first is taken. Names of unknown steps are ignored.
    """
    left = {step.name: step for step in steps}
    ordered: list[Step] = []
    while left:
        ready = [step for step in left.values() if not any(n in left for n in step.takes_from)]
        if not ready:
            return _circle(left)
        ordered.append(left.pop(ready[0].name))
    return tuple(ordered)


def _circle(left: Mapping[str, Step]) -> tuple[str, ...]:
    walked = [next(iter(left))]
    while True:
        upstream = next(name for name in left[walked[-1]].takes_from if name in left)
        if upstream in walked:
            return tuple(reversed((*walked[walked.index(upstream) :], upstream)))
        walked.append(upstream)
