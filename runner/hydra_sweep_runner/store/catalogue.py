"""All runs of a store at a glance: in their order, by kind, by identity.

What is found comes from the index where that has it, else from the records; either way it is
what the records say now.
"""

from __future__ import annotations

import gc
import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from hydra_sweep_runner.model import Kind, Run, Status, Unreadable
from hydra_sweep_runner.planning.identity import identity_of
from hydra_sweep_runner.record.check import RecordError
from hydra_sweep_runner.record.fields import Summary, begun_key, recency
from hydra_sweep_runner.record.text import from_plain, from_text, is_plain
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.index import Index, Look
from hydra_sweep_runner.store.pack import NO_IDENTITY, Entry

#: Reads runs by their ids; damaged ones are Unreadable, deleted ones are left out.
ReadEach = Callable[[Iterable[str]], Iterator["Run | Unreadable"]]


class Catalogue:
    """The runs of the store at `root`, an absolute path.

    `ids` gives the ids of all run folders, `observe` a run as it really is.
    """

    def __init__(
        self,
        root: str,
        *,
        ids: Callable[[], list[str]],
        read_each: ReadEach,
        observe: Callable[[Run], Run],
    ) -> None:
        self._root = root
        self._ids = ids
        self._read_each = read_each
        self._observe = observe
        self._index = Index(root, _describe)

    def summaries(self) -> list[Summary | Unreadable]:
        """All runs as they really are, with what is known of them beside their records, newest
        first; damaged ones last."""
        with _no_garbage(), self._index.look(self._ids()) as look:
            entries = sorted(look.entries(), key=_place)
            held = batches_of(self._runs(look, (entry for entry in entries if entry.is_batch)))

            def summarized(run: Run | Unreadable) -> Summary | Unreadable:
                if isinstance(run, Unreadable):
                    return run
                return self.summary(self._observe(run), held.get(run.id, ()))

            found = list(map(summarized, self._some(look, (entry.run_id for entry in entries))))
            missing = list(map(summarized, self._read_each(look.unreadable())))
        return sorted([*found, *missing], key=recency) if missing else found

    def summary(self, run: Run, batches: Sequence[str]) -> Summary:
        """The summary of a run as it was observed, that these batches hold."""
        folder = f"{self._root}/{run.id}"
        return Summary(run=run, batches=tuple(batches), folder=folder, log=f"{folder}/{layout.LOG}")

    def newest(self, n: int | None) -> list[Run | Unreadable]:
        """The `n` runs started last, as recorded, newest first, or all; damaged ones last."""
        with self._index.look(self._ids()) as look:
            entries = look.entries()
            count = len(entries) if n is None else n
            order = heapq.nsmallest(count, entries, key=_place)
            found = list(self._some(look, [entry.run_id for entry in order]))
            if len(found) < count or n is None:
                found += self._read_each(sorted(look.unreadable()))
        return found if n is None else found[:n]

    def batches(self) -> list[Run]:
        """Every readable record of a batch, in no particular order."""
        with self._index.look(self._ids()) as look:
            found = self._runs(look, (entry for entry in look.entries() if entry.is_batch))
            return [run for run in found if run.kind is Kind.BATCH]

    def completed(self, identities: Collection[str]) -> dict[str, Run]:
        """For each of the digests the completed run or trial with it that was started last, if
        there is any."""
        wanted = {bytes.fromhex(digest) for digest in identities} - {NO_IDENTITY}
        with self._index.look(self._ids()) as look:
            newest: dict[bytes, Entry] = {}
            for entry in look.entries():
                if entry.identity in wanted:
                    best = newest.get(entry.identity)
                    if best is None or _place(entry) < _place(best):
                        newest[entry.identity] = entry
            return {
                digest.hex(): run
                for digest, entry in newest.items()
                for run in self._some(look, [entry.run_id])
                if isinstance(run, Run)
            }

    def _runs(self, look: Look, entries: Iterable[Entry]) -> Iterator[Run]:
        found = self._some(look, (entry.run_id for entry in entries))
        return (run for run in found if isinstance(run, Run))

    def _some(self, look: Look, run_ids: Iterable[str]) -> Iterator[Run | Unreadable]:
        for run_id in run_ids:
            fresh = look.fresh.get(run_id)
            if fresh is not None:
                yield fresh[1]
                continue
            located = look.known.get(run_id)
            text = None if located is None else located.text()
            if located is not None and text is not None and located.entry.is_plain:
                yield from_plain(text)
                continue
            run = None if text is None else _run(run_id, text)
            if run is None:  # whatever is wrong with the copy, the record says what is
                yield from self._read_each([run_id])
            else:
                yield run


def batches_of(runs: Iterable[Run]) -> dict[str, list[str]]:
    """For each run that is in a plan, the ids of the batches whose plans hold it."""
    found: dict[str, list[str]] = {}
    for run in runs:
        for run_id in run.batch.trials if run.batch is not None else ():
            found.setdefault(run_id, []).append(run.id)
    return found


def _place(entry: Entry) -> tuple[float, str]:
    return (entry.key, entry.run_id)


def _describe(run_id: str, text: bytes) -> tuple[Entry, Run] | None:
    run = _run(run_id, text)
    if run is None:
        return None
    plain = is_plain(text.decode())
    digest = NO_IDENTITY
    if run.batch is None and run.state.status is Status.COMPLETED:
        digest = bytes.fromhex(identity_of(run))
    return Entry(run_id, begun_key(run), run.batch is not None, plain, digest), run


def _run(run_id: str, text: bytes) -> Run | None:
    try:
        return from_text(text.decode(), run_id=run_id)
    except (RecordError, UnicodeDecodeError):
        return None


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Look for no garbage while a hundred thousand records are made, which are none: it takes
    a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
