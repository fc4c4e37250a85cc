"""Entering a run's configuration: HydraConfig, the files in `.hydra`, logging, environment.

This is the part of `hydra.core.utils.run_job` that an operation needs, in a form that a
worker can go through thousands of times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import configure_log, env_override
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from runner.compose.grammar import why_unresolved
from runner.compose.reference import plain_scalar
from runner.errors import Mistake

#: Top-level nodes of a project's configuration that hold no flags.
NOT_FLAGS = ("hydra", "operation")


class Loads(Protocol):
    """Whatever can give a job's configuration; `runner.compose.composer.TrialConfig` can."""

    def load(self) -> Any:
        """The whole of it, Hydra's node included."""
        ...

    def job(self) -> Any:
        """A copy without Hydra's node."""
        ...

    def write_files(self, folder: Path) -> None:
        """Write the files in `folder`/.hydra."""
        ...

    @property
    def needs_hydra(self) -> bool:
        """Whether anything outside Hydra's node can depend on it."""
        ...


@contextmanager
def hydra_config(config: DictConfig) -> Iterator[DictConfig]:
    """Make `config` what HydraConfig and the `hydra:` resolver answer from; yields what
    HydraConfig holds then: Hydra's node under its name.

    The same as HydraConfig.set_config, but the node is shared and not copied, so `config`
    must stay as it is while the context lasts.
    """
    singleton = HydraConfig.instance()
    before = singleton.cfg
    OmegaConf.set_readonly(config.hydra, True)
    held: Any = OmegaConf.create({})
    held._content["hydra"] = config._get_node("hydra")
    singleton.cfg = held
    try:
        yield held
    finally:
        singleton.cfg = before


def drop_nodes(config: DictConfig, *names: str) -> DictConfig:
    """Take top-level nodes out of a configuration, in place, and return it."""
    with read_write(config), open_dict(config):
        for name in names:
            config.pop(name, None)
    return config


@contextmanager
def job_context(config: Loads, *, output_dir: str) -> Iterator[DictConfig]:
    """A job's surroundings as Hydra makes them; yields the configuration of its flags.

    The `.hydra` files are written to `output_dir`, the job's logging is configured and its
    `hydra.job.env_set` is in the environment while the context lasts.
    """
    config.write_files(Path(output_dir))
    with hydra_config(config.load()) as held:
        configure_log(held.hydra.job_logging, held.hydra.verbose)
        environment: Any = OmegaConf.to_container(held.hydra.job.env_set, resolve=True)
        with env_override(environment):
            yield drop_nodes(config.job(), *NOT_FLAGS)


def keyword_arguments(flags: DictConfig) -> dict[str, Any]:
    """A configuration's top-level entries as a function's keyword arguments, resolved."""
    arguments: Any = OmegaConf.to_container(flags, resolve=True, throw_on_missing=True)
    return {str(name): value for name, value in arguments.items()}


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


def real_values(config: Loads) -> RealValues:
    """Resolve all that a job's process is started with.

    Raises Mistake, naming the flag, for one that is missing (`???`) or cannot be resolved.
    """
    task = config.job()
    surroundings = hydra_config(config.load()) if config.needs_hydra else nullcontext()
    with surroundings as hydra:
        try:
            command = OmegaConf.select(task, "operation.command")
            arguments: Any = OmegaConf.to_container(command, resolve=True) if command else []
            flags: Any = OmegaConf.to_container(
                drop_nodes(task, *NOT_FLAGS), resolve=True, throw_on_missing=True
            )
            environment: Any = {}
            if hydra is not None:
                environment = OmegaConf.to_container(hydra.hydra.job.env_set, resolve=True)
        except MissingMandatoryValue as error:
            name = getattr(error, "full_key", None) or "a flag"
            raise Mistake(f"{name} has no value (???): give {name}=…") from error
        except (OmegaConfBaseException, ValueError) as error:
            name = getattr(error, "full_key", None) or "the configuration"
            raise Mistake(f"{name} cannot be resolved: {why_unresolved(error, task)}") from error
    return RealValues(
        flags={str(key): plain_scalar(value) for key, value in flags.items()},
        arguments=arguments,
        environment=environment,
    )
