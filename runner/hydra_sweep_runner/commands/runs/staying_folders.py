"""The output folders of Hydra programs that stay when runs are deleted: they lie outside the store,
and are not the runner's to remove."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from hydra_sweep_runner.model import Run
from hydra_sweep_runner.record.job_output import output_folder
from hydra_sweep_runner.terminal.render import escape, first_few


def staying_line(
    runs: Iterable[Run], store_root: Path, told: Collection[Path] = frozenset()
) -> str | None:
    """The line that names the output folders of these runs that are there; None if there are none.
    Folders in those that are `told` already are left out."""
    found: dict[Path, str] = {}
    for run in runs:
        folder = output_folder(run, store_root)
        if folder is None or run.job is None or run.job.taken_along:
            continue
        is_told = folder in found or not {folder, *folder.parents}.isdisjoint(told)
        if not is_told and folder.is_dir():
            found[folder] = escape(str(run.job.output_dir))
    if not found:
        return None
    what = "1 output folder" if len(found) == 1 else f"{len(found)} output folders"
    stay = "stays" if len(found) == 1 else "stay"
    return f"{what} of the program {stay}: {first_few(list(found.values()))}"
