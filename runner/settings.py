"""Where the store is, and the little of a project's YAML that is read without Hydra."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.errors import Mistake

#: Names the store for all commands of a shell.
STORE_VARIABLE = "RUNNER_STORE"

DEFAULT_STORE = "runs"


def store_path(
    project_dir: Path, *, typed: str | None, environment: Mapping[str, str], in_yaml: str | None
) -> Path:
    """The store's folder: as typed, else as the environment says, else as YAML says, else
    `runs` in the project. A relative path is relative to the project."""
    named = typed or environment.get(STORE_VARIABLE) or in_yaml or DEFAULT_STORE
    return project_dir / Path(named).expanduser()


def store_in_yaml(config_file: Path) -> str | None:
    """`hydra.sweeper.store` of a primary config, without composing; None if it is not there.

    Interpolations in it are resolved. Raises Mistake for YAML that does not parse.
    """
    try:
        text = config_file.read_text(encoding="utf-8")
    except OSError:
        return None
    if "store" not in text:
        return None
    value = _dig(_parse(text, config_file), ("hydra", "sweeper", "store"))
    if isinstance(value, str) and "${" in value:
        from omegaconf import OmegaConf

        value = OmegaConf.create({"store": value}).store
    return None if value is None else str(value)


def _parse(text: str, path: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise Mistake(f"{path} does not parse: {said}") from error


def _dig(tree: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(key)
    return tree
