"""Lists all runs of a store: in order, by kind, by identity.

Runs are read from the index if it has them, otherwise from their records. Either way the answer is
what the records say now.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from hydra_sweep_runner.model import Kind, Run, Status, Unreadable
from hydra_sweep_runner.record.check import RecordError
from hydra_sweep_runner.record.fields import Summary, newest_first_key, recency
from hydra_sweep_runner.record.text import from_text
from hydra_sweep_runner.store import index
from hydra_sweep_runner.store.head import LENGTH, Head, HeadFile
from hydra_sweep_runner.store.index import Index, Look
from hydra_sweep_runner.store.logs import find_log
from hydra_sweep_runner.store.pack import LIST_ORDER, NO_IDENTITY, Entry
from hydra_sweep_runner.system.garbage import no_garbage

#: Reads runs by id; damaged runs are Unreadable, deleted ones are left out.
ReadEach = Callable[[Iterable[str]], Iterator["Run | Unreadable"]]

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Catalogue:
    """The runs of the store at `root`, an absolute path.

    `ids` returns the ids of all run folders. `read` returns one run as recorded (it raises
    UnknownRun and UnreadableRecord), and `observe` a run as it really is.
    """

    def __init__(
        self,
        root: str,
        *,
        ids: Callable[[], list[str]],
        read: Callable[[str], Run],
        read_each: ReadEach,
        observe: Callable[[Run], Run],
    ) -> None:
        self._root = root
        self._ids = ids
        self._read = read
        self._read_each = read_each
        self._observe = observe
        self._find_log = partial(find_log, root)
        self._index = Index(root, _describe, _identify)
        self._head = HeadFile(root)

    def summaries(self) -> list[Summary | Unreadable]:
        """All runs as observed, newest first; damaged runs as Unreadable, last."""
        with no_garbage():
            look = self._index.look(self._ids())
            entries = sorted(look.entries(), key=LIST_ORDER)
            held = Plans(self._runs(look, (entry for entry in entries if entry.is_batch)))
            found = list(self._summaries(look, entries, held))
            missing = [
                run if isinstance(run, Unreadable) else self._observed(run, held)
                for run in self._read_each(look.unreadable())
            ]
        return sorted([*found, *missing], key=recency) if missing else found

    def _summaries(
        self, look: Look, entries: Iterable[Entry], held: Plans
    ) -> Iterator[Summary | Unreadable]:
        """The summaries of the entries, in their order. For a run that is not running, only its
        packed summary is read; batches and running runs are read whole."""
        find_log, running = self._find_log, Status.RUNNING
        for entry in entries:
            glance = None if entry.is_batch else entry.glance
            if glance is None or glance.state.status is running:
                for run in self._some(look, [entry]):
                    yield run if isinstance(run, Unreadable) else self._observed(run, held)
            else:
                yield Summary(
                    glance,
                    partial(self._whole, entry),
                    batches=held.batches(glance.id),
                    taken_for=held.taken_for(glance.id),
                    folder=f"{self._root}/{glance.id}",
                    find_log=find_log,
                )

    def _whole(self, entry: Entry) -> Run:
        """The run of an entry. Raises UnknownRun or UnreadableRecord."""
        text = entry.text()
        run = None if text is None else _run(entry.run_id, text)
        return self._read(entry.run_id) if run is None else run

    def _observed(self, run: Run, held: Plans) -> Summary:
        return self.summary(self._observe(run), held)

    def summary(self, run: Run, held: Plans) -> Summary:
        """The summary of an observed run; `held` are the plans of all batches."""
        return Summary(
            run,
            batches=held.batches(run.id),
            taken_for=held.taken_for(run.id),
            folder=f"{self._root}/{run.id}",
            find_log=self._find_log,
        )

    def newest(self, n: int | None) -> list[Run | Unreadable]:
        """The `n` newest runs, or all, as recorded, newest first; damaged runs last."""
        kept = None if n is None else self._kept(n)
        if kept is not None:
            return kept
        signs = self._head.signs()  # before looking, so later changes are noticed
        ids = self._ids()
        look = self._index.look(ids)
        entries = sorted(look.entries(), key=LIST_ORDER)  # packs are sorted so already
        if len(ids) >= index.WORTHWHILE:
            newest = [(entry.key, entry.run_id) for entry in entries[:LENGTH]]
            self._head.write(Head(len(ids), newest), signs)
        count = len(entries) if n is None else n
        order = entries[:count]
        found = list(self._some(look, order))
        if len(found) < count or n is None:
            found += self._read_each(sorted(look.unreadable()))
        return found if n is None else found[:n]

    def _kept(self, n: int) -> list[Run | Unreadable] | None:
        """The `n` newest runs by the head that is kept; None if there is none, or a record
        contradicts it."""
        head = self._head.read()
        if head is None or n > len(head.newest):
            return None
        places = head.newest[:n]
        found = list(self._read_each(run_id for _, run_id in places))
        as_read = [(newest_first_key(run), run.id) for run in found if isinstance(run, Run)]
        return found if as_read == places else None

    def count(self) -> int:
        """The number of all runs, the unreadable ones included."""
        head = self._head.read()
        return len(self._ids()) if head is None else head.total

    def batches(self) -> list[Run]:
        """Every readable batch record, in no particular order."""
        look = self._index.look(self._ids())
        found = self._runs(look, (entry for entry in look.entries() if entry.is_batch))
        return [run for run in found if run.kind is Kind.BATCH]

    def completed(self, identities: Collection[str]) -> dict[str, Run]:
        """Maps each of the digests to the completed run or trial with it that was started last;
        digests without one are left out."""
        wanted = {bytes.fromhex(identity) for identity in identities} - {NO_IDENTITY}
        look = self._index.look(self._ids())
        newest: dict[bytes, Entry] = {}
        for entry in self._index.identified(look):
            if entry.identity in wanted:
                best = newest.get(entry.identity)
                if best is None or LIST_ORDER(entry) < LIST_ORDER(best):
                    newest[entry.identity] = entry
        return {
            digest.hex(): run
            for digest, entry in newest.items()
            for run in self._some(look, [entry])
            if isinstance(run, Run)
        }

    def _runs(self, look: Look, entries: Iterable[Entry]) -> Iterator[Run]:
        return (run for run in self._some(look, entries) if isinstance(run, Run))

    def _some(self, look: Look, entries: Iterable[Entry]) -> Iterator[Run | Unreadable]:
        """The runs of the entries, as recorded."""
        for entry in entries:
            fresh = look.fresh.get(entry.run_id)
            if fresh is not None:
                yield fresh[1]
                continue
            text = entry.text()
            run = None if text is None else _run(entry.run_id, text)
            if run is None:  # the copy is damaged: read the record itself
                yield from self._read_each([entry.run_id])
            else:
                yield run


class Plans:
    """What the plans of batches say of the runs in them; batches keep their order."""

    def __init__(self, batches: Iterable[Run]) -> None:
        self._batches: dict[str, list[str]] = {}
        self._taken_for: dict[str, dict[str, str]] = {}
        for batch in batches:
            if batch.batch is None:
                continue
            steps = batch.batch.steps
            for run_id in batch.batch.trials:
                self._batches.setdefault(run_id, []).append(batch.id)
                if run_id in steps:
                    self._taken_for.setdefault(run_id, {})[batch.id] = steps[run_id]

    def batches(self, run_id: str) -> Sequence[str]:
        """The ids of the batches whose plans contain a run."""
        return self._batches.get(run_id, ())

    def taken_for(self, run_id: str) -> Mapping[str, str]:
        """The steps that batches have taken a run for, by their ids, if that is not its own."""
        return self._taken_for.get(run_id, _NOTHING)


def _describe(run_id: str, text: bytes) -> tuple[Entry, Run] | None:
    run = _run(run_id, text)
    if run is None:
        return None
    return Entry.fresh(run_id, newest_first_key(run), run.batch is not None), run


def _identify(run: Run) -> bytes:
    """The identity of a completed run that is not a batch; NO_IDENTITY for any other."""
    if run.batch is not None or run.state.status is not Status.COMPLETED:
        return NO_IDENTITY
    from hydra_sweep_runner.planning.identity import identity_of  # loads OpenSSL, which is slow

    return bytes.fromhex(identity_of(run))


def _run(run_id: str, text: bytes) -> Run | None:
    try:
        return from_text(text.decode(), run_id=run_id)
    except (RecordError, UnicodeDecodeError):
        return None
