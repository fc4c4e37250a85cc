"""Keeps values of the environment out of files: `hydra.job.env_copy` and `env_set` as
references."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

from hydra.core import utils
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

#: The variables that jobs set by a reference, with the reference.
_references: dict[str, str] = {}


def refer_to_environment(config: DictConfig) -> DictConfig:
    """Replace copied values by references, in place, and return the configuration, which will be
    written to files. A value that this process's environment does not have stays, because
    references are resolved in this environment."""
    job = config.hydra.job
    with read_write(config.hydra), open_dict(config.hydra):
        for name in job.env_copy or ():
            if os.environ.get(name) == job.env_set.get(name):
                job.env_set[name] = f"${{oc.env:{name}}}"
    written = OmegaConf.to_container(job.env_set, resolve=False)
    if isinstance(written, dict):
        found = {str(k): text for k, text in written.items() if "${oc.env:" in str(text)}
        if found:
            _references.update(found)
            _save_references()
    return config


def _save_references() -> None:
    """Make Hydra write references to `.hydra/hydra.yaml`: from 1.4 on it resolves `env_set` before
    it writes that file."""
    save: Any = utils._save_config
    if hasattr(save, "__wrapped__"):
        return

    @functools.wraps(save)
    def saving(cfg: Any, filename: str, output_dir: Path) -> None:
        if filename == "hydra.yaml":
            env_set = cfg.hydra.job.env_set
            with read_write(env_set), open_dict(env_set):
                before = {name: env_set[name] for name in env_set}
                _refer(env_set)
                save(cfg, filename, output_dir)
                env_set.update(before)
        else:
            save(cfg, filename, output_dir)

    utils._save_config = saving


def _refer(env_set: DictConfig) -> None:
    for name, reference in _references.items():
        if name in env_set and _may_be(reference, env_set[name]):
            env_set[name] = reference


def _may_be(reference: str, value: str) -> bool:
    """Whether this job's value may come from the reference, and not from another job's."""
    try:
        return bool(OmegaConf.create({"value": reference}).value == value)
    except OmegaConfBaseException:  # the reference needs more than the environment
        return True
