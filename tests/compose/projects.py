"""Config folders made of a few files, composed as the runner does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

from hydra_sweep_runner.compose.composer import Composer
from hydra_sweep_runner.compose.project import find_project, open_loader, set_defaults


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write text files by their path in a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).removeprefix("\n"), encoding="utf-8")


def open_composer(
    folder: Path, files: Mapping[str, str], hydra_overrides: Sequence[str] = ()
) -> Composer:
    """A composer of a project in `folder` whose `conf` holds these files."""
    write(folder / "conf", files)
    set_defaults()
    project = find_project(folder, None, None, None)
    return Composer(open_loader(project, "runner"), project.config_name, hydra_overrides)


def open_loader_of(folder: Path, files: Mapping[str, str]) -> Any:
    """Hydra's loader of such a project."""
    return open_composer(folder, files).loader
