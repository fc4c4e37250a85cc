"""CMA-ES by the `cmaes` package; its generations are replayed for each proposal.

Optuna's sampler pickles its optimizer into attributes of trials. Here the optimizer is made anew
for each proposal and told the generations again, in plan order, so nothing is ever unpickled. As in
Optuna, a trial counts for the generation that it was proposed in. If that generation was over when
its result came, as can happen with several trials at once, it is ignored.

Trials of other optimizers, and runs told before the plan, determine the initial mean: it is the
best of them or, if there are enough, the distribution of the best tenth (M. Nomura et al., "Warm
Starting CMA-ES for Hyperparameter Optimization", AAAI 2021).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.planning.random_search import place_in_list, share
from hydra_sweep_runner.planning.space import Interval
from hydra_sweep_runner.search.optimizers.normalized import Cube
from hydra_sweep_runner.search.optimizers.optuna_samplers import check_options
from hydra_sweep_runner.search.optimizers.question import KnownTrial, ProposalQuestion
from hydra_sweep_runner.search.space import Point

#: With at least this many trials of other sources, their distribution is used.
_ENOUGH = 20

#: Keyword arguments of Optuna's sampler that are not supported, with the reason.
_NOT_HERE = {
    "consider_pruned_trials": "no trial is pruned here",
    "source_trials": "give batches as +warm_start=ID",
    "restart_strategy": "Optuna itself takes no notice of it any more",
    "inc_popsize": "Optuna itself takes no notice of it any more",
    "with_margin": "its samples cannot be made from a record",
    "x0": "give batches as +warm_start=ID",
    "warn_independent_sampling": "the runner tells what there is to tell",
}


class CmaEs:
    """CMA-ES over the intervals. Lists are drawn at random, because CMA-ES knows no categories."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Raises Mistake for unknown options."""
        import cmaes
        import optuna

        check_options("cmaes", optuna.samplers.CmaEsSampler, options)
        for option in options:
            if option in _NOT_HERE:
                raise Mistake(f"hydra.sweeper.optimizer_options.{option}: {_NOT_HERE[option]}")
        self._settings = _Settings(**options)
        self._settings.check()
        self.version = f"cmaes {cmaes.__version__}"

    def propose(self, question: ProposalQuestion) -> Point:
        """The next point to try."""
        import numpy as np

        cube = Cube(
            tuple(
                (name, one)
                for name, one in question.space.items()
                if isinstance(one, Interval) and one.low != one.high
            )
        )
        point = {name: _drawn(name, one, question) for name, one in question.space.items()}
        completed = sum(told.values is not None for told in question.known)
        if cube.intervals and completed >= self._settings.n_startup_trials:
            with np.errstate(all="ignore"):  # with two or three a generation it divides by zero
                state = self._replay(cube, question)
                state.reseed_rng(question.seed)
                point |= cube.point(state.ask())
        return point

    def _replay(self, cube: Cube, question: ProposalQuestion) -> Any:
        """The optimizer after all complete generations among the known trials."""
        own = [told.known_count for told in question.known if told.known_count is not None]
        first = min(own, default=len(question.known))
        source = [told for told in question.known[:first] if told.known_count is None]
        state = self._settings.make(cube, [one for one in source if one.values is not None])
        # Indexed by the number of known trials: the generation, None while trials are random.
        generation: list[int | None] = [0 if self._settings.n_startup_trials == 0 else None]
        solutions: list[tuple[Any, float]] = []
        completed = 0
        for told in question.known:
            asked_in = None if told.known_count is None else generation[told.known_count]
            if told.values is not None:
                completed += 1
                if asked_in == state.generation:
                    solutions.append(_solution(cube, told))
            if len(solutions) == state.population_size:
                state.tell(solutions)
                solutions = []
            random = completed < self._settings.n_startup_trials
            generation.append(None if random else state.generation)
        return state


def _solution(cube: Cube, told: KnownTrial) -> tuple[Any, float]:
    import numpy as np

    assert told.values is not None
    return np.array(cube.shares(told.point)), told.values[0]


def _drawn(name: str, one: Interval | Sequence[Any], question: ProposalQuestion) -> float:
    """A random value for a flag, by the proposal's own seed."""
    taken = share(question.seed, name, question.number)
    return one.at(taken) if isinstance(one, Interval) else place_in_list(taken, len(one))


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """The options, with the names of Optuna's `CmaEsSampler`."""

    popsize: int | None = None
    sigma0: float | None = None
    n_startup_trials: int = 1
    use_separable_cma: bool = False
    lr_adapt: bool = False

    def check(self) -> None:
        """Raise Mistake for combinations of values that no kind of CMA-ES has."""
        where = "hydra.sweeper.optimizer_options"
        for name in ("popsize", "n_startup_trials"):
            value = getattr(self, name)
            least = 2 if name == "popsize" else 0
            if value is not None and (type(value) is not int or value < least):
                raise Mistake(f"{where}.{name}={value}: must be an integer of at least {least}")
        if self.sigma0 is not None and (
            type(self.sigma0) not in (int, float) or not self.sigma0 > 0
        ):
            raise Mistake(f"{where}.sigma0={self.sigma0}: must be a number above 0")
        if self.lr_adapt and self.use_separable_cma:
            raise Mistake(f"{where}: lr_adapt and use_separable_cma exclude each other")

    def make(self, cube: Cube, source: Sequence[KnownTrial]) -> Any:
        """The optimizer before its first generation."""
        import cmaes
        import numpy as np

        dimensions = len(cube.intervals)
        mean, sigma, covariance = np.full(dimensions, 0.5), self.sigma0 or 1 / 6, None
        separable = self.use_separable_cma and dimensions > 1
        if len(source) >= _ENOUGH and not separable:
            mean, sigma, covariance = cmaes.get_warm_start_mgd(
                [_solution(cube, told) for told in source]
            )
            mean = np.clip(mean, 0.0, 1.0)
        elif source:
            mean = np.array(cube.shares(min(source, key=_value).point))
        common = {
            "mean": mean,
            "sigma": max(float(sigma), 1e-10),
            "bounds": np.array([[0.0, 1.0]] * dimensions),
            "n_max_resampling": 10 * dimensions,
            "population_size": self.popsize,
            "seed": 0,  # replaced before each sample
        }
        if separable:
            return cmaes.SepCMA(**common)
        return cmaes.CMA(**common, cov=covariance, lr_adapt=self.lr_adapt)


def _value(told: KnownTrial) -> float:
    assert told.values is not None
    return told.values[0]
