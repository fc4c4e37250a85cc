"""Sets up a job as Hydra does: HydraConfig, the files in `.hydra`, logging, environment.

This is the part of `hydra.core.utils.run_job` that an operation needs, fast enough for a worker to
run it thousands of times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import configure_log, env_override
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from hydra_sweep_runner.compose.fast.changes import NOT_FLAGS
from hydra_sweep_runner.compose.fast.job_logging import set_up_logging
from hydra_sweep_runner.compose.job_config import JobConfig
from hydra_sweep_runner.compose.reference import real_value
from hydra_sweep_runner.compose.resolution_errors import why_unresolved
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.operation.call import Values

_MISSING = re.compile(r"Missing mandatory value: ([\w.\[\]]+)")


class _HydraConfig(HydraConfig):
    """A HydraConfig whose configuration is loaded when it is first read."""

    load: Callable[[], Any] | None = None
    held: Any = None

    @property
    def cfg(self) -> Any:
        """The content of HydraConfig: Hydra's node under its name."""
        if self.load is not None:
            self.held, self.load = _held(self.load()), None
        return self.held

    @cfg.setter
    def cfg(self, value: Any) -> None:
        self.held, self.load = value, None


def _held(config: DictConfig) -> Any:
    OmegaConf.set_readonly(config.hydra, True)
    held: Any = OmegaConf.create({})
    held._content["hydra"] = config._get_node("hydra")
    return held


@contextmanager
def hydra_config(load: Callable[[], DictConfig]) -> Iterator[None]:
    """Set the configuration of HydraConfig and the `hydra:` resolver inside the context; `load` is
    called when one of them is first used.

    It differs from HydraConfig.set_config in time, and in that the node is shared, not copied; so
    do not change it inside the context.
    """
    singleton: Any = HydraConfig.instance()
    singleton.__class__ = _HydraConfig
    before = singleton.load, singleton.held
    singleton.load = load
    try:
        yield
    finally:
        singleton.load, singleton.held = before


def drop_nodes(config: DictConfig, *names: str) -> DictConfig:
    """Remove top-level nodes from a configuration, in place, and return it."""
    with read_write(config), open_dict(config):
        for name in names:
            config.pop(name, None)
    return config


@contextmanager
def job_context(config: JobConfig, *, output_dir: str, empty_logs: bool = False) -> Iterator[None]:
    """Run the context as Hydra runs a job.

    The `.hydra` files are written to `output_dir` and the job's logging is configured. Inside the
    context HydraConfig is set, and the environment contains `hydra.job.env_set`. Without
    `empty_logs` a log file may be created only when something is logged.
    """
    with hydra_config(config.load):
        config.write_files(Path(output_dir))
        known = config.log_settings
        if known is not None:
            set_up_logging(*known, empty=empty_logs)
        else:
            hydra: Any = HydraConfig.get()
            configure_log(hydra.job_logging, hydra.verbose)
        with env_override(_environment() if config.needs_hydra else {}):
            yield


def _environment() -> Any:
    return OmegaConf.to_container(HydraConfig.get().job.env_set, resolve=True)


def flags_config(config: JobConfig) -> DictConfig:
    """A job's configuration as its function gets it: only the flags."""
    return drop_nodes(config.job(), *NOT_FLAGS)


def keyword_arguments(config: JobConfig) -> dict[str, Any]:
    """The top-level entries of a job's flags as resolved keyword arguments for a function."""
    plain = config.plain()
    if plain is not None:
        return {name: value for name, value in plain.items() if name not in NOT_FLAGS}
    arguments: Any = OmegaConf.to_container(
        flags_config(config), resolve=True, throw_on_missing=True
    )
    return {str(name): value for name, value in arguments.items()}


def real_values(config: JobConfig, target_key: str) -> Values:
    """Resolve all values that a job's process is started with; `target_key` is the key of the
    `operation` node that has its target.

    Raises Mistake, naming the flag, for one that is missing (`???`) or cannot be resolved.
    """
    plain = config.plain()
    if plain is not None and not config.needs_hydra:
        operation = plain.pop("operation", None) or {}
        return Values(flags=plain, target=operation.get(target_key), environment={})
    task = config.job()
    with hydra_config(config.load) if config.needs_hydra else nullcontext():
        try:
            node = OmegaConf.select(task, f"operation.{target_key}")
            is_node = OmegaConf.is_config(node)
            target = OmegaConf.to_container(node, resolve=True) if is_node else node
            flags: Any = OmegaConf.to_container(
                drop_nodes(task, *NOT_FLAGS), resolve=True, throw_on_missing=True
            )
            environment = _environment() if config.needs_hydra else {}
        except MissingMandatoryValue as error:
            name = getattr(error, "full_key", None) or "a flag"
            raise Mistake(f"{name} has no value (???): give {name}=…") from error
        except (OmegaConfBaseException, ValueError) as error:
            missing = _MISSING.search(str(error))
            if missing is not None:
                raise Mistake(f"{missing[1]} has no value (???): give {missing[1]}=…") from error
            name = getattr(error, "full_key", None) or "the configuration"
            raise Mistake(f"{name} cannot be resolved: {why_unresolved(error, task)}") from error
    return Values(
        flags={str(key): real_value(value) for key, value in flags.items()},
        target=target,
        environment=environment,
    )
