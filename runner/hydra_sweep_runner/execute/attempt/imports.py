"""What a run has imported from its project, as its record keeps it."""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from hydra_sweep_runner.model import Run
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.system.provenance import Digests

#: Of more modules than this no more is kept.
_MOST_MODULES = 1000

#: Files relative to the project, each with whether it was changed while it was in use.
Imported = Iterable[tuple[str, bool]]


def take_imports(run_dir: Path) -> list[tuple[str, bool]]:
    """What a script has left word of at its end, which is removed; nothing if it has left none
    that can be read."""
    path = run_dir / layout.IMPORTS
    try:
        found: list[tuple[str, bool]] = marshal.loads(path.read_bytes())
        path.unlink()
    except (OSError, ValueError, EOFError, TypeError):
        return []
    return found


def with_imports(run: Run, imported: Imported, project_dir: str, digests: Digests) -> Run:
    """The run with digests of what it has imported beside its operation's own files. Of a file
    that was changed meanwhile nobody knows what ran: its digest is empty."""
    own = run.provenance.sources
    kept: dict[str, str] = {}
    for name, is_changed in imported:
        if name not in own and len(kept) < _MOST_MODULES:
            digest = None if is_changed else digests.of(Path(project_dir, name))
            kept[name] = digest or ""
    if not kept:
        return run
    return replace(run, provenance=replace(run.provenance, imports=dict(sorted(kept.items()))))
