"""A trial's configuration on its way to a process that was not forked from this one."""

from __future__ import annotations

import dataclasses
import hashlib
import pickle
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cloudpickle
from hydra.core.plugins import Plugins
from hydra.core.utils import setup_globals
from omegaconf import DictConfig

from hydra_sweep_runner.compose.fast.changes import PlainValue
from hydra_sweep_runner.compose.fast.logs import LogSettings
from hydra_sweep_runner.compose.trial import Base, TrialConfig, take_in
from hydra_sweep_runner.model import Value


@dataclass(frozen=True, eq=False)
class PackedBase:
    """A base as bytes that any process with the same software can take out, told apart by
    their digest: they are taken out once a process."""

    digest: str
    data: bytes


@dataclass(frozen=True, eq=False)
class PortableConfig:
    """A TrialConfig that pickles whole (a `JobConfig`). Nothing of it is unpickled before it
    is asked for."""

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
        """The same as plain values, nested, where it holds no others."""
        return self._unpacked().plain()

    @property
    def log_settings(self) -> tuple[LogSettings, Mapping[str, Value]] | None:
        """What the job's logging is, as far as that is known beforehand."""
        return self._unpacked().log_settings

    @property
    def needs_hydra(self) -> bool:
        """Whether anything outside Hydra's node, or the environment, can depend on it."""
        return self._unpacked().needs_hydra

    def write_files(self, folder: Path) -> None:
        """Write the files in `folder`/.hydra, as Hydra does."""
        self._unpacked().write_files(folder)

    def _unpacked(self) -> TrialConfig:
        base = _unpack(self.base)
        return TrialConfig(base, self.task, self.values, self.hydra, self.changes)


def portable(config: TrialConfig) -> PortableConfig:
    """The same configuration in a form that travels."""
    base = _pack(config.base)
    return PortableConfig(base, config.task, config.values, config.hydra, config.changes)


@cache
def prepare_process() -> None:
    """Make Hydra's resolvers and plugins known, as they are where Hydra has composed."""
    setup_globals()
    Plugins.instance()


#: What has been packed here, by its base's key, and taken out here, by its digest.
_PACKED: dict[int, PackedBase] = {}
_UNPACKED: dict[str, Base] = {}
_lock = threading.Lock()


def _pack(base: Base) -> PackedBase:
    """Classes of `__main__`, as a program's structured configs may be, go along by value."""
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
            _UNPACKED[packed.digest] = take_in(fields)
        return _UNPACKED[packed.digest]
