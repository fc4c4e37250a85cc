"""What `hydra.job.env_copy` copies of the environment into a configuration."""

from __future__ import annotations

import os

from omegaconf import DictConfig, open_dict, read_write


def refer_to_environment(config: DictConfig) -> DictConfig:
    """Put references in the place of the values that were copied, in place, and return the
    configuration: files are written of it. A value that this process's environment does not
    have stays, since it is here that a reference is resolved."""
    job = config.hydra.job
    with read_write(config.hydra), open_dict(config.hydra):
        for name in job.env_copy or ():
            if os.environ.get(name) == job.env_set.get(name):
                job.env_set[name] = f"${{oc.env:{name}}}"
    return config
