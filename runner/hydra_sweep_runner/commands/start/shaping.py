"""Shapes a sweep: files of trials, pairs, included and excluded combinations, repeats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra_sweep_runner.commands.start.composing import Composing
from hydra_sweep_runner.compose.refusal import quoted
from hydra_sweep_runner.compose.rows import (
    REFUSALS,
    Row,
    checked_row,
    explain_form,
    form_of,
    read_rows,
    render_rows,
    row_overrides,
    whole_mappings,
)
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake, StoreFailed
from hydra_sweep_runner.model import Flags, Value
from hydra_sweep_runner.operation.flags import covered_by
from hydra_sweep_runner.operation.run_options import Options
from hydra_sweep_runner.planning.combinations import (
    RANDOM_TRIALS,
    Combinations,
    Dimension,
    Draws,
    Grid,
    Rows,
    combinations_of,
    most_trials,
    zipped,
)
from hydra_sweep_runner.planning.trials import Shape

#: A row's key that is not a flag: the row's number among its repeats.
REPEAT = "repeat"


@dataclass(frozen=True, kw_only=True)
class Shaped:
    """A sweep's combinations, the largest number of trials, and the changes to the combinations.
    `names` are the names that files and `include` set."""

    combinations: Combinations | Draws
    limit: int | None
    shape: Shape
    exclusion: Exclusion
    names: tuple[str, ...]


class Exclusion:
    """The expressions of `exclude`, applied to a trial's flags and its choices of config groups.
    It notes which of their names occurred among these of any trial."""

    def __init__(
        self, texts: Sequence[str], choices: Callable[[tuple[str, ...]], Mapping[str, Value]]
    ) -> None:
        """Raises Mistake for an expression that does not parse, or is no condition."""
        self._texts = texts
        self._choices = choices
        self._expressions: list[Any] = []
        self._missing: set[Any] = set()
        self._numbers: dict[str, float] = {}  # names that stand alone, with a number of each
        self._seen: Flags = {}
        if texts:
            from hydra_sweep_runner.query.parse import parse_condition
            from hydra_sweep_runner.query.tree import names_in

            try:
                self._expressions = [parse_condition(text, flags_only=True) for text in texts]
            except Mistake as error:
                raise Mistake(f"+exclude: {error}") from error
            self._missing = {name for one in self._expressions for name in names_in(one)}

    def __call__(self, flags: Flags, overrides: tuple[str, ...]) -> bool:
        """Whether a trial with these flags, composed with these overrides, is excluded."""
        if not self._expressions:
            return False
        from hydra_sweep_runner.query.conditions import lone_number
        from hydra_sweep_runner.query.evaluate import PlainSubject, has_name, holds

        flags = {**flags, **{n: c for n, c in self._choices(overrides).items() if n not in flags}}
        facts = PlainSubject(flags=flags)
        if self._missing:
            self._missing = {name for name in self._missing if not has_name(name, facts)}
            self._seen = flags
        for text, one in zip(self._texts, self._expressions, strict=True):
            number = lone_number(one, [facts])
            if number is not None:
                self._numbers.setdefault(text, number)
        return any(holds(one, facts) for one in self._expressions)

    def check(self) -> None:
        """Raise Mistake for a name that was no trial's flag and no config group, and for one that
        stands alone and was a number."""
        for text, number in self._numbers.items():
            from hydra_sweep_runner.query.conditions import no_number

            typed = quoted("+exclude", f"{text} > {number}")
            raise Mistake(f"+exclude: {no_number(text, number, typed)}")
        if self._missing:
            from hydra_sweep_runner.query.evaluate import PlainSubject
            from hydra_sweep_runner.query.meant import one_name
            from hydra_sweep_runner.query.names import check_names

            subject = PlainSubject(flags=self._seen)
            for text, expression in zip(self._texts, self._expressions, strict=True):
                split = one_name(expression, [subject])
                if split is not None:
                    raise Mistake(
                        f"+exclude: {split[0]} is read as arithmetic: as one name it is written "
                        f"{quoted('+exclude', text.replace(*split))}"
                    )
            try:
                check_names(self._expressions, [subject], one="the trials have")
            except Mistake as error:
                raise Mistake(f"+exclude: {error}") from error


def shape_sweep(
    composing: Composing,
    dimensions: tuple[Dimension, ...],
    options: Options,
    seed: int,
    rows: Sequence[Row],
) -> Shaped:
    """The sweep that `optimizer` (one that does not learn), `trials`, `shape`, `include`,
    `exclude`, `repeat` and `max_trials` describe. `rows` are those of the files. Raises Mistake."""
    exclusion = Exclusion(options.exclude, composing.choices)
    include = _included(composing, dimensions, options)
    endless = [one.name for one in dimensions if not one.is_finite]
    if options.optimizer == "grid" and endless:
        raise Mistake(
            f"+optimizer=grid: {endless[0]} is an interval, which has no grid: list values, "
            "give a range(), or leave the optimizer out"
        )
    limit = options.max_trials
    if rows:
        combinations: Combinations | Draws = _of_rows(composing, dimensions, options, seed, rows)
    elif options.shape == "zip":
        combinations = zipped(dimensions, seed)
    else:
        combinations = combinations_of(dimensions, seed)
        if options.optimizer != "grid":
            limit = most_trials(dimensions, limit)
    if options.optimizer == "random" and limit is None:
        limit = RANDOM_TRIALS
    return Shaped(
        combinations=combinations,
        limit=limit,
        shape=Shape(
            include=[overrides for overrides, _ in include],
            excluded=exclusion,
            repeat=options.repeat,
        ),
        exclusion=exclusion,
        names=tuple(
            dict.fromkeys(
                name.lstrip("+")
                for row in (*rows, *(row for _, row in include))
                for name in row
                if name != REPEAT
            )
        ),
    )


def _included(
    composing: Composing, dimensions: Sequence[Dimension], options: Options
) -> list[tuple[tuple[str, ...], Row]]:
    """The overrides of each included flag set, with those that are not swept."""
    found: list[tuple[tuple[str, ...], Row]] = []
    for number, content in enumerate(options.include, 1):
        row = checked_row(content, f"+include, set {number}")
        fixed = [
            one.overrides[0]
            for one in dimensions
            if not one.swept and not any(covered_by(one.name, name) for name in row)
        ]
        overrides = (*fixed, *row_overrides(row))
        try:
            composing.describe_combination(overrides)
        except Mistake as error:
            raise Mistake(f"+include, set {number}: {error}") from error
        found.append((overrides, row))
    return found


def _of_rows(
    composing: Composing,
    dimensions: tuple[Dimension, ...],
    options: Options,
    seed: int,
    rows: Sequence[Row],
) -> Rows:
    given = [one.name for one in dimensions]
    listed = tuple(one for one in dimensions if one.interval is None)
    fixed = tuple(one.overrides[0] for one in dimensions if not one.swept)
    flags = composing.describe_combination(fixed)[1]
    numbered = any(REPEAT in row for row in rows) and REPEAT not in flags
    if numbered and options.repeat > 1:
        raise Mistake("+repeat: the file of trials has a column repeat: leave one of them out")
    name = ", ".join(options.trials)
    kept = [
        {key: value for key, value in row.items() if not (numbered and key == REPEAT)}
        for row in rows
    ]
    return Rows(
        rows=[
            row_overrides(
                whole_mappings(
                    {
                        key: value
                        for key, value in row.items()
                        if not any(covered_by(key, one) for one in given)
                    },
                    flags,
                )
            )
            for row in kept
        ],
        beside=zipped(listed, seed) if options.shape == "zip" else Grid(listed),
        drawn=tuple(one for one in dimensions if one.interval is not None),
        seed=seed,
        repeats=[_repeat(row, f"{name}, row {n}") for n, row in enumerate(rows, 1)]
        if numbered
        else (),
        places=[f"{name}, row {n}" for n in range(1, len(rows) + 1)],
    )


def _repeat(row: Row, where: str) -> int:
    number = row.get(REPEAT, 0)
    if isinstance(number, int) and not isinstance(number, bool) and number >= 0:
        return number
    raise Mistake(f"{where}: repeat={number}: must be an integer of at least 0")


# ---- files


def load_rows(project_dir: Path, names: Sequence[str]) -> list[Row]:
    """The rows of several files, one file after the other. Raises Mistake."""
    rows: list[Row] = []
    for name in names:
        form_of(name)
        try:
            text = (project_dir / name).read_text(encoding="utf-8-sig")
            rows += read_rows(text, name)
        except OSError as error:
            raise Mistake(f"+trials={name}: {error.strerror}") from error
        except Mistake:
            raise
        except REFUSALS as error:
            raise explain_form(error, name) from error
    return rows


def check_saved(project_dir: Path, name: str) -> None:
    """Raise Mistake for a name with an unknown extension, in a folder that is not there, or of a
    file that holds something else than trials: a former plan is replaced, nothing else is."""
    form_of(name)
    path = project_dir / name
    if not path.parent.is_dir():
        raise Mistake(f"+save_trials={name}: there is no folder {path.parent}")
    if not path.exists() or (path.is_file() and not path.stat().st_size):
        return
    try:
        load_rows(project_dir, [name])
    except Mistake as mistake:
        raise Mistake(
            f"+save_trials={name}: it is there already, and is no list of trials, which alone is "
            "replaced: name another file"
        ) from mistake


def save_rows(project_dir: Path, name: str, rows: Sequence[Row]) -> None:
    """Write a plan to a file. Raises StoreFailed if it cannot be written."""
    text = render_rows(rows, name)
    try:
        (project_dir / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreFailed(f"+save_trials={name}: {error.strerror}") from error
