"""Reads a project's files while Hydra composes: each file once, each environment variable once.

All configurations of a start are composed from the same bytes, and these are kept with the run: an
edit between two compositions, or between the last one and the copy, has no effect. The same applies
to environment variables that a defaults list or a search path refers to: they determine which files
are read, so a restart uses their recorded values together with the copy.
"""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy as shallow
from pathlib import Path
from typing import Any, NamedTuple

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from omegaconf import DictConfig, OmegaConf
from omegaconf.basecontainer import BaseContainer

from hydra_sweep_runner.compose.job_environment import refer_to_environment
from hydra_sweep_runner.compose.project import (
    COMMAND_LINE,
    LEFT_OUT,
    MAIN,
    SEARCHPATH,
    folder_of,
    read_snapshot,
)
from hydra_sweep_runner.compose.yaml_files import Found, UnreadableYaml, beside, read_bytes, search


class Reading:
    """The files of a project's own sources, by name of the source and path in it, and the
    environment variables that were read. Each keeps the value of its first reading.

    `copy` is the kept copy that the sources are in, if they are. `last` is the file read last.
    """

    def __init__(self, copy: Path | None = None) -> None:
        self.copy = copy
        self.last: str | None = None
        self._folders: dict[str, Path] = {}
        self._found: dict[str, Found] = {}
        self._on_demand: dict[str, dict[str, bytes]] = {}
        self._beside: dict[tuple[str, str], Found] = {}
        self._environment: dict[str, str | None] = {}

    def __deepcopy__(self, _: Any) -> Reading:
        return self  # shared: Hydra copies its sources for each composition

    def add(self, name: str, folder: Path) -> None:
        """Add a source under a name. Its files are read when they are needed."""
        self._folders.setdefault(name, folder)

    def read(self, name: str, path: str) -> bytes:
        """A file of a source. Raises UnreadableYaml."""
        self.last = os.path.join(self._folders[name], path)  # noqa: PTH118 - `..` follows links
        path = os.path.normpath(path)
        known = self._search(name).files.get(path)
        if known is not None:
            return known
        more = self._on_demand.setdefault(name, {})
        if path not in more:
            more[path] = read_bytes(os.path.realpath(self.last))
        return more[path]

    def has(self, name: str, path: str) -> bool:
        """Whether a file of a source is known; it may have been removed since."""
        path = os.path.normpath(path)
        return path in self._search(name).files or path in self._on_demand.get(name, ())

    def files(self) -> dict[str, bytes]:
        """All files of a copy, by path in it: the sources' YAML, and the list of what is left
        out."""
        if self.copy is not None:
            return read_snapshot(self.copy)
        files: dict[str, bytes] = {}
        left_out: dict[str, str] = {}
        for name, folder in self._folders.items():
            more = self._on_demand.get(name, {})
            for found in self._all_found(name, folder, more):
                files |= {f"{name}/{path}": data for path, data in found.files.items()}
                left_out |= {f"{name}/{path}": why for path, why in found.left_out.items()}
            for path, data in more.items():
                # A config in `../shared/base` is beside the source in a copy, too.
                files[os.path.normpath(f"{name}/{path}")] = data
        outside = [path for path in files if path.startswith(("/", ".."))]
        left_out |= dict.fromkeys(outside, "too far outside of the configuration's folder")
        kept = {path: data for path, data in files.items() if path not in outside}
        if left_out:
            lines = (f"{path}: {why}\n" for path, why in sorted(left_out.items()))
            kept[LEFT_OUT] = "".join(lines).encode("utf-8", "surrogateescape")
        return kept

    def _all_found(self, name: str, folder: Path, read: Iterable[str]) -> Iterator[Found]:
        found = self._search(name)
        if not found.ended_early:
            yield found
            return
        yield Found(left_out={"": "too large a folder: what lies beside what was read is kept"})
        for parent in sorted({path.rpartition("/")[0] for path in read}):
            if (name, parent) not in self._beside:
                self._beside[name, parent] = beside(folder, parent)
            yield self._beside[name, parent]

    @property
    def environment(self) -> Mapping[str, str | None]:
        """The variables that were read, with their values; None for one that is not set."""
        return dict(self._environment)

    def use_environment(self, environment: Mapping[str, str | None]) -> None:
        """Use these variables as if they had been read."""
        self._environment.update(environment)

    def note(self, variable: str) -> None:
        """Note a variable's value, unless it is known."""
        self._environment.setdefault(variable, os.environ.get(variable))

    def _search(self, name: str) -> Found:
        if name not in self._found:
            self._found[name] = search(self._folders[name])
        return self._found[name]


class ReadingLoader(ConfigLoaderImpl):
    """Hydra's loader; reads a project's own sources through a Reading."""

    def __init__(self, path: ConfigSearchPath, reading: Reading) -> None:
        super().__init__(path)
        self.reading = reading
        self.repository = _Repository(path, reading)
        #: Hydra's own configs that were merged, pickled; None for what cannot be pickled.
        self._merged: dict[tuple[str, ...], bytes | None] = {}

    def _load_configuration_impl(self, *args: Any, **keywords: Any) -> Any:
        with _environment(self.reading.environment), _noting(self.reading.note):
            return super()._load_configuration_impl(*args, **keywords)

    def load_sweep_config(self, *args: Any, **keywords: Any) -> Any:
        """A job's configuration for a launcher that composes it where the job runs and writes it to
        files."""
        return refer_to_environment(super().load_sweep_config(*args, **keywords))

    def _compose_config_from_defaults_list(self, defaults: list[Any], repo: Any) -> Any:
        # Variables that values read from here on do not affect the defaults list.
        _stop_noting()
        count = next((n for n, one in enumerate(defaults) if not _is_hydras(one)), len(defaults))
        merged = self._merge_hydras(defaults[:count], repo)
        if merged is not None:
            defaults = [_Merged(merged), *defaults[count:]]
        return super()._compose_config_from_defaults_list(defaults, repo)

    def _merge_hydras(self, defaults: list[Any], repo: Any) -> DictConfig | None:
        """Hydra's own configs that most compositions begin with, merged; they are most of what is
        merged, so later compositions get a copy. None if there is none, because they cannot be
        pickled: Hydra 1.3 imports plugins twice, so the class of a plugin's settings may not be the
        one that its module has."""
        sources = [f"{one.provider}={one.path}" for one in repo.get_sources()]
        key = (*sources, *(f"{one.config_path}@{one.package}" for one in defaults))
        if key in self._merged:
            pickled = self._merged[key]
            return None if pickled is None else pickle.loads(pickled)
        config: DictConfig = super()._compose_config_from_defaults_list(defaults, repo)
        try:
            self._merged[key] = pickle.dumps(config)
        except (pickle.PicklingError, AttributeError, TypeError):
            self._merged[key] = None
        return config

    def _load_single_config(self, default: Any, repo: Any) -> ConfigResult:
        if isinstance(default, _Merged):
            return ConfigResult(provider="", path="", config=default.config, header={})
        result: ConfigResult = super()._load_single_config(default=default, repo=repo)
        return result


class _Merged(NamedTuple):
    """Stands in a defaults list for the configs that were merged into this one."""

    config: DictConfig
    config_path: str = "hydra"


def _is_hydras(default: Any) -> bool:
    """Whether an entry of a defaults list is in Hydra's own config group."""
    return bool(str(default.config_path).startswith("hydra/")) and not default.primary


def reading_loader(loader: ConfigLoader, reading: Reading) -> ReadingLoader:
    """A loader for the same search path that reads through a Reading."""
    return ReadingLoader(loader.get_search_path(), reading)


@contextmanager
def _environment(values: Mapping[str, str | None]) -> Iterator[None]:
    """Set these environment variables, or unset them (None), inside the context."""
    before = {name: os.environ.get(name) for name in values}
    _set_environment(values)
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


class _Noting:
    """The resolver `oc.env`, which first reports each variable."""

    def __init__(self, real: Callable[..., Any], note: Callable[[str], None]) -> None:
        self.real = real
        self._note = note

    def __call__(self, config: Any, parent: Any, node: Any, args: Any, texts: Any) -> Any:
        if args:
            self._note(str(args[0]))
        return self.real(config, parent, node, args, texts)


@contextmanager
def _noting(note: Callable[[str], None]) -> Iterator[None]:
    """Report each variable that `oc.env` reads, inside the context or until `_stop_noting`."""
    registry = BaseContainer._resolvers
    registry["oc.env"] = _Noting(registry["oc.env"], note)
    try:
        yield
    finally:
        _stop_noting()


def _stop_noting() -> None:
    registry = BaseContainer._resolvers
    resolver = registry["oc.env"]
    if isinstance(resolver, _Noting):
        registry["oc.env"] = resolver.real


#: Pickled configs, by provider, package and path.
_Loaded = dict[tuple[str, str, str], bytes]
_HYDRAS_LOADED: _Loaded = {}


class _Repository(ConfigRepository):
    """Hydra's repository; reads the project's own sources through a Reading."""

    def __init__(self, path: ConfigSearchPath, reading: Reading) -> None:
        self._reading = reading
        self._loaded: _Loaded = {}
        super().__init__(path)

    def __deepcopy__(self, _: Any) -> _Repository:
        # Hydra copies the repository for each composition, to open other sources in the copy.
        copied = shallow(self)
        copied.sources = list(self.sources)
        return copied

    def initialize_sources(self, config_search_path: ConfigSearchPath) -> None:
        """Open the sources of a search path."""
        super().initialize_sources(config_search_path)
        others = 0
        sources: list[ConfigSource] = []
        for source in self.sources:
            name = source.provider if source.provider in (MAIN, COMMAND_LINE) else None
            if source.provider.startswith(SEARCHPATH):
                name, others = f"searchpath-{others}", others + 1
            folder = None if name is None else folder_of(source.scheme(), source.path)
            if name is not None and folder is not None and folder.is_dir():
                self._reading.add(name, folder)
                source = _ReadOnce(source, name, self._reading)
            elif source.scheme() == "pkg":
                source = _OfPackage(source, self._loaded)
            sources.append(source)
        self.sources = sources


class _DelegatingSource(ConfigSource):
    """Does what another source does; subclasses replace its loading."""

    def __init__(self, source: ConfigSource) -> None:
        self.provider = source.provider
        self.path = source.path
        self._source = source

    def scheme(self) -> str:  # type: ignore[override]
        return self._source.scheme()

    def load_config(self, config_path: str) -> ConfigResult:
        return self._source.load_config(config_path)

    def available(self) -> bool:
        return self._source.available()

    def is_group(self, config_path: str) -> bool:
        return self._source.is_group(config_path)

    def is_config(self, config_path: str) -> bool:
        return self._source.is_config(config_path)

    def list(self, config_path: str, results_filter: Any) -> list[str]:
        return self._source.list(config_path, results_filter)


class _OfPackage(_DelegatingSource):
    """A source of files in a package, mostly Hydra's own. They are parsed once for all
    compositions by a loader, Hydra's own once in a process. `loaded` holds them."""

    def __init__(self, source: ConfigSource, loaded: _Loaded) -> None:
        super().__init__(source)
        self._loaded = _HYDRAS_LOADED if source.path == "hydra.conf" else loaded

    def load_config(self, config_path: str) -> ConfigResult:
        key = (self.provider, self.path, config_path)
        if key not in self._loaded:
            self._loaded[key] = pickle.dumps(self._source.load_config(config_path))
        result: ConfigResult = pickle.loads(self._loaded[key])
        return result


class _ReadOnce(_DelegatingSource):
    """A source of files whose contents come from a Reading."""

    def __init__(self, source: ConfigSource, name: str, reading: Reading) -> None:
        super().__init__(source)
        self._name = name
        self._reading = reading

    def load_config(self, config_path: str) -> ConfigResult:
        path = self._normalize_file_name(config_path)
        try:
            data = self._reading.read(self._name, path)
        except UnreadableYaml as error:
            raise ConfigLoadError(f"{self._reading.last}: {error}") from error
        # As Hydra's own source of files does.
        with io.TextIOWrapper(_NamedBytes(data, self._reading.last), encoding="utf-8") as file:
            header = self._get_header_dict(file.read(512))
            file.seek(0)
            config: Any = OmegaConf.load(file)
        return ConfigResult(
            config=config, path=self.full_path(), provider=self.provider, header=header
        )

    def is_config(self, config_path: str) -> bool:
        known = self._reading.has(self._name, self._normalize_file_name(config_path))
        return known or self._source.is_config(config_path)


class _NamedBytes(io.BytesIO):
    """Bytes with a file's name, which YAML's error messages contain."""

    def __init__(self, data: bytes, name: str | None) -> None:
        super().__init__(data)
        self.name = name
