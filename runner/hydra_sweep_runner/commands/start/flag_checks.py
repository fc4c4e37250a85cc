"""Checks the flags of planned trials against what their operation takes, before any starts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn

from hydra_sweep_runner.commands.start.prepare import PreparedOperation, prepare
from hydra_sweep_runner.commands.start.sweep import Sweep
from hydra_sweep_runner.commands.start.world import World
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Operation, Value
from hydra_sweep_runner.operation.kinds.kind import no_flag_to_check
from hydra_sweep_runner.operation.kinds.known import KINDS
from hydra_sweep_runner.planning.trials import Trial


def check_values(
    sweep: Sweep, trials: Iterable[Trial], prepared: Mapping[Operation, PreparedOperation]
) -> None:
    """Check each value of each flag, once, and those that a search may still propose from its
    lists. Raises Mistake, which names the row of a file that the value comes from.

    Values from the environment are references here, and are not checked. Trials of an operation
    that is not prepared are passed over.
    """
    seen: set[tuple[Operation, str, str]] = set()
    for trial in _with_listed_values(sweep, trials):
        operation = trial.operation
        if operation not in prepared:
            continue
        if prepared[operation].checked.check_flag is no_flag_to_check:
            continue
        for name, value in trial.flags.items():
            key = (operation, name, repr(value))
            if key not in seen:
                seen.add(key)
                with _naming_row(sweep, name, value):
                    prepared[operation].check_flag(name, value, sweep.given(trial))


def _with_listed_values(sweep: Sweep, trials: Iterable[Trial]) -> Iterator[Trial]:
    """The trials, and after the first of a search one like it for each value of each swept list."""
    lists = {} if sweep.search is None else sweep.search.lists
    for trial in trials:
        yield trial
        for name in [name for name in lists if name in trial.flags]:
            for value in lists.pop(name):
                yield replace(trial, flags={**trial.flags, name: value})


def check_previewed(world: World, sweep: Sweep, trials: Sequence[Trial]) -> None:
    """The checks of a start for which no process has to be started: all but those of functions,
    which are imported where they run. Raises Mistake, as the start would."""
    prepared: dict[Operation, PreparedOperation] = {}
    checked: set[tuple[Operation, tuple[str, ...]]] = set()
    for trial in trials:
        key = (trial.operation, tuple(trial.flags))
        if key not in checked and not KINDS[trial.operation.kind].may_register_resolvers:
            checked.add(key)
            prepared[trial.operation] = prepare(
                trial.operation, trial.flags, world.project_dir, _NoProcess()
            )
    check_values(sweep, trials, prepared)


class _NoProcess:
    """The `Importer` of a preview, which starts no process that could import anything."""

    def probe(self, target: str, project_dir: str) -> NoReturn:
        """Never asked: operations whose code has to be imported are not previewed."""
        raise AssertionError(target)

    def preload(self, modules: Sequence[str], script: str) -> None:
        """Leave the modules to the start."""


@contextmanager
def _naming_row(sweep: Sweep, name: str, value: Value) -> Iterator[None]:
    """Say of a mistake in a flag's value in which file and row it is, if it is in one."""
    try:
        yield
    except Mistake as mistake:
        for number, row in enumerate(sweep.rows, 1):
            if name in row and row[name] == value:
                where = ", ".join([*sweep.options.trials, f"row {number}"])
                raise Mistake(f"{where}: {mistake}") from mistake
        raise
