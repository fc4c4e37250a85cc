"""`runner verify BATCH`: proposes each trial of a search again from its basis, and compares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from hydra_sweep_runner.commands.start.search_plan import ledger_of, space_of
from hydra_sweep_runner.commands.start.searching import basis_of
from hydra_sweep_runner.compose.elements import plain
from hydra_sweep_runner.compose.overrides import name_in, parse_override
from hydra_sweep_runner.compose.sweeps import dimensions
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake, UnknownRun, UnreadableRecord
from hydra_sweep_runner.model import Kind, Run, Status, Value
from hydra_sweep_runner.operation.flags import given_flags
from hydra_sweep_runner.search.basis import Basis, Ledger
from hydra_sweep_runner.search.learning import Asking, Earlier, Numbered, Unended
from hydra_sweep_runner.search.objective import Last, Objective
from hydra_sweep_runner.search.optimizers.choose import make_optimizer
from hydra_sweep_runner.search.optimizers.question import Optimizer
from hydra_sweep_runner.search.results import last_of
from hydra_sweep_runner.search.space import SearchSpace
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.render import escape, render_flags, short


@dataclass(frozen=True, kw_only=True)
class Verified:
    """The result: lines to print, and whether any trial differs from its proposal."""

    lines: tuple[str, ...]
    has_differences: bool


def verify_batch(
    store: RunStore,
    prefix: str,
    *,
    import_class: Callable[[str], object],
    loader_of: Callable[[Run], object],
) -> Verified:
    """Propose each trial of a batch again from its basis and compare.

    `loader_of` returns Hydra's config loader on the batch's kept YAML, for lists that are config
    groups. Raises Mistake if it is not a batch of a learning optimizer.
    """
    batch = store.read(store.resolve(prefix))
    if batch.kind is not Kind.BATCH:
        raise Mistake(f"{short(batch.id)} is a {batch.kind.value}: give a batch's id")
    ledger = ledger_of(batch)
    if not ledger.eras:
        raise Mistake(
            f"{short(batch.id)} has nothing to verify: no optimizer that learns proposed its trials"
        )
    return _Verifying(store, batch, ledger, import_class, loader_of).verify()


class _Verifying:
    def __init__(
        self,
        store: RunStore,
        batch: Run,
        ledger: Ledger,
        import_class: Callable[[str], object],
        loader_of: Callable[[Run], object],
    ) -> None:
        self._batch = batch
        self._ledger = ledger
        self._import_class = import_class
        self._loader = loader_of(batch)
        self._store = store
        self._runs = dict(self._read(ledger.order))
        self._there = {
            number: self._runs[run_id]
            for number, run_id in enumerate(ledger.order)
            if run_id in self._runs
        }
        numbered = {
            number: Numbered(
                number=number, flags=run.flags, overrides=run.recipe.task, basis=basis_of(run)
            )
            for number, run in self._there.items()
        }
        results: dict[int, Last | None] = {
            number: last_of(run)
            for number, run in self._there.items()
            if run.state.status in (Status.COMPLETED, Status.ERROR, Status.TERMINATED)
        }
        self._numbered = numbered
        self._asking = Asking(ledger, numbered, results)
        self._eras: dict[int, tuple[Optimizer, SearchSpace, list[Earlier]]] = {}

    def _read(self, run_ids: Sequence[str]) -> Iterator[tuple[str, Run]]:
        for run_id in run_ids:
            try:
                yield run_id, self._store.observe(self._store.read(run_id))
            except (UnknownRun, UnreadableRecord):
                continue

    def verify(self) -> Verified:
        """Compare all trials that an optimizer proposed, in order."""
        lines: list[str] = []
        same = differing = unknown = 0
        for number, trial in sorted(self._numbered.items()):
            if trial.basis is None:
                continue
            told = self._compare(number, trial.basis)
            if told is None:
                same += 1
            elif told.startswith("cannot"):
                unknown += 1
                lines.append(f"Trial {short(self._ledger.order[number])} {told}")
            else:
                differing += 1
                lines.append(f"Trial {short(self._ledger.order[number])} differs: {told}")
        lines = [*self._version_lines(), *lines]
        counts = f"{same} as proposed, {differing} differ"
        more = f", {unknown} cannot be verified" if unknown else ""
        lines.append(
            f"Batch {short(self._batch.id)}: {same + differing + unknown} trials, {counts}{more}"
        )
        return Verified(lines=tuple(lines), has_differences=differing > 0)

    def _version_lines(self) -> list[str]:
        pairs = {
            (self._ledger.eras[place].version, optimizer.version)
            for place, (optimizer, _, _) in self._eras.items()
        }
        return [
            f"Proposed by {then}, verified by {now}: what differs may come of that"
            for then, now in sorted(pairs)
            if then != now
        ]

    def _compare(self, number: int, basis: Basis) -> str | None:
        """How a trial differs from the proposal of its basis; None if it does not."""
        optimizer, space, before = self._era(basis.era)
        question = self._asking.question(
            number, basis.era, space=space, before=before, known=basis.known, tries=basis.tries
        )
        if isinstance(question, Unended):
            return "cannot be verified: a trial that it knew is gone, or has not ended"
        overrides = space.overrides(optimizer.propose(question))
        run = self._there[number]
        point = space.point_of(run.flags, run.recipe.task)
        wanted = {
            one.name: text.split("=", 1)[1]
            for one, text in zip(space.dimensions, overrides, strict=True)
            if one.swept
        }
        if point is not None and space.overrides(point) == overrides:
            return None
        # Later proposals were told the trial as it was proposed.
        flags = {name: value for name, value in run.flags.items() if name not in wanted}
        self._numbered[number] = replace(
            self._numbered[number], flags={**flags, **_values(overrides)}, overrides=overrides
        )
        has = render_flags(given_flags(run.flags, wanted), tuple(wanted)) or "nothing of it"
        told = ", ".join(f"{name}={value}" for name, value in wanted.items())
        return f"it was proposed as {escape(told)}, and has {has}"

    def _era(self, place: int) -> tuple[Optimizer, SearchSpace, list[Earlier]]:
        if place not in self._eras:
            era = self._ledger.eras[place]
            objective = Objective.parse(era.objective)
            optimizer = make_optimizer(era.optimizer, era.options, objective, self._import_class)
            space = space_of(dimensions(era.sweep, era.random_seed, self._loader))  # type: ignore[arg-type]
            told = dict(self._read([one.run for one in era.before]))
            before = [
                Earlier(
                    flags=told[one.run].flags,
                    overrides=told[one.run].recipe.task,
                    values=one.values,
                )
                for one in era.before
                if one.run in told
            ]
            self._eras[place] = (optimizer, space, before)
        return self._eras[place]


def _values(overrides: Sequence[str]) -> dict[str, Value]:
    """The values of overrides of one value each, by name."""
    return {name_in(text): plain(parse_override(text)._value) for text in overrides if "=" in text}
