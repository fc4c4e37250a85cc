"""Places inputs from other runs in a run's folder: links, copies, and files that describe them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from hydra_sweep_runner.execute.task import Placement, Upstream
from hydra_sweep_runner.store.layout import OWN


def place_inputs(store_root: Path, run_dir: Path, upstream: Upstream) -> None:
    """Make all inputs of a run anew, replacing whatever is in their place. Links are relative, so
    that they stay valid when the store is moved. Raises OSError."""
    for folder in upstream.folders:
        _clear(run_dir / folder)
        (run_dir / folder).mkdir(parents=True)
    for placement in upstream.placements:
        _place(store_root, run_dir, placement)
    for name, text in upstream.files.items():
        path = run_dir / name
        _clear(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _place(store_root: Path, run_dir: Path, placement: Placement) -> None:
    source, own = store_root / placement.source, run_dir / placement.name
    for parent in reversed(own.relative_to(run_dir).parents[:-1]):
        if (run_dir / parent).is_symlink():  # do not write through a link
            (run_dir / parent).unlink()
    _clear(own)
    own.parent.mkdir(parents=True, exist_ok=True)
    if not placement.copy:
        own.symlink_to(os.path.relpath(source, own.parent))
    elif source.is_dir():
        ignored = shutil.ignore_patterns(OWN)
        shutil.copytree(source, own, ignore=ignored, ignore_dangling_symlinks=True)
    else:
        shutil.copy2(source, own)


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def missing_output(run_dir: Path, promised: Mapping[str, str]) -> str | None:
    """The reason why a run with exit status 0 has failed nevertheless: the first promised file that
    it did not make. `promised` maps the files to the steps that take them."""
    for path, taker in promised.items():
        if not (run_dir / path).exists():
            return f"it has not made {path}, which {taker} takes from it"
    return None


def without_inputs(requires: Iterable[str], upstream: Upstream) -> tuple[str, ...]:
    """The names in `requires` that no input replaces under the same name."""
    taken = {placement.name for placement in upstream.placements}
    return tuple(name for name in requires if os.path.normpath(name) not in taken)
