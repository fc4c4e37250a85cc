"""Under which code a run is started: git's commit, and digests of its source files."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from hydra_sweep_runner import __version__
from hydra_sweep_runner.model import Provenance

#: Long enough for a large checkout on a slow disk; then the commit is left unknown.
GIT_TIMEOUT_S = 20


def read_provenance(project_dir: Path, sources: Iterable[Path]) -> Provenance:
    """The code of a project as it is now; `sources` are the operation's own files."""
    commit, dirty = _git_state(project_dir)
    digests = {
        _shown(path, project_dir): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sources
        if path.is_file()
    }
    versions = {
        "python": platform.python_version(),
        "hydra-core": _hydra_version(),
        "runner": __version__,
    }
    return Provenance(commit=commit, dirty=dirty, sources=digests, versions=versions)


def _hydra_version() -> str:
    hydra = sys.modules.get("hydra")
    if hydra is not None:
        return str(hydra.__version__)
    from importlib import metadata  # as long as all else here, and Hydra is there as a rule

    return metadata.version("hydra-core")


def _shown(path: Path, project_dir: Path) -> str:
    return str(path.relative_to(project_dir) if path.is_relative_to(project_dir) else path)


def _git_state(folder: Path) -> tuple[str | None, bool | None]:
    command = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=GIT_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None, None
    if done.returncode != 0:
        return None, None
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    heads = [line.removeprefix("# branch.oid ") for line in lines if "branch.oid " in line]
    commit = heads[0] if heads and heads[0] != "(initial)" else None
    return commit, any(not line.startswith("#") for line in lines)


def code_changes(before: Provenance, now: Provenance) -> list[str]:
    """What differs between two states of the code, each in a few words."""
    changes = [
        f"{name} differs"
        for name, digest in now.sources.items()
        if name in before.sources and before.sources[name] != digest
    ]
    if before.commit is not None and now.commit is not None and before.commit != now.commit:
        changes.append(f"commit {before.commit[:8]}, now {now.commit[:8]}")
    return changes
