"""What the use cases need from the world, as protocols: a store, a reporter, a clock, a run's
configuration.

The implementations are `store.runs.RunStore`, `terminal.console.Console`,
`system.clock.now` and `compose.trial.TrialConfig`. Tests may pass their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from hydra_sweep_runner.model import Run, Unreadable

Stream = Literal["stdout", "stderr"]


class Clock(Protocol):
    """Gives the present time, aware and in UTC, never twice the same within a process."""

    def __call__(self) -> datetime: ...


class Store(Protocol):
    """The runs of a project: one folder each, the record in `<id>/.runner/record.json`.

    Any number of processes may read while others write; a record is replaced atomically,
    so a reader sees the old one or the new one, whole. Whoever changes a run that may be at
    work holds its claim.
    """

    @property
    def root(self) -> Path:
        """The store's folder, absolute."""
        ...

    def folder(self, run_id: str) -> Path:
        """A run's folder; whether it exists is another question."""
        ...

    def ids(self) -> list[str]:
        """The ids of all run folders, in no particular order."""
        ...

    def read(self, run_id: str) -> Run:
        """The run as recorded. Raises UnknownRun or UnreadableRecord."""
        ...

    def read_all(self) -> Iterator[Run | Unreadable]:
        """Every run in the store, in no particular order; damaged ones as Unreadable."""
        ...

    def resolve(self, prefix: str) -> str:
        """The id that begins with `prefix`. Raises UnknownRun, AmbiguousRun or Mistake."""
        ...

    def create(self, run: Run) -> None:
        """Make the run's folder and record appear at once. Raises StoreFailed."""
        ...

    def settle(self, run_ids: Sequence[str]) -> None:
        """Bring runs that were created to the disk. Raises StoreFailed."""
        ...

    def write(self, run: Run, *, durable: bool = True) -> None:
        """Replace the run's record; with `durable` it is on the disk on return."""
        ...

    def delete(self, run_ids: Sequence[str]) -> None:
        """Remove the runs' folders and all that is in them."""
        ...

    def claim(self, run_id: str) -> AbstractContextManager[None]:
        """Own the run while the context lasts. Raises Busy, telling who owns it."""
        ...

    def observe(self, run: Run, *, claimed: bool = False) -> Run:
        """The run as it really is: one recorded as running whose process is gone, or that
        the caller has claimed, is terminated."""
        ...

    def beats(self, run_id: str) -> bool:
        """Whether whoever owns the run was seen alive a short while ago, wherever it is."""
        ...

    def ask_to_stop(self, run_id: str) -> None:
        """Ask whoever owns the run, on whatever host, to stop it."""
        ...

    def is_asked_to_stop(self, run_id: str) -> bool:
        """Whether somebody has asked that since the run was claimed."""
        ...

    def keep_snapshot(self, files: Mapping[str, bytes]) -> str:
        """Keep a copy of the project's YAML files, by relative path, and return its name,
        a digest of paths and contents; what is kept already is not written again."""
        ...

    def snapshot_folder(self, name: str) -> Path:
        """The folder of a snapshot. Raises Mistake if the store has none of that name."""
        ...


class JobConfig(Protocol):
    """A run's composed configuration, in a form that is cheap to hand to another process."""

    def load(self) -> Any:
        """The whole configuration, Hydra's own node included, as a DictConfig."""
        ...

    def job(self) -> Any:
        """A copy of the configuration without Hydra's node."""
        ...

    def plain(self) -> dict[str, Any] | None:
        """The same as plain values, nested, where it holds no others; None where it may."""
        ...

    def write_files(self, folder: Path) -> None:
        """Write config.yaml, hydra.yaml and overrides.yaml to `folder`/.hydra, as Hydra
        does."""
        ...

    @property
    def needs_hydra(self) -> bool:
        """Whether anything outside Hydra's node, or the environment, can depend on it."""
        ...

    @property
    def log_settings(self) -> tuple[Any, Mapping[str, Any]] | None:
        """What the job's logging is (`compose.fast.logs.LogSettings`), with the settings
        below `hydra` that it depends on, if it depends on nothing else."""
        ...


class Reporter(Protocol):
    """Where the runner's lines and the operations' output go. Safe to call from threads."""

    def say(self, *lines: str) -> None:
        """Print lines of the runner's own, to standard error, nothing else in between."""
        ...

    def result(self, line: str) -> None:
        """Print a line of what was asked for, to standard output."""
        ...

    def output(self, stream: Stream, data: bytes) -> None:
        """Pass on a piece of an operation's output, unchanged."""
        ...

    def block(self, pieces: Iterable[tuple[Stream, bytes]]) -> None:
        """Pass on the whole output of one trial with nothing else in between."""
        ...

    def begin(self, total: int) -> None:
        """A batch of `total` trials is about to be executed."""
        ...

    def started(self) -> None:
        """One of them has started."""
        ...

    def ended(self, *, failed: bool) -> None:
        """One of those that started has ended."""
        ...

    def leave_terminal(self) -> None:
        """The terminal is gone: what would be printed there is printed nowhere from now on.
        For a signal handler."""
        ...

    def finish(self) -> None:
        """No more of them will be executed."""
        ...
