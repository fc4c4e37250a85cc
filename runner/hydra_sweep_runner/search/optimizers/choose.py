"""The optimizers, and the packages that each needs."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.search.objective import Objective
from hydra_sweep_runner.search.optimizers.of_project import ProjectsOwn
from hydra_sweep_runner.search.optimizers.question import Optimizer

#: The optimizers that need no results.
PLANNED = ("grid", "random")

#: The learning optimizers, with the extra and the packages that each needs.
LEARNING: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "tpe": ("optuna", ("optuna",)),
    "gp": ("gp", ("optuna", "torch", "scipy")),
    "cmaes": ("optuna", ("optuna", "cmaes")),
    "qmc": ("optuna", ("optuna", "scipy")),
    "nsga2": ("optuna", ("optuna",)),
}


#: What other tools call such methods.
_NAMES_IN_OTHER_TOOLS = {
    **dict.fromkeys(("bayes", "bayesian", "optuna", "hyperopt"), "tpe"),
    **dict.fromkeys(("bo", "gaussian", "botorch", "ax"), "gp"),
    **dict.fromkeys(("genetic", "evolution", "nsga"), "nsga2"),
    **dict.fromkeys(("sobol", "halton", "lhs"), "qmc"),
}


def is_learning(name: str) -> bool:
    """Whether the optimizer of this name proposes trials from results. Raises Mistake for a name
    that is neither one of the runner's nor a class's import path."""
    if name in PLANNED:
        return False
    if name in LEARNING:
        return True
    parts = name.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        word = name.lower()
        near = get_close_matches(word, (*PLANNED, *LEARNING), n=1)
        near = [_NAMES_IN_OTHER_TOOLS[word]] if word in _NAMES_IN_OTHER_TOOLS else near
        meant = f"did you mean {near[0]}? There are" if near else "there are"
        raise Mistake(
            f"+optimizer={name}: no optimizer of that name; {meant} "
            f"{', '.join((*PLANNED, *LEARNING))}, or a class as package.module.Class"
        )
    return True


def make_optimizer(
    name: str,
    options: Mapping[str, Any],
    objective: Objective,
    import_class: Callable[[str], Any],
) -> Optimizer:
    """The learning optimizer of this name, with its options. `import_class` imports a class of the
    project by its path.

    Raises Mistake for a missing extra, an option that the optimizer does not have, and several
    objectives for an optimizer that takes one.
    """
    if name not in LEARNING:
        return ProjectsOwn(name, import_class(name), options)
    extra, packages = LEARNING[name]
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise Mistake(
            f"+optimizer={name} needs {missing[0]}: pip install 'hydra-sweep-runner[{extra}]'"
        )
    if name == "cmaes":
        if len(objective.names) > 1:
            raise Mistake("+optimizer=cmaes takes one objective; nsga2, tpe and gp take several")
        from hydra_sweep_runner.search.optimizers.cma import CmaEs

        return CmaEs(options)
    from hydra_sweep_runner.search.optimizers.optuna_samplers import OptunaSampler

    return OptunaSampler(name, options)
