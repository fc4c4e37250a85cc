"""A batch with a learning optimizer: the settings of its search, and its proposals.

The search is rebuilt from the store at each start: from the batch's ledger, its trials' flags and
results, and the runs that it was told first.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra_sweep_runner.commands.start.composing import Composing
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Flags, Run, Status, Value
from hydra_sweep_runner.operation.run_options import Options
from hydra_sweep_runner.planning.combinations import RANDOM_TRIALS
from hydra_sweep_runner.planning.identity import identity_of
from hydra_sweep_runner.planning.space import Interval
from hydra_sweep_runner.planning.trials import Trial, make_trial
from hydra_sweep_runner.search.basis import (
    Basis,
    Before,
    Era,
    Ledger,
    basis_to_value,
    read_basis,
)
from hydra_sweep_runner.search.learning import (
    MOST_TRIES,
    Asking,
    Earlier,
    Numbered,
    Unended,
    propose,
)
from hydra_sweep_runner.search.objective import Last, Objective
from hydra_sweep_runner.search.optimizers.choose import make_optimizer
from hydra_sweep_runner.search.optimizers.question import Optimizer
from hydra_sweep_runner.search.results import last_of
from hydra_sweep_runner.search.space import Point, SearchSpace


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a search in one start: all that an era records, and the number of trials."""

    optimizer: str
    optimizer_options: Mapping[str, Any]
    objective: Objective
    window: int
    random_seed: int
    sweep: tuple[str, ...]
    max_trials: int


def settings_of(
    options: Options,
    optimizer_options: object,
    *,
    window: int,
    random_seed: int,
    sweep: Sequence[str],
) -> Settings:
    """The settings from the options. Raises Mistake for options that do not apply to a search."""
    for name in ("trials", "include"):
        if getattr(options, name):
            raise Mistake(f"+{name} goes with no optimizer that learns: it proposes its trials")
    if options.shape != "product" or options.repeat != 1:
        name = "repeat" if options.repeat != 1 else "shape"
        raise Mistake(f"+{name} goes with no optimizer that learns: it proposes its trials")
    return Settings(
        optimizer=str(options.optimizer),
        optimizer_options=optimizer_options_of(optimizer_options),
        objective=Objective.parse(options.objective),
        window=window,
        random_seed=random_seed,
        sweep=tuple(sweep),
        max_trials=options.max_trials or RANDOM_TRIALS,
    )


def optimizer_options_of(value: object) -> Mapping[str, Any]:
    """The mapping in `hydra.sweeper.optimizer_options`. Raises Mistake if it is no mapping."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Mistake(
            "hydra.sweeper.optimizer_options must be keyword arguments, as in "
            "hydra.sweeper.optimizer_options.n_startup_trials=20"
        )
    return {str(name): one for name, one in value.items()}


def importer(project_dir: Path) -> Callable[[str], Any]:
    """A function that imports a class of the project by its path; it raises Mistake if there is
    none."""

    def import_class(path: str) -> Any:
        folder = str(project_dir)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        module, _, name = path.rpartition(".")
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise Mistake(f"+optimizer={path}: cannot be imported: {error}") from error
        except (Exception, SystemExit) as error:  # of the module's own code
            said = f"{type(error).__name__}: {error}".splitlines()[0]
            raise Mistake(f"+optimizer={path}: cannot be imported: {said}") from error

    return import_class


class Searching:
    """The search of one start: its plan so far, by numbers, and further proposals.

    `plan` are the numbers of the present plan, in order. `trials` has the existing and the proposed
    trials, by number. `results` are added as trials end.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        composing: Composing,
        space: SearchSpace,
        excluded: Callable[[Flags, tuple[str, ...]], bool],
        ledger: Ledger,
        runs: Mapping[str, Run],
        in_plan: Collection[str],
        import_class: Callable[[str], Any],
    ) -> None:
        """`runs` are the batch's existing numbered trials, by id; `in_plan` are the ids of its plan
        so far."""
        self._settings = settings
        self._composing = composing
        self._space = space
        self._excluded = excluded
        self._runs = {
            run_id: runs[run_id]
            for number, run_id in enumerate(ledger.order)
            if run_id in runs and not _has_left(ledger, number, in_plan)
        }
        self._import_class = import_class
        optimizer = self._make(settings.optimizer, settings.optimizer_options, settings.objective)
        self.trials: dict[int, Trial] = {}
        self.bases: dict[int, Basis] = {}
        self.results: dict[int, Last | None] = {}
        self._numbered: dict[int, Numbered] = {}
        self._earlier: dict[str, Run] = {}
        kept = self._kept(ledger)
        missing = [n for n, one in enumerate(ledger.order) if one not in self._runs]
        era = Era(
            first=len(ledger.order),
            optimizer=settings.optimizer,
            options=settings.optimizer_options,
            version=optimizer.version,
            objective=settings.objective.texts,
            window=settings.window,
            random_seed=settings.random_seed,
            sweep=settings.sweep,
        )
        again = [n for n in missing if self._can_be_proposed_again(ledger, n, era)]
        self.plan = sorted([*kept, *again])[: settings.max_trials]
        absent = set(range(len(ledger.order))).difference(self.plan)
        for number in absent:
            self.trials.pop(number, None)
        self._kept_ledger = ledger
        self._era = replace(era, without=tuple(sorted(absent)))
        self.ledger = ledger.with_era(self._era)
        self._asking = Asking(self.ledger, self._numbered, self.results)
        self._optimizers: dict[int, Optimizer] = {len(self.ledger.eras) - 1: optimizer}

    def tell_before(self, before: Sequence[tuple[Before, Run]]) -> None:
        """Have these runs told before those of the plan, in order, each with the result that is
        told."""
        optimizer = self._optimizers.pop(len(self.ledger.eras) - 1)
        self._earlier = {run.id: run for _, run in before}
        self._era = replace(self._era, before=tuple(one for one, _ in before))
        self._go_on(self._kept_ledger.with_era(self._era))
        self._optimizers[len(self.ledger.eras) - 1] = optimizer

    @property
    def count_before(self) -> int:
        """The number of runs told before those of the plan."""
        return len(self._earlier)

    @property
    def objective(self) -> Objective:
        """The objective of the search."""
        return self._settings.objective

    def is_of_operation(self, batch: Run) -> bool:
        """Whether a batch runs the same operation as this search."""
        operation, _ = self._composing.describe(self._space.overrides(self._first_point()))
        same = (operation.kind, operation.target) == (batch.operation.kind, batch.operation.target)
        return same and operation.name in batch.operation.name.split(", ")

    @property
    def lists(self) -> dict[str, Sequence[Value]]:
        """The values that a search may choose from, of each swept flag that has a list of them."""
        named = self._space.named
        return {name: one for name, one in named.items() if not isinstance(one, Interval)}

    def _first_point(self) -> Point:
        return {
            one.name: 0 if one.interval is None else one.interval.low for one in self._space.swept
        }

    def _make(self, name: str, options: Mapping[str, Any], objective: Objective) -> Optimizer:
        return make_optimizer(name, options, objective, self._import_class)

    def _kept(self, ledger: Ledger) -> list[int]:
        """The numbers of the trials that are in the present space; all existing trials get
        numbers."""
        kept: list[int] = []
        for number, run_id in enumerate(ledger.order):
            run = self._runs.get(run_id)
            if run is None:
                continue
            basis = basis_of(run)
            self._numbered[number] = Numbered(
                number=number, flags=run.flags, overrides=run.recipe.task, basis=basis
            )
            trial = self.trial_like(run)
            if trial is not None and not self._excluded(trial.flags, trial.overrides):
                self.trials[number] = trial
                kept.append(number)
        return kept

    def trial_like(self, run: Run) -> Trial | None:
        """The run as a trial, if it is in the space and its other flags are the same; else None."""
        point = self._space.point_of(run.flags, run.recipe.task)
        if point is None:
            return None
        trial = self._composed(point)
        same = trial.identity == identity_of(run)
        return trial if same else None

    def _composed(self, point: Point) -> Trial:
        overrides = self._space.overrides(point)
        operation, flags = self._composing.describe(overrides)
        return make_trial(operation, flags, overrides, self._settings.random_seed)

    def _can_be_proposed_again(self, ledger: Ledger, number: int, now: Era) -> bool:
        """Whether the basis of a deleted trial is known, and its space is the present one."""
        if not ledger.eras:
            return False
        era = ledger.eras[ledger.era_of(number)]
        is_known = era.first <= number and number not in ledger.eras[-1].without
        return is_known and era.sweep == now.sweep

    def run_of(self, number: int) -> Run | None:
        """The stored run with this number; None if there is none."""
        order = self.ledger.order
        return self._runs.get(order[number]) if number < len(order) else None

    @property
    def is_whole(self) -> bool:
        """Whether the plan has the intended number of trials."""
        return len(self.plan) >= self._settings.max_trials

    @property
    def room(self) -> int:
        """The number of trials that the plan lacks, gaps included."""
        return self._settings.max_trials - len(self.plan) + len(self.gaps)

    @property
    def planned(self) -> list[Trial]:
        """The existing and the proposed trials of the plan, in order."""
        return [self.trials[number] for number in self.plan if number in self.trials]

    def drop(self, number: int) -> None:
        """Remove a number from the plan, because no trial can be proposed for it again."""
        self.plan.remove(number)

    def place_of(self, number: int) -> int:
        """The place of a number among the existing and proposed trials of the plan."""
        return sum(one < number and one in self.trials for one in self.plan)

    @property
    def gaps(self) -> list[int]:
        """The numbers in the plan whose trials were deleted and have to be proposed again."""
        return [number for number in self.plan if number not in self.trials]

    def why_no_more(self) -> str | None:
        """Why there are no proposals although the plan is not whole; None if there are."""
        size = self._space.size
        if size is not None and len(self.trials) >= size:
            return f"the space is used up: it has {size} combinations"
        return None

    def propose(self, number: int | None = None) -> int | Unended | None:
        """Propose the trial of a number (None: the next number), and add it to the plan.

        UNENDED if a result is missing; None if no proposal was accepted.
        """
        following = max([len(self.ledger.order), *(one + 1 for one in self.plan)])
        wanted = following if number is None else number
        era_index = self.ledger.era_of(wanted)
        known = {trial.identity for trial in self.trials.values()}

        def accept(point: Point) -> Trial | None:
            trial = self._composed(point)
            refused = trial.identity in known or self._excluded(trial.flags, trial.overrides)
            return None if refused else trial

        proposed = propose(
            self._asking,
            wanted,
            optimizer=self._optimizer(era_index),
            space=self._space,
            before=self._before(era_index),
            accept=accept,
        )
        if proposed is None or isinstance(proposed, Unended):
            return proposed
        self.trials[wanted] = proposed.made
        self.bases[wanted] = proposed.basis
        self._numbered[wanted] = Numbered(
            number=wanted,
            flags=proposed.made.flags,
            overrides=proposed.made.overrides,
            basis=proposed.basis,
        )
        if number is None:
            self.plan.append(wanted)
        return wanted

    def _optimizer(self, era_index: int) -> Optimizer:
        if era_index not in self._optimizers:
            era = self.ledger.eras[era_index]
            objective = Objective.parse(era.objective)
            self._optimizers[era_index] = self._make(era.optimizer, era.options, objective)
        return self._optimizers[era_index]

    def _before(self, era_index: int) -> list[Earlier]:
        return [
            Earlier(flags=run.flags, overrides=run.recipe.task, values=one.values)
            for one in self.ledger.eras[era_index].before
            if (run := self._earlier.get(one.run)) is not None
        ]

    def record(self, number: int, run_id: str) -> None:
        """Record the id of a number."""
        order = self.ledger.order
        if order[number : number + 1] != (run_id,):
            self._go_on(replace(self.ledger, order=(*order[:number], run_id, *order[number + 1 :])))

    def before_running_again(self, numbers: Iterable[int]) -> None:
        """Record the results of trials that are about to run again, for the proposals that knew
        them."""
        names = {name for era in self.ledger.eras for name in Objective.parse(era.objective).names}
        former: dict[int, Last | None] = {}
        for number in numbers:
            run = self.run_of(number)
            if run is not None and run.state.status in (Status.COMPLETED, Status.ERROR):
                last = last_of(run)
                kept = None if last is None else {k: v for k, v in last.items() if k in names}
                former[number] = kept
        if former:
            self._go_on(self.ledger.with_former(former))

    def _go_on(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._asking.ledger = ledger

    def basis_value(self, number: int) -> dict[str, Any] | None:
        """The basis of a trial for its record; None if no optimizer proposed it."""
        basis = self.bases.get(number)
        if basis is None and number in self._numbered:
            basis = self._numbered[number].basis
        return None if basis is None else basis_to_value(basis)


def _has_left(ledger: Ledger, number: int, in_plan: Collection[str]) -> bool:
    """Whether a trial left the plan because it was restarted with other flags, and not because the
    space has changed."""
    proposed = bool(ledger.eras) and number >= ledger.eras[0].first
    if not proposed or ledger.order[number] in in_plan:
        return False
    return number not in ledger.eras[-1].without


def basis_of(run: Run) -> Basis | None:
    """The basis in a trial's record; None if it has none. Raises UnreadableRecord."""
    return None if run.basis is None else read_basis(run.basis, f"trial {run.id}")


#: The reason why a search ends without enough trials.
NO_PROPOSAL = f"{MOST_TRIES} proposals in a row were trials that are there, or are excluded"
