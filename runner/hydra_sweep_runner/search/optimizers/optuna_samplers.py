"""Optuna's samplers, used for one proposal at a time.

Each proposal has a new study and a new sampler, so only the question can influence it. State that
samplers store in attributes of a study or its trials is computed from the question instead: the
position in the QMC sequence is the trial's number, and NSGA-II's generations are counted in plan
order. Lists are passed as categories, by index.
"""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.planning.space import Interval
from hydra_sweep_runner.search.optimizers.question import KnownTrial, ProposalQuestion
from hydra_sweep_runner.search.space import Point

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

_SAMPLERS = {
    "tpe": "TPESampler",
    "gp": "GPSampler",
    "qmc": "QMCSampler",
    "nsga2": "NSGAIISampler",
}

#: Arguments that a configuration file cannot hold, or that the search sets itself.
_NOT_GIVEN = {
    "seed",
    "independent_sampler",
    "constraints_func",
    "gamma",
    "weights",
    "mutation",
    "crossover",
    "elite_population_selection_strategy",
    "child_generation_strategy",
    "after_trial_strategy",
}


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress Optuna's messages; the runner prints its own."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)


class OptunaSampler:
    """One of Optuna's samplers, by its name in `+optimizer`."""

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        """Raises Mistake for unknown options."""
        import optuna

        self._name = name
        self._options = dict(options)
        self.version = f"optuna {optuna.__version__}"
        check_options(name, getattr(optuna.samplers, _SAMPLERS[name]), options)
        try:
            with quiet():
                self._sampler(_ANY_QUESTION)
        except (TypeError, ValueError) as error:
            raise Mistake(f"hydra.sweeper.optimizer_options: {_SAMPLERS[name]}: {error}") from error

    def propose(self, question: ProposalQuestion) -> Point:
        """The next point to try."""
        import optuna

        point = {name: _only(one) for name, one in question.space.items() if _is_single(one)}
        distributions = {
            name: _distribution(one) for name, one in question.space.items() if not _is_single(one)
        }
        with quiet():
            study = optuna.create_study(
                directions=["minimize"] * question.objectives, sampler=self._sampler(question)
            )
            study.add_trials(
                [*self._known(question, distributions), *_at_work(question, distributions)]
            )
            asked = study.ask(distributions).params
        for name in distributions:
            interval = question.space[name]
            if isinstance(interval, Interval):
                point[name] = min(max(asked[name], interval.low), interval.high)
            else:
                point[name] = int(asked[name])
        return {name: point[name] for name in question.space}

    def _sampler(self, question: ProposalQuestion) -> BaseSampler:
        import optuna

        if self._name == "qmc":
            return _make_qmc(question, self._options)
        sampler: BaseSampler = getattr(optuna.samplers, _SAMPLERS[self._name])(
            seed=question.seed, **self._options
        )
        return sampler

    def _known(
        self, question: ProposalQuestion, distributions: Mapping[str, BaseDistribution]
    ) -> Iterator[FrozenTrial]:
        import optuna

        completed = 0
        for told in question.known:
            attributes: dict[str, Any] = {}
            if self._name == "nsga2" and told.values is not None:
                size = int(self._options.get("population_size", 50))
                key = optuna.samplers.NSGAIISampler._get_generation_key()
                attributes[key] = completed // size
                completed += 1
            yield _trial(told, distributions, attributes)


def _make_qmc(question: ProposalQuestion, options: Mapping[str, Any]) -> BaseSampler:
    """A QMC sampler positioned at the trial's number plus the number of refused proposals. Trial 0
    is taken from the sequence too."""
    import optuna

    class Numbered(optuna.samplers.QMCSampler):
        def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
            return {
                name: _distribution(one)
                for name, one in sorted(question.space.items())
                if not _is_single(one)
            }

        def _find_sample_id(self, study: Any, search_space: Any) -> int:
            return question.number + question.tries

    # Every point of the sequence is scrambled with the same seed.
    return Numbered(seed=question.search_seed, **options)


def check_options(name: str, sampler: Any, options: Mapping[str, Any]) -> None:
    """Raise Mistake for an option that the sampler's class does not have."""
    known = [one for one in inspect.signature(sampler.__init__).parameters if one != "self"]
    takes = [one for one in known if one not in _NOT_GIVEN]
    for option in options:
        where = f"hydra.sweeper.optimizer_options.{option}"
        if option == "seed":
            raise Mistake(f"{where}: each proposal has a seed of its own, from +random_seed")
        if option not in takes:
            raise Mistake(
                f"{where}: optimizer {name} has no such option; there are {', '.join(takes)}"
            )


def _is_single(one: Any) -> bool:
    return one.low == one.high if isinstance(one, Interval) else len(one) == 1


def _only(one: Any) -> float:
    return one.low if isinstance(one, Interval) else 0


def _distribution(one: Any) -> BaseDistribution:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if not isinstance(one, Interval):
        return CategoricalDistribution(list(range(len(one))))
    if one.int:
        return IntDistribution(int(one.low), int(one.high), log=one.log)
    return FloatDistribution(float(one.low), float(one.high), log=one.log)


def _trial(
    told: KnownTrial, distributions: Mapping[str, BaseDistribution], attributes: dict[str, Any]
) -> FrozenTrial:
    if told.values is None:
        return _frozen("FAIL", told.point, distributions)
    return _frozen("COMPLETE", told.point, distributions, list(told.values), attributes)


def _at_work(
    question: ProposalQuestion, distributions: Mapping[str, BaseDistribution]
) -> Iterator[FrozenTrial]:
    for running in question.running:
        yield _frozen("RUNNING", running.point, distributions)


def _frozen(
    state: str,
    point: Point,
    distributions: Mapping[str, BaseDistribution],
    values: list[float] | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> FrozenTrial:
    import optuna

    at = datetime.min  # no sampler reads the times
    return _kept_trial()(
        number=-1,
        state=optuna.trial.TrialState[state],
        value=None,
        values=values,
        datetime_start=at,
        datetime_complete=None if state == "RUNNING" else at,
        params={name: point[name] for name in distributions},
        distributions=dict(distributions),
        user_attrs={},
        system_attrs=dict(attributes or {}),
        intermediate_values={},
        trial_id=-1,
    )


@cache
def _kept_trial() -> type[FrozenTrial]:
    """Optuna's class of trials without deep copies: the study is the only user of these trials, and
    copying those of a long search took half of the time of a proposal."""
    from optuna.trial import FrozenTrial

    class Kept(FrozenTrial):
        def __deepcopy__(self, memo: object) -> FrozenTrial:
            return copy.copy(self)

    return Kept


#: Used to check that a sampler can be made.
_ANY_QUESTION = ProposalQuestion(
    space={}, objectives=1, known=(), running=(), number=0, seed=0, search_seed=0
)
