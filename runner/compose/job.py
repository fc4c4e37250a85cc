"""Entering a run's configuration: HydraConfig, the files in `.hydra`, logging, environment.

This is the part of `hydra.core.utils.run_job` that an operation needs, in a form that a
worker can go through thousands of times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import configure_log, env_override
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from runner.compose.grammar import one_line
from runner.compose.reference import plain_scalar
from runner.errors import Mistake

#: Top-level nodes of a project's configuration that hold no flags.
NOT_FLAGS = ("hydra", "operation")


class Loads(Protocol):
    """Whatever can give a job's whole configuration."""

    def load(self) -> Any: ...


@contextmanager
def hydra_config(config: DictConfig) -> Iterator[DictConfig]:
    """Make `config` what HydraConfig and the `hydra:` resolver answer from; yields a copy
    of Hydra's node, under its name."""
    before = HydraConfig.instance().cfg
    HydraConfig.instance().set_config(config)
    try:
        hydra: Any = HydraConfig.instance().cfg
        yield hydra
    finally:
        HydraConfig.instance().cfg = before


def drop_nodes(config: DictConfig, *names: str) -> DictConfig:
    """Take top-level nodes out of a configuration, in place, and return it.

    (A shallow copy would not do: OmegaConf gives the copied nodes a new parent.)
    """
    with read_write(config), open_dict(config):
        for name in names:
            config.pop(name, None)
    return config


def _write_files(task: DictConfig, hydra: DictConfig, folder: Path) -> None:
    subdir = hydra.hydra.output_subdir
    if subdir is None:
        return
    place = folder / str(subdir)
    place.mkdir(parents=True, exist_ok=True)
    for name, part in (
        ("config.yaml", task),
        ("hydra.yaml", hydra),
        ("overrides.yaml", hydra.hydra.overrides.task),
    ):
        (place / name).write_text(OmegaConf.to_yaml(part), encoding="utf-8")


def write_job_files(config: Loads, folder: Path) -> None:
    """Write config.yaml, hydra.yaml and overrides.yaml where `hydra.output_subdir` says,
    below `folder`; nothing if it is null. The clock and the environment are not resolved."""
    whole = config.load()
    hydra = OmegaConf.masked_copy(whole, "hydra")
    _write_files(drop_nodes(whole, "hydra"), hydra, folder)


@contextmanager
def job_context(config: Loads, *, output_dir: str) -> Iterator[DictConfig]:
    """A job's surroundings as Hydra makes them; yields the configuration of its flags.

    The `.hydra` files are written to `output_dir`, the job's logging is configured and its
    `hydra.job.env_set` is in the environment while the context lasts.
    """
    whole = _load_for(config, output_dir)
    with hydra_config(whole) as hydra:
        task = drop_nodes(whole, "hydra")
        _write_files(task, hydra, Path(output_dir))
        configure_log(hydra.hydra.job_logging, hydra.hydra.verbose)
        environment: Any = OmegaConf.to_container(hydra.hydra.job.env_set, resolve=True)
        with env_override(environment):
            yield drop_nodes(task, *NOT_FLAGS)


def _load_for(config: Loads, output_dir: str) -> DictConfig:
    whole: DictConfig = config.load()
    with read_write(whole.hydra), open_dict(whole.hydra):
        whole.hydra.runtime.output_dir = output_dir
    return whole


@dataclass(frozen=True, kw_only=True)
class RealValues:
    """What a job's configuration resolves to, secrets and all: for the process that is
    started, never for a record.

    `flags` are nested as they are in the configuration; `arguments` are a command's;
    `environment` is `hydra.job.env_set`.
    """

    flags: Mapping[str, Any]
    arguments: Sequence[Any]
    environment: Mapping[str, str]


def real_values(config: Loads, output_dir: str) -> RealValues:
    """Resolve all that a job's process is started with.

    Raises Mistake, naming the flag, for one that is missing (`???`) or cannot be resolved.
    """
    whole = _load_for(config, output_dir)
    with hydra_config(whole) as hydra:
        try:
            command = OmegaConf.select(whole, "operation.command")
            arguments: Any = OmegaConf.to_container(command, resolve=True) if command else []
            environment: Any = OmegaConf.to_container(hydra.hydra.job.env_set, resolve=True)
            flags: Any = OmegaConf.to_container(
                drop_nodes(whole, *NOT_FLAGS), resolve=True, throw_on_missing=True
            )
        except MissingMandatoryValue as error:
            name = getattr(error, "full_key", None) or "a flag"
            raise Mistake(f"{name} has no value (???): give {name}=…") from error
        except (OmegaConfBaseException, ValueError) as error:
            name = getattr(error, "full_key", None) or "the configuration"
            said = one_line(error).split("; full_key")[0]
            raise Mistake(f"{name} cannot be resolved: {said}") from error
    return RealValues(
        flags={str(key): plain_scalar(value) for key, value in flags.items()},
        arguments=arguments,
        environment=environment,
    )
