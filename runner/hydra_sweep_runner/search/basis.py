"""The recorded basis of proposals: each trial records its own, the batch records what they share.

A search numbers its trials from 0 in the order in which they were proposed, and keeps the numbers
permanently. An *era* holds what proposals from some number on have in common: the optimizer and all
its settings. The batch's record has the eras, the id of each number, and earlier results that
proposals were told and that have changed since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, field, replace
from typing import Any

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import UnreadableRecord
from hydra_sweep_runner.model import Value
from hydra_sweep_runner.planning.seeded_shuffle import derive_seed
from hydra_sweep_runner.search.objective import Last, Values


@dataclass(frozen=True, kw_only=True)
class Before:
    """A run whose result was told to the optimizer before those of the plan, with its objective's
    values at the time, None if they were not finite."""

    run: str
    values: Values | None


@dataclass(frozen=True, kw_only=True)
class Era:
    """What the proposals from number `first` on have in common.

    `objective` is as given. `sweep` are the overrides that describe the space. `before` are the
    runs told first. `without` are lower numbers that were not in the plan.
    """

    first: int
    optimizer: str
    options: Mapping[str, Value]
    version: str
    objective: tuple[str, ...]
    window: int
    random_seed: int
    sweep: tuple[str, ...]
    before: tuple[Before, ...] = ()
    without: tuple[int, ...] = ()

    def seed(self, number: int, tries: int) -> int:
        """The seed of a proposal, after `tries` refused proposals of the same number."""
        return derive_seed(self.random_seed, f"proposal {number} {tries}")

    def is_like(self, other: Era) -> bool:
        """Whether the other era has the same settings, so that its proposals would be the same."""
        return replace(self, first=0) == replace(other, first=0)


@dataclass(frozen=True, kw_only=True)
class Basis:
    """The basis of one trial's proposal: its number, its era's most important settings, its own
    seed, and the number of trials, from the beginning of the plan, whose results it knew."""

    number: int
    era: int
    optimizer: str
    options: Mapping[str, Value]
    version: str
    objective: tuple[str, ...]
    window: int
    seed: int
    tries: int
    known: int

    @classmethod
    def of(cls, era: Era, index: int, *, number: int, tries: int, known: int) -> Basis:
        """The basis of a proposal in the era with this index."""
        return cls(
            number=number,
            era=index,
            optimizer=era.optimizer,
            options=era.options,
            version=era.version,
            objective=era.objective,
            window=era.window,
            seed=era.seed(number, tries),
            tries=tries,
            known=known,
        )


@dataclass(frozen=True, kw_only=True)
class Former:
    """A result that proposals with numbers below `until` were told, and that may have changed
    since."""

    last: Last | None
    until: int


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The search's part of a batch's record.

    `order` has the id of each number, also of deleted trials. `formerly` has, by number, the
    earlier results of each trial.
    """

    order: tuple[str, ...] = ()
    eras: tuple[Era, ...] = ()
    formerly: Mapping[int, tuple[Former, ...]] = field(default_factory=dict)

    def era_of(self, number: int) -> int:
        """The index of the era that a number was, or would be, proposed in."""
        return max((index for index, era in enumerate(self.eras) if era.first <= number), default=0)

    def former(self, number: int, to: int) -> Former | None:
        """The result of a trial that proposal `to` was told, if it differs from the present one."""
        return next((one for one in self.formerly.get(number, ()) if to < one.until), None)

    def plan_before(self, number: int, era: Era) -> list[int]:
        """The numbers that were in the plan when this one was proposed, in plan order."""
        absent = set(era.without)
        return [one for one in range(number) if one not in absent]

    def numbering(self, run_ids: Sequence[str]) -> Ledger:
        """The ledger with these ids appended to its order, unless they are in it."""
        known = set(self.order)
        new = [run_id for run_id in dict.fromkeys(run_ids) if run_id not in known]
        return replace(self, order=(*self.order, *new))

    def with_era(self, era: Era) -> Ledger:
        """The ledger continued with these settings, as a new era if they differ from the last."""
        if self.eras and self.eras[-1].is_like(era):
            return self
        eras = tuple(one for one in self.eras if one.first < era.first)
        return replace(self, eras=(*eras, era))

    def told_values(self, last: Last | None) -> Last | None:
        """The part of a run's last values that the proposals of any era were told."""
        names = {name.removeprefix("-") for era in self.eras for name in era.objective}
        return None if last is None else {name: one for name, one in last.items() if name in names}

    def with_former(self, numbers: Mapping[int, Last | None]) -> Ledger:
        """The ledger with the present results of these trials noted, before they run again. A
        result that no proposal was told is not noted: what was told before it stays."""
        formerly = dict(self.formerly)
        until = len(self.order)
        for number, last in numbers.items():
            kept = formerly.get(number, ())
            if all(one.until < until for one in kept):
                formerly[number] = (*kept, Former(last=last, until=until))
        return replace(self, formerly=formerly)


def basis_to_value(basis: Basis) -> dict[str, Value]:
    """A basis as JSON's types."""
    value: dict[str, Value] = _plain(asdict(basis))
    return value


def ledger_to_value(ledger: Ledger) -> dict[str, Value]:
    """A ledger as JSON's types."""
    value: dict[str, Value] = _plain(asdict(ledger))
    formerly = _plain(asdict(ledger)["formerly"])
    value["formerly"] = {str(number): one for number, one in formerly.items()}
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value


def read_basis(value: Mapping[str, Value], where: str) -> Basis:
    """The basis in a trial's record. Raises UnreadableRecord, naming the place."""
    try:
        content: dict[str, Any] = dict(value)
        content["objective"] = tuple(content["objective"])
        basis = Basis(**content)
        if not 0 <= basis.known <= basis.number or basis.tries < 0 or basis.era < 0:
            raise ValueError("numbers that do not fit")
        return basis
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableRecord(f"{where}: basis: {error}") from error


def read_ledger(value: Mapping[str, Value], where: str) -> Ledger:
    """The ledger in a batch's record. Raises UnreadableRecord, naming the place."""
    try:
        content: Any = value
        return Ledger(
            order=tuple(str(one) for one in content["order"]),
            eras=tuple(_read_era(one) for one in content["eras"]),
            formerly={
                int(number): tuple(
                    Former(last=_read_last(one["last"]), until=int(one["until"])) for one in former
                )
                for number, former in content["formerly"].items()
            },
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableRecord(f"{where}: basis: {error}") from error


def _read_era(content: Mapping[str, Any]) -> Era:
    lists: dict[str, Sequence[Any]] = {
        "objective": tuple(content["objective"]),
        "sweep": tuple(content["sweep"]),
        "without": tuple(content["without"]),
        "before": tuple(
            Before(run=str(one["run"]), values=_read_values(one["values"]))
            for one in content["before"]
        ),
    }
    return Era(**{**content, **lists})


def _read_last(content: Any) -> Last | None:
    return None if content is None else {str(k): float(one) for k, one in content.items()}


def _read_values(content: Any) -> Values | None:
    return None if content is None else tuple(float(one) for one in content)
