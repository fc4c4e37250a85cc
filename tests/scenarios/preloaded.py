"""What a process imports that forks commands: all that a command would import by itself."""

from __future__ import annotations

import gc
import importlib.util
import pkgutil
import tempfile
import warnings
from collections.abc import Collection

#: Parts of the runner that few commands need, and that import large libraries.
_LEFT_OUT = ("__main__", "charts", "notebook", "page")


def preload(libraries: Collection[str] = ()) -> None:
    """Import the runner, Hydra and its plugins, parse a line of each grammar, and compose an
    empty configuration; import these libraries, too, if they are installed. With `distributed`
    these are the runner's modules about clusters as well.

    Nothing that is imported may depend on the environment, the folder or the time: commands
    are forked in others. That start-up imports little is tested in processes of their own.
    """
    import hydra_sweep_runner

    package = f"{hydra_sweep_runner.__name__}."
    left_out = _LEFT_OUT if "distributed" in libraries else (*_LEFT_OUT, "execute.cluster")
    for module in pkgutil.walk_packages(hydra_sweep_runner.__path__, package):
        if not module.name.removeprefix(package).startswith(left_out):
            importlib.import_module(module.name)
    for library in libraries:
        if importlib.util.find_spec(library) is not None:
            importlib.import_module(library)
    from hydra.core.plugins import Plugins
    from omegaconf.grammar_parser import parse as parse_value

    from hydra_sweep_runner.compose.overrides import parse_override

    Plugins.instance()
    parse_override("+x@y={a: 'b', c: [1,2.5]},null")
    parse_value("a/${b.c}/${oc.env:D,'e'}")
    _compose()
    gc.collect()
    gc.freeze()


def _compose() -> None:
    """Have Hydra compose, and put its state back: what stays is what Python and the libraries do
    the first time only, a sixth of a short command's time."""
    from hydra import compose, initialize_config_dir

    from hydra_sweep_runner.compose.hydra_state import HydraState

    before = HydraState()
    # Other warnings of Hydra's are about a program's own `version_base`.
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        with initialize_config_dir(folder):
            for _ in range(3):  # Python specializes what is called more than once
                compose(overrides=["+x={a: [1, b]}", "hydra/sweeper=runner"])
    before.put_back()
