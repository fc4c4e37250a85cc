"""Run Hydra-configured experiments as batches that can be killed anywhere and resumed exactly.

`Store` reads recorded runs, `report` reports scalars from inside a run, and `Interval` is the type
of intervals in the space of a project's own optimizer. Each name is imported when it is used, so
that importing the package costs next to nothing.
"""

__version__ = "0.1.0"

__all__ = ["Interval", "Store", "__version__", "report"]

# Type checkers treat this as true; importing it from `typing` would take most of the import time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from hydra_sweep_runner.notebook import Store
    from hydra_sweep_runner.planning.space import Interval
    from hydra_sweep_runner.reporting import report

_HOMES = {
    "Interval": "hydra_sweep_runner.planning.space",
    "Store": "hydra_sweep_runner.notebook",
    "report": "hydra_sweep_runner.reporting",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(home), name)
