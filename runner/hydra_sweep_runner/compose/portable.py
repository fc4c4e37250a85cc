"""A trial's configuration in a form for processes that were not forked from this one."""

from __future__ import annotations

import dataclasses
import hashlib
import pickle
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import cloudpickle
from hydra.core.plugins import Plugins
from hydra.core.utils import setup_globals
from omegaconf import DictConfig

from hydra_sweep_runner.compose.base import Base, register_base
from hydra_sweep_runner.compose.fast.changes import PlainValue
from hydra_sweep_runner.compose.fast.job_logging import LogSettings
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Value


@dataclass(frozen=True, eq=False)
class PackedBase:
    """A pickled Base, identified by its digest and unpickled once per process."""

    digest: str
    data: bytes


@dataclass(frozen=True, eq=False)
class PortableConfig:
    """A TrialConfig that pickles completely (a `JobConfig`). It is unpickled only when it is
    used."""

    base: PackedBase
    task: tuple[str, ...]
    values: tuple[str, ...]
    hydra: Mapping[str, Value]
    changes: Mapping[str, PlainValue] | None

    def load(self) -> DictConfig:
        """The whole configuration, as Hydra would hand it to this job."""
        return self._unpacked().load()

    def job(self) -> DictConfig:
        """The configuration without Hydra's node."""
        return self._unpacked().job()

    def plain(self) -> dict[str, Any] | None:
        """The same as nested plain values; None if some values may not be plain."""
        return self._unpacked().plain()

    @property
    def log_settings(self) -> tuple[LogSettings, Mapping[str, Value]] | None:
        """The job's logging settings, if they are known beforehand."""
        return self._unpacked().log_settings

    @property
    def needs_hydra(self) -> bool:
        """Whether any value outside Hydra's node, or the environment, may depend on it."""
        return self._unpacked().needs_hydra

    def write_files(self, folder: Path) -> None:
        """Write the files in `folder`/.hydra, as Hydra does."""
        self._unpacked().write_files(folder)

    def _unpacked(self) -> TrialConfig:
        base = _unpack(self.base)
        return TrialConfig(base, self.task, self.values, self.hydra, self.changes)


def portable(config: TrialConfig) -> PortableConfig:
    """The same configuration as a PortableConfig."""
    base = _pack(config.base)
    return PortableConfig(base, config.task, config.values, config.hydra, config.changes)


@cache
def prepare_process() -> None:
    """Register Hydra's resolvers and plugins, as composing with Hydra does."""
    setup_globals()
    Plugins.instance()


#: The bases packed in this process, by key, and those unpacked in it, by digest.
_PACKED: dict[int, PackedBase] = {}
_UNPACKED: dict[str, Base] = {}
_lock = threading.Lock()


def _pack(base: Base) -> PackedBase:
    """Pickle a base; classes of `__main__`, such as a program's structured configs, are pickled by
    value."""
    with _lock:
        if base.key not in _PACKED:
            fields = {each.name: getattr(base, each.name) for each in dataclasses.fields(base)}
            for name in ("whole", "job"):
                fields[name] = cloudpickle.dumps(pickle.loads(fields[name]))
            data = cloudpickle.dumps(fields)
            _PACKED[base.key] = PackedBase(hashlib.sha256(data).hexdigest(), data)
        return _PACKED[base.key]


def _unpack(packed: PackedBase) -> Base:
    with _lock:
        if packed.digest not in _UNPACKED:
            prepare_process()
            fields: dict[str, Any] = pickle.loads(packed.data)
            _UNPACKED[packed.digest] = register_base(fields)
        return _UNPACKED[packed.digest]
