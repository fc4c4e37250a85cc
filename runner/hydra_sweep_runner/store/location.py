"""Finds the store, and reads its setting in a project's YAML, `hydra.sweeper.store`, which needs no
Hydra."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.store import layout

#: The environment variable that sets the store for all commands of a shell.
STORE_VARIABLE = "RUNNER_STORE"

DEFAULT_STORE = "runs"

_STORE_KEYS = ("hydra", "sweeper", "store")


def store_path(
    project_dir: Path, *, typed: str | None, environment: Mapping[str, str], in_yaml: str | None
) -> Path:
    """The store's folder: as typed (`hydra.sweeper.store=` or `--store`), else from the
    environment, else from the YAML, else `runs` in the project. A relative path is relative to the
    project. Raises Mistake for an empty typed path (an empty variable is passed over), and for the
    home folder of an unknown user."""
    if typed is not None and not typed.strip():
        raise Mistake("the store's path is empty: name a folder")
    named = typed or environment.get(STORE_VARIABLE) or in_yaml or DEFAULT_STORE
    try:
        return project_dir / Path(named).expanduser()
    except RuntimeError as error:
        raise Mistake(f"the store {named}: there is no such user's home") from error


def project_of(folder: Path) -> Path:
    """The project of a folder: the nearest folder, from itself upward, that has a
    `conf/config.yaml` or a store named `runs`; the folder itself if there is none."""
    for each in (folder, *folder.parents):
        if (each / "conf" / "config.yaml").is_file() or is_store(each / DEFAULT_STORE):
            return each
    return folder


def project_of_program(program_dir: Path | None, folder: Path) -> Path:
    """The project of a Hydra program that lies in `program_dir` (None: unknown) and was started
    in `folder`.

    This looks upward from `program_dir` for a folder with a store named `runs`, and stops at the
    first that has `.git` or `conf/config.yaml`, or at `folder`. If none has one, the project is
    `folder`.
    """
    if program_dir is not None:
        for each in (program_dir, *program_dir.parents):
            if is_store(each / DEFAULT_STORE):
                return each
            is_root = (each / ".git").exists() or (each / "conf" / "config.yaml").is_file()
            if is_root or (each == folder and each != program_dir):
                break
    return folder


def is_store(folder: Path) -> bool:
    """Whether a folder is a store with at least one recorded run."""
    return (folder / layout.SNAPSHOTS).is_dir()


def store_in_yaml(config_file: Path) -> str | None:
    """`hydra.sweeper.store` of a primary config, read without composing; None if it is not set.

    Interpolations in it are resolved. Raises Mistake for YAML that does not parse, and for an
    interpolation that this file alone cannot resolve.
    """
    try:
        text = config_file.read_text(encoding="utf-8")
    except OSError:
        return None
    except UnicodeDecodeError as error:
        raise Mistake(f"{config_file} does not parse: it is not UTF-8") from error
    if "store" not in text:
        return None
    tree = _parse(text, config_file)
    value = _dig(tree, _STORE_KEYS)
    if isinstance(value, str) and "${" in value:
        value = _resolve(tree, config_file)
    if isinstance(value, (list, dict)):
        raise Mistake(f"{config_file}: {'.'.join(_STORE_KEYS)} must be one folder's path")
    return None if value is None else str(value)


def _resolve(tree: Any, path: Path) -> Any:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        return OmegaConf.select(OmegaConf.create(tree), ".".join(_STORE_KEYS))
    except OmegaConfBaseException as error:
        said = str(error).splitlines()[0]
        raise Mistake(
            f"{path}: {'.'.join(_STORE_KEYS)} cannot be resolved: {said}; name the store "
            f"with --store or ${STORE_VARIABLE}"
        ) from error


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
