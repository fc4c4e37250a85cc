"""A store in Python: `from hydra_sweep_runner import Store`. It reads, and changes nothing.

>>> from hydra_sweep_runner import Store
>>> store = Store("runs")
>>> runs = store.runs(where="lr < 1", status="completed")
>>> [run.flags["lr"] for run in runs]
[0.1, 0.2]
>>> best = runs.best("loss")
>>> best.flags["lr"], best.scalars["loss"].last
(0.1, 0.25)
>>> best.series("loss")
[(0, 0.5), (1, 0.25)]
>>> best.log()
'step=0 loss=0.5\\nstep=1 loss=0.25\\n'
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, overload

from hydra_sweep_runner.commands.runs.files import files_of, folders_of
from hydra_sweep_runner.commands.runs.log import read_log
from hydra_sweep_runner.commands.runs.selecting import Asked, select_runs
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Flags, Input, Scalar, Value
from hydra_sweep_runner.query.columns import standard_columns
from hydra_sweep_runner.query.evaluate import value_of
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.query.sorting import sort_by
from hydra_sweep_runner.query.tree import Name, Scope
from hydra_sweep_runner.record.fields import Summary
from hydra_sweep_runner.record.job_output import output_folder
from hydra_sweep_runner.store import location
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.store.scalars import read_series
from hydra_sweep_runner.system.clock import now
from hydra_sweep_runner.terminal.render import render_flags, short

if TYPE_CHECKING:
    import pandas
    import polars

_ATTRIBUTES = (
    *("id", "operation", "kind", "status", "started", "stopped", "duration"),
    *("label", "tags", "step", "random_seed", "repeat"),
)
_MOST_SHOWN = 20


class Store:
    """The runs in a folder. Raises Mistake if `path` is given and is not a folder.

    Without a path it is the store that `runner runs` finds from the current folder.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        typed = None if path is None else os.fspath(path)
        project = Path.cwd() if path is not None else location.project_of(Path.cwd())
        found = location.store_path(
            project,
            typed=typed,
            environment=os.environ,
            in_yaml=location.store_in_yaml(project / "conf" / "config.yaml"),
        )
        if typed is not None and not found.is_dir():
            raise Mistake(f"there is no store {found}")
        self._store = RunStore.open(found, create=False)

    @property
    def path(self) -> Path:
        """The store's folder, absolute."""
        return self._store.root

    def runs(
        self,
        where: str | None = None,
        *,
        operation: str | None = None,
        status: str | Iterable[str] = (),
        kind: str | None = None,
        batch: str | None = None,
        step: str | None = None,
        label: str | None = None,
        tag: str | None = None,
        since: str | None = None,
    ) -> Runs:
        """The runs that meet all filters, newest first; the filters are those of `runner runs
        list`.

        Damaged records are left out. Raises Mistake for an invalid filter, and for a name in
        `where` that none of the runs selected by the other filters has, if those select any.
        """
        asked = Asked(
            operation=operation,
            status=(status,) if isinstance(status, str) else tuple(status),
            kind=kind,
            batch=batch,
            step=step,
            label=label,
            tag=tag,
            since=since,
            where=where,
        )
        found = select_runs(self._store, asked, now())
        return Runs(
            Run(self._store, seen.source) for seen in found if isinstance(seen.source, Summary)
        )

    def run(self, run_id: str) -> Run:
        """The run with this id, or the only one whose id begins so.

        Raises UnknownRun, AmbiguousRun or UnreadableRecord.
        """
        return Run(self._store, self._store.summary(self._store.resolve(run_id)))

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"


class _Flags(dict[str, Value]):
    """Flags by name. The error for a config group says where its choice is."""

    def __init__(self, flags: Flags, choices: Mapping[str, Value]) -> None:
        super().__init__(flags)
        self._choices = choices

    def __missing__(self, name: str) -> Value:
        if name in self._choices:
            raise KeyError(f"{name} is a config group: run.choices[{name!r}] is its choice")
        raise KeyError(name)


class Run:
    """One run, as it was when it was read."""

    def __init__(self, store: RunStore, summary: Summary) -> None:
        self._store = store
        self._summary = summary
        self._run = summary.run

    @property
    def id(self) -> str:
        """The id: 32 hexadecimal digits."""
        return self._run.id

    @property
    def operation(self) -> str:
        """The operation's name."""
        return self._run.operation.name

    @property
    def kind(self) -> str:
        """`run`, `trial` or `batch`."""
        return self._run.kind.value

    @property
    def status(self) -> str:
        """`pending`, `running`, `completed`, `error` or `terminated`."""
        return self._run.state.status.value

    @property
    def reason(self) -> str | None:
        """Why the run is `error` or `terminated`, in a line."""
        return self._run.state.reason

    @property
    def flags(self) -> Flags:
        """The flags by dotted name; for a batch, each given name with the list of its values."""
        return MappingProxyType(_Flags(self._run.flags, self._run.choices))

    @property
    def choices(self) -> Mapping[str, Value]:
        """The choices of config groups, by group: `mlp` for `model`, None where none was chosen;
        for a batch, each given group with the list of its choices."""
        return MappingProxyType(dict(self._run.choices))

    @property
    def scalars(self) -> Mapping[str, Scalar]:
        """The summaries of the reported scalars, by name."""
        return MappingProxyType(dict(self._run.scalars))

    @property
    def initialized(self) -> datetime:
        """The time of its creation, in UTC."""
        return self._run.state.initialized

    @property
    def started(self) -> datetime | None:
        """The time of its last start, in UTC."""
        return self._run.state.started

    @property
    def stopped(self) -> datetime | None:
        """The time of its end, in UTC."""
        return self._run.state.stopped

    @property
    def duration(self) -> float | None:
        """Seconds from start to end."""
        started, stopped = self.started, self.stopped
        return None if started is None or stopped is None else (stopped - started).total_seconds()

    @property
    def exit_status(self) -> int | None:
        """The operation's exit status."""
        return self._run.state.exit_status

    @property
    def label(self) -> str | None:
        """Its label."""
        return self._run.label

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return self._run.tags

    @property
    def note(self) -> str | None:
        """Its note."""
        return self._run.note

    @property
    def random_seed(self) -> int | None:
        """Its own seed, which it gets in RUNNER_RANDOM_SEED."""
        return self._run.random_seed

    @property
    def repeat(self) -> int | None:
        """Its number among the runs of one combination, from 0; None for a batch."""
        return None if self.kind == "batch" else self._summary.glance.repeat

    @property
    def batches(self) -> tuple[str, ...]:
        """The ids of the batches whose plan contains it."""
        return self._summary.batches

    @property
    def generated_by(self) -> str | None:
        """The id of the batch that generated it."""
        return self._run.generated_by

    @property
    def trials(self) -> tuple[str, ...]:
        """The ids of a batch's planned trials, in plan order."""
        return () if self._run.batch is None else self._run.batch.trials

    @property
    def step(self) -> str | None:
        """Its step in a pipeline; of a run that was made on its own, the one that a batch has taken
        it for."""
        return self._summary.step

    @property
    def inputs(self) -> Mapping[str, Input]:
        """Its inputs from other runs, by name."""
        return MappingProxyType(dict(self._run.inputs))

    @property
    def dir(self) -> Path:
        """Its folder, absolute."""
        return Path(self._summary.folder)

    @property
    def output_dir(self) -> Path | None:
        """The output folder of a Hydra program's job (of its batch, the sweep's folder), absolute;
        None for other runs, and while it is unknown."""
        return output_folder(self._run, self._store.root)

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of its files, in its output folder if it has one, else in its folder; sorted.
        Raises Mistake if the output folder is gone."""
        return tuple(file.path for file in files_of(folders_of(self._store, self._run)))

    def path(self, name: str) -> Path:
        """The absolute path of a file of the run, which need not exist: in the output folder of a
        Hydra program's job, otherwise in the run's folder.

        Raises Mistake for a name that leads out of the folder, and for a file that a batch lacks:
        its trials have the files.
        """
        folder = self.output_dir or self.dir
        path = Path(os.path.normpath(folder / name))
        if not path.is_relative_to(folder):
            raise Mistake(f"{name}: is not in the folder of run {short(self.id)}")
        if self._run.batch is not None and not os.path.lexists(path):
            raise Mistake(
                f"{name}: {short(self.id)} is a batch, and its trials have the files: "
                f"[run.path({name!r}) for run in store.runs(batch={short(self.id)!r})]"
            )
        return path

    def log(self) -> str:
        """The output of its last start, as `runner runs log` prints it; empty if there is none
        yet."""
        if self._run.batch is not None:
            return ""
        pieces = read_log(self._store, self._run, lambda _: None)
        return b"".join(pieces).decode("utf-8", "replace")

    def series(self, name: str) -> list[tuple[float, float]]:
        """Steps and values of a scalar, in the order of the reports; for a long series, an evenly
        spaced part. Raises Mistake if the run has not reported the scalar."""
        if name not in self._run.scalars:
            there = ", ".join(self._run.scalars) or "none"
            raise Mistake(f"run {short(self.id)} has no scalar {name}; there are: {there}")
        return read_series(self.dir, name)

    def result(self) -> Any:
        """The return value of its function; None if it returned nothing, or did not complete.

        If JSON cannot hold the result, this unpickles it, which can run any code that the file
        holds. Read such results only from stores that you trust.
        """
        result = self._run.result
        if result is None:
            return None
        return self._store.read_result(self.id) if result.stored else result.value

    def __repr__(self) -> str:
        shown = render_flags(self.flags, self._run.given, self._run.choices)
        return f"<Run {short(self.id)} {self.operation} {self.status} ({shown})>"


class Runs(Sequence[Run]):
    """A sequence of runs, which does not change."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self._runs = tuple(runs)

    @overload
    def __getitem__(self, place: int) -> Run: ...
    @overload
    def __getitem__(self, place: slice) -> Runs: ...
    def __getitem__(self, place: int | slice) -> Run | Runs:
        return Runs(self._runs[place]) if isinstance(place, slice) else self._runs[place]

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs)

    def best(self, scalar: str) -> Run:
        """The completed run with the least last value of a scalar or, with `-` before its name, the
        greatest.

        NaN is ignored. Raises Mistake if no completed run has reported the scalar.
        """
        maximize = scalar.startswith("-")
        name = Name(Scope.SCALAR, scalar.removeprefix("-"))
        completed = Runs(run for run in self._runs if run.status == "completed")
        ordered = sort_by(name, completed._seen(), descending=maximize)
        value = value_of(name, ordered[0]) if ordered else None
        if value is None or value != value:
            there = sorted({known for run in completed for known in run.scalars})
            what = ", ".join(there) or "none"
            raise Mistake(
                f"none of the {len(completed)} completed runs has a scalar {name.name}; "
                f"there are: {what}"
            )
        return next(run for run in self._runs if run.id == ordered[0].id)

    def to_pandas(self) -> pandas.DataFrame:
        """A data frame with one row a run: attributes, flags and the last values of scalars. Needs
        pandas."""
        try:
            import pandas
        except ImportError as error:
            raise ImportError("to_pandas() needs pandas: pip install pandas") from error
        return pandas.DataFrame(self._columns())

    def to_polars(self) -> polars.DataFrame:
        """The same as a polars data frame. Needs polars. Columns with values of different types
        become texts."""
        try:
            import polars
        except ImportError as error:
            raise ImportError("to_polars() needs polars: pip install polars") from error
        return polars.DataFrame(self._columns(), strict=False, infer_schema_length=None)

    def _seen(self) -> list[RunRow]:
        return [RunRow(run._summary) for run in self._runs]

    def _columns(self) -> dict[str, list[Any]]:
        seen = self._seen()
        columns: dict[str, list[Value | datetime]] = {
            column.title: [column.value(run) for run in seen]
            for column in standard_columns(seen, _ATTRIBUTES)
        }
        columns["started"] = [run.started for run in self._runs]
        columns["stopped"] = [run.stopped for run in self._runs]
        return columns

    def __repr__(self) -> str:
        shown = [repr(run) for run in self._runs[:_MOST_SHOWN]]
        more = len(self) - len(shown)
        return "\n".join([f"{len(self)} runs", *shown, *([f"… {more} more"] if more > 0 else [])])
