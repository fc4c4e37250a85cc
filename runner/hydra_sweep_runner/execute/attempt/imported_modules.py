"""Records the modules that a run imported from its project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from hydra_sweep_runner.model import Run
from hydra_sweep_runner.system.provenance import Digests

#: The most modules that a record keeps.
_MOST_MODULES = 1000

#: Files relative to the project, each with whether it changed while the run was running.
Imported = Iterable[tuple[str, bool]]


def with_imports(run: Run, imported: Imported, project_dir: str, digests: Digests) -> Run:
    """The run with digests of the imported files beside those of its operation's own files. The
    digest of a file that changed during the run is empty, because the code that ran is unknown."""
    own = run.provenance.sources
    kept: dict[str, str] = {}
    for name, is_changed in imported:
        if name not in own and len(kept) < _MOST_MODULES:
            digest = None if is_changed else digests.of(Path(project_dir, name))
            kept[name] = digest or ""
    if not kept:
        return run
    return replace(run, provenance=replace(run.provenance, imports=dict(sorted(kept.items()))))
