"""Optimizers of the project's own: a class that is told trials and asked for the next one.

For each proposal the class is instantiated as `Class(space, seed=S, **options)`. Then `tell(number,
flags, values)` is called for each known trial, in the order of the plan, and `ask(number, running)`
returns a mapping of flags. `values` is a list in which less is better, or None for a failed trial;
`running` is a list of flags.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Value
from hydra_sweep_runner.planning.space import Interval
from hydra_sweep_runner.search.optimizers.question import ProposalFailed, ProposalQuestion
from hydra_sweep_runner.search.space import Point, index_of, number_in


class ProjectsOwn:
    """An optimizer class, by its import path."""

    def __init__(self, path: str, made_by: Any, options: Mapping[str, Any]) -> None:
        """Raises Mistake if that is no class of the kind, or takes other options."""
        _check_options(path, made_by, options)
        self._path = path
        self._class = made_by
        self._options = dict(options)
        module = str(getattr(made_by, "__module__", ""))
        self.version = f"{path} {_version_of(module.split('.')[0])}".strip()

    def propose(self, question: ProposalQuestion) -> Point:
        """The next point to try. Raises ProposalFailed if the class raises an error or exits, or
        if its answer is outside the space."""
        try:
            answer = self._ask(question)
        except (Exception, SystemExit) as error:
            said = f"{type(error).__name__}: {error}".splitlines()[0]
            raise ProposalFailed(
                f"the optimizer {self._path} gave no trial {question.number}: {said}"
            ) from error
        return self._point(answer, question)

    def _ask(self, question: ProposalQuestion) -> Any:
        optimizer = self._class(dict(question.space), seed=question.seed, **self._options)
        for told in question.known:
            values = None if told.values is None else list(told.values)
            optimizer.tell(told.number, dict(told.flags), values)
        return optimizer.ask(question.number, [dict(one.flags) for one in question.running])

    def _point(self, answer: Any, question: ProposalQuestion) -> Point:
        where = f"the optimizer {self._path} proposed {answer!r}"
        if not isinstance(answer, Mapping):
            raise ProposalFailed(f"{where}: ask must give a mapping of flags")
        unknown = [str(name) for name in answer if name not in question.space]
        missing = [name for name in question.space if name not in answer]
        if unknown or missing:
            wrong = f"{unknown[0]} is not swept" if unknown else f"{missing[0]} is missing"
            raise ProposalFailed(f"{where}: {wrong}; the flags are {', '.join(question.space)}")
        point: dict[str, float] = {}
        for name, one in question.space.items():
            value = _plain(answer[name])
            place = number_in(one, value) if isinstance(one, Interval) else index_of(one, value)
            if place is None:
                raise ProposalFailed(f"{where}: {name}={value} is not in {one}")
            point[name] = place
        return point


def _check_options(path: str, made_by: Any, options: Mapping[str, Any]) -> None:
    if not callable(made_by):
        raise Mistake(f"+optimizer={path}: that is {type(made_by).__name__}, and no class")
    for method in ("tell", "ask") if inspect.isclass(made_by) else ():
        if not callable(getattr(made_by, method, None)):
            raise Mistake(f"+optimizer={path}: it has no method {method}")
    try:
        signature = inspect.signature(made_by)
    except ValueError:  # one that is not written in Python need not have one
        return
    try:
        signature.bind({}, seed=0, **options)
    except TypeError as error:
        raise Mistake(
            f"+optimizer={path}: it is made as Class(space, seed=S, **optimizer_options), and "
            f"takes {signature}: {error}"
        ) from error


def _plain(value: Any) -> Value:
    """A value as a plain Python number, if an array library's type wraps it."""
    item = getattr(value, "item", None)
    plain: Value = item() if callable(item) and getattr(value, "shape", None) == () else value
    return plain


def _version_of(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return ""
