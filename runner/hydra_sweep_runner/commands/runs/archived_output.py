"""The output folders of Hydra programs in an export. They lie outside the store; each goes along in
its run's own folder, where it stays after an import, so that nothing is written elsewhere."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from hydra_sweep_runner.model import Kind, Run
from hydra_sweep_runner.record import text as record_text
from hydra_sweep_runner.record.job_output import output_folder
from hydra_sweep_runner.store import disk, layout
from hydra_sweep_runner.store.archive.members import Member
from hydra_sweep_runner.store.archive.reading import inside
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import escape, first_few


class OutputFolders:
    """The output folders of exported runs, each with the reason why it stays behind, if it does."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._gone: list[str] = []
        self._too_large: list[str] = []

    def of(self, run: Run) -> Path | None:
        """The output folder that is to go along with a run. None if there is none, if it is in the
        run's folder already, and for a batch: its folder has those of its trials in it."""
        if run.kind is Kind.BATCH or run.job is None or run.job.taken_along:
            return None
        folder = output_folder(run, self._store.root)
        if folder is None:
            return None
        project = self._store.root.parent if run.job.project is None else Path(run.job.project)
        if any(one.is_relative_to(folder) for one in (self._store.root, project)):
            self._too_large.append(str(folder))
            return None
        if not folder.is_dir():
            if run.state.started is not None:
                self._gone.append(str(folder))
            return None
        return folder

    def lines(self) -> list[str]:
        """A line for each reason why output folders stay behind."""
        reasons = (
            (self._gone, "not there any more, and not exported"),
            (self._too_large, "holds the project or the store, and is not exported"),
        )
        return [
            f"Output folder {first_few([escape(path) for path in dict.fromkeys(paths)])}: {why}"
            for paths, why in reasons
            if paths
        ]


def with_output(
    members: Iterable[Member], run: Run, folder: Path, links: list[str]
) -> Iterator[Member]:
    """A run's members, with the files of its output folder; the record says where they are.
    Raises StoreFailed if the folder cannot be read."""
    assert run.job is not None
    text = record_text.to_text(replace(run, job=replace(run.job, taken_along=True))).encode()
    for member in members:
        if member.below == layout.RECORD:
            yield replace(member, size_bytes=len(text), open=partial(io.BytesIO, text))
        else:
            yield member
    with disk.failing("read", folder):
        yield from inside(folder, f"{run.id}/{layout.OUTPUT}", links)
