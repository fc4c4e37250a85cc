"""What a process imports that forks commands: all that a command would import by itself."""

from __future__ import annotations

import copy
import gc
import importlib.util
import operator
import pickle
import pkgutil
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hydra.plugins.config_source import ConfigResult, ConfigSource
    from omegaconf import DictConfig

#: Parts of the runner that few commands need, and that import large libraries.
_LEFT_OUT = ("__main__", "charts", "notebook", "page")

#: What Optuna's samplers import when they are used first.
_ALSO = ("cmaes", "scipy.stats")


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
    for library in (*libraries, *(_ALSO if "optuna" in libraries else ())):
        if importlib.util.find_spec(library) is not None:
            importlib.import_module(library)
    from hydra.core.plugins import Plugins
    from omegaconf.grammar_parser import parse as parse_value

    from hydra_sweep_runner.compose.overrides import parse_override

    Plugins.instance()
    _parse_hydras_yaml_once()
    _merge_hydras_configs_once()
    parse_override("+x@y={a: 'b', c: [1,2.5]},null")
    parse_value("a/${b.c}/${oc.env:D,'e'}")
    _compose()
    gc.collect()
    gc.freeze()


def _parse_hydras_yaml_once() -> None:
    """Have what Hydra reads of its own package, the same files at each of its compositions, copied
    from what it has read before: a tenth of what a Hydra program takes."""
    from hydra._internal.sources_registry import SourcesRegistry

    kind = SourcesRegistry.instance().resolve("pkg")
    read, kept = kind.load_config, dict[tuple[str, str], bytes]()

    def load_config(self: ConfigSource, config_path: str) -> ConfigResult:
        if self.path != "hydra.conf":
            return read(self, config_path)
        key = (self.provider, config_path)
        if key not in kept:
            kept[key] = pickle.dumps(read(self, config_path))
        result: ConfigResult = pickle.loads(kept[key])
        return result

    kind.load_config = load_config


def _merge_hydras_configs_once() -> None:
    """Have what the runner merges of Hydra's own configs, the same at each of its compositions,
    copied from what was merged before: a fifth of what a command takes that runs nothing. Where a
    project or a program has configs of its own in Hydra's groups, it merges anew."""
    from hydra.core.config_store import ConfigStore

    from hydra_sweep_runner.compose.reading import ReadingLoader

    merge, kept = ReadingLoader._merge_hydras, dict[object, bytes | None]()
    stored = _nodes(ConfigStore.instance().repo["hydra"])

    def merge_hydras(self: ReadingLoader, defaults: list[Any], repo: Any) -> DictConfig | None:
        own = [one for one in repo.get_sources() if one.scheme() == "file"]
        present = _nodes(ConfigStore.instance().repo["hydra"])
        is_stored = len(present) == len(stored) and all(map(operator.is_, present, stored))
        if not is_stored or any(one.is_group("hydra") for one in own):
            return merge(self, defaults, repo)
        others = [f"{one.provider}={one.path}" for one in repo.get_sources() if one not in own]
        places = [f"{one.config_path}@{one.package}" for one in defaults]
        # Of Hydra's own node the runner changes no more than this and the defaults.
        key = (_hydras_node().job.chdir, *others, *places)
        if key not in kept:
            merged = merge(self, defaults, repo)
            kept[key] = None if merged is None else pickle.dumps(merged)
        pickled = kept[key]
        return None if pickled is None else pickle.loads(pickled)

    ReadingLoader._merge_hydras = merge_hydras  # type: ignore[method-assign]


def _nodes(tree: object) -> list[object]:
    """The leaves of a tree of dicts."""
    if isinstance(tree, dict):
        return [node for below in tree.values() for node in _nodes(below)]
    return [tree]


def _hydras_node() -> DictConfig:
    from hydra.core.config_store import ConfigStore

    node: DictConfig = ConfigStore.instance().repo["hydra"]["config.yaml"].node
    return node


def _compose() -> None:
    """Compose an empty project, and put Hydra's state back: what stays is what Python and the
    libraries do the first time only, and Hydra's own YAML, parsed. That is a third of what a
    command takes that runs nothing."""
    from hydra.types import RunMode

    from hydra_sweep_runner.compose.composer import Composer
    from hydra_sweep_runner.compose.hydra_state import HydraState
    from hydra_sweep_runner.compose.project import find_project, open_loader, set_defaults

    before = HydraState()
    with tempfile.TemporaryDirectory() as folder:
        conf = Path(folder, "conf")
        conf.mkdir()
        (conf / "config.yaml").write_text("x: {a: [1, b]}\n")
        project = find_project(Path(folder), None, None, None)
        node = _hydras_node()
        chdir, defaults = node.job.chdir, copy.deepcopy(node.defaults)
        set_defaults()
        composer = Composer(open_loader(project, "runner"), "config", [])
        for _ in range(3):  # Python specializes what is called more than once
            composer.compose(["x=2", "+y=3"], RunMode.RUN)
        node.job.chdir, node.defaults = chdir, defaults
        for chosen in (["hydra/sweeper=runner"], ["hydra/sweeper=runner", "hydra/launcher=runner"]):
            Composer(open_loader(project, "train"), "config", chosen).compose([], RunMode.RUN)
    before.put_back()
