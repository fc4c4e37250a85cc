"""Collects the scalars that one attempt reports, writes them to the run's folder and sums them
up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from hydra_sweep_runner.errors import StoreFailed
from hydra_sweep_runner.model import Scalar
from hydra_sweep_runner.scalars.form import Form
from hydra_sweep_runner.scalars.reported import reports_in
from hydra_sweep_runner.scalars.series import AllSeries, Reports
from hydra_sweep_runner.store.scalars import ReportedFile, SeriesFile

if TYPE_CHECKING:
    from hydra_sweep_runner.scalars.printed import Printed

# How many printed bytes are parsed together.
_LOT_BYTES = 1 << 16
# How many points one `look` writes; the calling thread does no other work meanwhile.
_MOST_AT_A_LOOK = 20_000


class Scalars:
    """The scalars of one attempt, from its beginning to its end.

    `keep` is called with the summaries during the attempt, if they have changed since the last
    `look`. All methods but `printed` raise StoreFailed.
    """

    def __init__(
        self, run_dir: Path, form: Form, keep: Callable[[Mapping[str, Scalar]], None]
    ) -> None:
        self._run_dir = run_dir
        self._keep = keep
        self._form = form
        self._printed: Printed | None = None
        self._pieces: list[tuple[int, bytes]] = []
        self._waiting_bytes = 0
        self._series = AllSeries()
        self._kept_changes = 0
        try:
            self._series_file = SeriesFile(run_dir)
            self._reported_file = ReportedFile(run_dir)
        except OSError as error:
            raise self._failed(error) from error

    def printed(self, stream: int, data: bytes) -> None:
        """Take in a piece printed on stream 0 (stdout) or 1 (stderr).

        Pieces are collected before they are parsed, because parsing many lines at once costs a
        fraction of parsing them one by one.
        """
        self._pieces.append((stream, data))
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= _LOT_BYTES:
            self._read_pieces()

    def look(self) -> None:
        """Read what the run has appended to its file, and write new points and summaries."""
        self._read_pieces()
        try:
            self._add_reported(self._reported_file.fresh())
            self._series_file.append(self._series, _MOST_AT_A_LOOK)
        except OSError as error:
            raise self._failed(error) from error
        if self._series.changes != self._kept_changes:
            self._kept_changes = self._series.changes
            self._keep(self._series.summaries())

    def finish(self, result: Mapping[str, float]) -> Mapping[str, Scalar]:
        """Take in the scalars of the result, which are the last, and return the summaries of
        all."""
        self._read_pieces()
        if self._printed is not None:
            for reports in self._printed.end():
                self._series.add(reports)
        try:
            self._add_reported(self._reported_file.fresh(at_end=True))
            for name, value in result.items():
                self._series.add(Reports(name, [value]))
            self._series_file.finish(self._series)
            self._reported_file.remove()
        except OSError as error:
            raise self._failed(error) from error
        return self._series.summaries()

    def _read_pieces(self) -> None:
        pieces, self._pieces, self._waiting_bytes = self._pieces, [], 0
        if not pieces:
            return
        if self._printed is None:
            # Its patterns take two milliseconds to compile; many a run prints nothing.
            from hydra_sweep_runner.scalars.printed import Printed

            self._printed = Printed(self._form)
        for stream, run in groupby(pieces, key=itemgetter(0)):
            for reports in self._printed.feed(stream, b"".join(data for _, data in run)):
                self._series.add(reports)

    def _add_reported(self, lines: bytes) -> None:
        for reports in reports_in(lines):
            self._series.add(reports)

    def _failed(self, error: OSError) -> StoreFailed:
        return StoreFailed(f"cannot keep the scalars of {self._run_dir}: {error.strerror or error}")
