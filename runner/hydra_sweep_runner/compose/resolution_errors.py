"""What OmegaConf says of a value that it cannot resolve, in one line and without secrets."""

from __future__ import annotations

import os
import re

from omegaconf import DictConfig, OmegaConf

_ADDRESS = re.compile(r"(full_key|object_type|reference_type)[:=]")

_NO_VARIABLE = re.compile(r"Environment variable '([^']*)' not found")


def why_unresolved(error: BaseException, config: DictConfig) -> str:
    """Why a value of a configuration cannot be resolved, in one line. If any value comes from the
    environment, OmegaConf's message may contain it and is not repeated."""
    said = one_line(error)
    if "oc.env" not in OmegaConf.to_yaml(config):
        return said
    missing = _NO_VARIABLE.search(said)
    if missing is not None and missing[1] not in os.environ.values():
        return missing[0]
    return f"{type(error).__name__} (its words are not shown: they may hold what oc.env gives)"


def lacks_variable(error: BaseException | None) -> bool:
    """Whether a value cannot be resolved because a variable of the environment is not set."""
    return error is not None and _NO_VARIABLE.search(str(error)) is not None


def one_line(error: BaseException) -> str:
    """An error's message in one line, without the node's path that OmegaConf adds."""
    told = ""
    for line in filter(None, (line.strip() for line in str(error).splitlines())):
        if _ADDRESS.match(line):
            break
        joint = "" if not told else " " if told.endswith((":", ",", ".", ";")) else "; "
        told += joint + line
    return told or type(error).__name__
