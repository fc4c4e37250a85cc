"""Run Hydra-configured experiments as batches that can be killed anywhere and resumed exactly.

`Store` reads what was recorded, `report` reports scalars from within a run, `Interval` is what
an optimizer of a project's own finds in its space. Each name is imported when it is asked for,
so that importing the package costs next to nothing.
"""

__version__ = "0.1.0"

__all__ = ["Interval", "Store", "__version__", "report"]

# What type checkers take for true; importing it from `typing` would cost more than all else.
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
