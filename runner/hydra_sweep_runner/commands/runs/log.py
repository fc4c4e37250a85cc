"""`runner runs log`: a run's output, to its present end or as it comes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from hydra_sweep_runner.errors import Mistake, StoreFailed, UnknownRun
from hydra_sweep_runner.model import Run, Status
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.store.second_names import second_name
from hydra_sweep_runner.terminal.render import short

_CHUNK_BYTES = 1 << 16


def check_has_log(run: Run) -> None:
    """Raise Mistake for a batch, which has no output of its own."""
    if run.batch is not None:
        raise Mistake(
            f"{short(run.id)} is a batch, which prints nothing itself: give the id of one of its "
            f"trials, which runner runs show {short(run.id)} lists"
        )


def read_log(store: RunStore, run_id: str) -> Iterator[bytes]:
    """The output of a run's last start, in pieces; empty if there is none yet.

    Raises StoreFailed if it cannot be read.
    """
    log = open_log(store, run_id)
    if log is not None:
        try:
            yield from _rest(log)
        finally:
            os.close(log)


def follow_log(store: RunStore, run_id: str, wait: Callable[[], object]) -> Iterator[bytes]:
    """The output of a run, in pieces as they come, until the run has ended.

    If another attempt begins a new log, that one follows. A run that was never started is waited
    for while the batch that generated it is running. `wait` is called between checks. Raises
    StoreFailed.
    """
    log: int | None = None
    try:
        while True:
            has_ended = _has_ended(store, run_id)  # checked before reading the rest
            if log is not None:
                yield from _rest(log)
            newer = open_log(store, run_id)
            if newer is not None and log is not None and _is_same(log, newer):
                os.close(newer)
            elif newer is not None:
                if log is not None:
                    yield from _rest(log)  # written between the check and the new log
                    os.close(log)
                log = newer
                continue
            if has_ended:
                return
            wait()
    finally:
        if log is not None:
            os.close(log)


def _has_ended(store: RunStore, run_id: str) -> bool:
    try:
        run = store.observe(store.read(run_id))
        if run.state.status is not Status.PENDING or run.generated_by is None:
            return run.state.status is not Status.RUNNING
        batch = store.observe(store.read(run.generated_by))
    except UnknownRun:
        return True
    return batch.state.status is not Status.RUNNING


def open_log(store: RunStore, run_id: str) -> int | None:
    """A descriptor of the run's log, or of its second name if the operation removed the log; None
    if there is none yet. Raises StoreFailed."""
    spare = f"{store.root}/{layout.RUNNING}/{run_id}"
    for path in (f"{store.folder(run_id)}/{layout.LOG}", second_name(spare, layout.LOG)):
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise StoreFailed(f"cannot read {path}: {error.strerror}") from error
    return None


def _rest(log: int) -> Iterator[bytes]:
    """The bytes written since the last read. A log that was truncated is read from its
    beginning."""
    if os.fstat(log).st_size < os.lseek(log, 0, os.SEEK_CUR):
        os.lseek(log, 0, os.SEEK_SET)
    while data := os.read(log, _CHUNK_BYTES):
        yield data


def _is_same(one: int, other: int) -> bool:
    return os.path.sameopenfile(one, other)
