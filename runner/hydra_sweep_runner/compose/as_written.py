"""The entries of `operation` as they stand in the YAML, with their references to flags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf


def operation_as_written(config: DictConfig) -> dict[str, Any]:
    """The entries of the `operation` node that refer to flags (`requires: [${data}.txt]`), by name,
    and a command; those that are null are none."""
    held: Any = OmegaConf.to_container(config.operation, resolve=False)
    written = {name: value for name, value in held.items() if "${" in str(value)}
    if held.get("command") is not None:
        written["command"] = command_as_written(config)
    return written


def command_as_written(config: DictConfig) -> list[str]:
    """The words of a command as they are in the YAML, with their references to flags; options with
    their values as a mapping, `{--amp: ${amp}}`."""
    written: Any = config.operation._get_node("command")
    words: Any = OmegaConf.to_container(written) if OmegaConf.is_list(written) else [written]
    return [_options(word) if isinstance(word, dict) else str(word) for word in words]


def _options(entries: Mapping[Any, Any]) -> str:
    return f"{{{', '.join(f'{name}: {value}' for name, value in entries.items())}}}"
