"""The code that a run is started with: git's commit, and digests of its source files."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from hydra_sweep_runner import __version__
from hydra_sweep_runner.model import Provenance

#: Files larger than this are not read.
LARGE_BYTES = 32 * 1024 * 1024

# Folders that hold no source code.
_NO_CODE = frozenset({"__pycache__", ".git", ".ipynb_checkpoints"})

#: Enough for a large checkout on a slow disk; after that the commit is recorded as unknown.
GIT_TIMEOUT_S = 20


def read_provenance(project_dir: Path, sources: Iterable[Path]) -> Provenance:
    """The present code of a project; `sources` are the operation's own files and folders."""
    commit, dirty = _git_state(project_dir)
    versions = {
        "python": platform.python_version(),
        "hydra-core": _hydra_version(),
        "runner": __version__,
    }
    return Provenance(
        commit=commit, dirty=dirty, sources=digests(project_dir, sources), versions=versions
    )


def digests(project_dir: Path, sources: Iterable[Path]) -> dict[str, str]:
    """The digest of each existing file and folder, by its path; paths inside the project are
    relative to it."""
    return {shown(path, project_dir): _digest(path) for path in sources if path.exists()}


class Digests:
    """Digests of files. A file is read again only if it has changed."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int, int], str]] = {}

    def of(self, path: Path) -> str | None:
        """The SHA-256 of a file; None if it cannot be read."""
        try:
            about = path.stat()
            mark = (about.st_mtime_ns, about.st_size, about.st_ino)
            known = self._known.get(path)
            if known is None or known[0] != mark:
                known = self._known[path] = (mark, _file_digest(path))
        except OSError:
            return None
        return known[1]


def changed_files(before: Provenance, now: Mapping[str, str]) -> list[str]:
    """Of all files that made a run, those whose digest is another one in `now`, and missing
    ones."""
    return [name for name, digest in before.files.items() if now.get(name) != digest]


def _digest(path: Path) -> str:
    """SHA-256 of a file, or of the paths and contents of all files in a folder.

    Size and mtime stand for the content of a file larger than LARGE_BYTES.
    """
    if not path.is_dir():
        return _file_digest(path)
    whole = hashlib.sha256()
    for root, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in _NO_CODE)
        for name in sorted(names):
            file = Path(root) / name
            if file.is_file() and not name.endswith(".pyc"):
                whole.update(f"{file.relative_to(path)}\0{_file_digest(file)}\n".encode())
    return whole.hexdigest()


def _file_digest(path: Path) -> str:
    about = path.stat()
    if about.st_size > LARGE_BYTES:
        return f"{about.st_size} bytes of {about.st_mtime_ns}"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _hydra_version() -> str:
    hydra = sys.modules.get("hydra")
    if hydra is not None:
        return str(hydra.__version__)
    from importlib import metadata  # slow to import, and rarely needed: Hydra is mostly loaded

    return metadata.version("hydra-core")


def shown(path: Path, project_dir: Path) -> str:
    """The name of a source file in a record: its path, relative to the project if inside it."""
    return str(path.relative_to(project_dir) if path.is_relative_to(project_dir) else path)


def _git_state(folder: Path) -> tuple[str | None, bool | None]:
    if not _may_have_repository(folder):
        return None, None
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


def _may_have_repository(folder: Path) -> bool:
    """Whether git could find a repository from this folder; starting git takes longer to tell."""
    real = folder.resolve()
    return "GIT_DIR" in os.environ or any(
        (parent / ".git").exists() for parent in (real, *real.parents)
    )


def code_changes(before: Provenance, now: Provenance) -> list[str]:
    """The differences between two states of an operation's own files that both know, and of the
    commit, each in a few words."""
    changes = [
        f"{name} differs"
        for name, digest in now.sources.items()
        if before.files.get(name, digest) != digest
    ]
    if before.commit is not None and now.commit is not None and before.commit != now.commit:
        changes.append(f"commit {before.commit[:8]}, now {now.commit[:8]}")
    return changes
