"""Imports functions by their dotted names, and finds out how they can be called."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hydra_sweep_runner.execute import variables
from hydra_sweep_runner.execute.script.boot.imported import imported
from hydra_sweep_runner.operation.kinds.kind import Signature

# Packages that the worker itself needs: no module of a project can replace them.
_NEEDED = frozenset({"antlr4", "hydra", "hydra_plugins", "hydra_sweep_runner", "omegaconf", "yaml"})


class NotCallable(Exception):
    """The dotted name refers to an object that is no function; the message says what it is."""


def yield_names(project_dir: str) -> None:
    """Forget the libraries of this process whose names modules of a project have: importing such a
    name then imports the project's module, as in a process that has loaded nothing."""
    for entry in os.scandir(project_dir):
        name = entry.name.removesuffix(".py")
        is_package = os.path.isfile(os.path.join(entry.path, "__init__.py"))  # noqa: PTH113, PTH118
        if name not in sys.modules or not (entry.name.endswith(".py") or is_package):
            continue
        if name in sys.stdlib_module_names or name in _NEEDED or name == "__main__":
            continue
        file = getattr(sys.modules[name], "__file__", None) or ""
        if not file.startswith(entry.path):
            for loaded in [one for one in sys.modules if one.partition(".")[0] == name]:
                del sys.modules[loaded]


def import_function(target: str) -> Callable[..., Any]:
    """The function with the dotted name. The path of a class's method contains the class."""
    module_name, _, rest = target.rpartition(".")
    attributes = [rest]
    while True:
        try:
            found: Any = importlib.import_module(module_name)
            break
        except ModuleNotFoundError as error:
            parent, _, attribute = module_name.rpartition(".")
            if not parent or error.name != module_name:
                raise
            module_name, attributes = parent, [attribute, *attributes]
    for attribute in attributes:
        try:
            found = getattr(found, attribute)
        except AttributeError as error:
            raise AttributeError(f"{error}{_not_the_projects(found)}") from None
    if not callable(found):
        raise NotCallable(f"is no function but a {type(found).__name__}")
    return found  # type: ignore[no-any-return]


def _not_the_projects(found: object) -> str:
    """Advice if a module of the project has the name of one of Python's that is loaded already."""
    name = getattr(found, "__name__", "").partition(".")[0]
    own = os.path.abspath(f"{name}.py")  # noqa: PTH100 - what is imported stands there
    if name not in sys.stdlib_module_names or not os.path.isfile(own):  # noqa: PTH113
        return ""
    return f"; {getattr(found, '__file__', name)} is not the project's: rename the project's"


def signature_of(function: Callable[..., Any]) -> Signature:
    """How the function can be called, as far as Python knows."""
    source = getattr(inspect.getmodule(inspect.unwrap(function)), "__file__", None)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):  # builtins may have no signature
        return Signature(
            parameters=(), required=(), takes_config=False, takes_any=True, source_file=source
        )
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return Signature(
        parameters=tuple(p.name for p in named if p.kind is not p.POSITIONAL_ONLY),
        required=tuple(p.name for p in named if p.default is p.empty),
        takes_config=[p.name for p in parameters] == ["cfg"] and parameters == named,
        takes_any=any(p.kind is p.VAR_KEYWORD for p in parameters),
        source_file=source,
    )


class ProjectModules:
    """The project's modules in this process (`boot.imported`); searched again only after new
    imports."""

    def __init__(self) -> None:
        self._since_ns = time.time_ns()
        self._mark: tuple[int, str] = (0, "")
        self._found: Sequence[tuple[str, bool]] = ()

    def found(self, environment: Mapping[str, str], run_dir: str) -> Sequence[tuple[str, bool]]:
        """The modules of the project that are imported in this process after a run, by it or an
        earlier one; `environment` is the run's."""
        mark = (len(sys.modules), next(reversed(sys.modules), ""))
        if mark != self._mark:
            self._mark = mark
            project_dir = environment.get(variables.PROJECT_DIR, "")
            self._found = imported(project_dir, run_dir, self._since_ns)
        return self._found
