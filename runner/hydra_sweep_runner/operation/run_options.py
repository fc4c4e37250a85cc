"""The run options. Each is declared once: its name, how its value is read, what it means.

An option is given as `+name=value`, or as `hydra.sweeper.name` on the command line or in YAML; the
former takes precedence. Options that a restart remembers are recorded as given; the others apply to
one call. Null removes a remembered option, so that its default applies.

A new option is a field of `Options`, and an entry of `hydra_plugins.runner.sweeper`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import field, fields
from typing import Any

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import MAX_SEED, Value


def _read_switch(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise Mistake(f"+{name}={_show(value)}: must be true or false")


def _read_needed(name: str, value: object) -> bool | str:
    if isinstance(value, bool) or value == "strict":
        return value
    raise Mistake(f"+{name}={_show(value)}: must be true, false or strict")


def _read_count(least: int) -> Callable[[str, object], int]:
    def read(name: str, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        raise Mistake(f"+{name}={_show(value)}: must be an integer of at least {least}")

    return read


def _read(name: str, value: object) -> Value:
    """An option's value as it is kept. Raises Mistake."""
    try:
        return OPTIONS[name].read(name, value)
    except Mistake as mistake:
        if str(value).lower() != "none":
            raise
        raise Mistake(f"{mistake}; without one it is +{name}=null") from mistake


def _read_seed(name: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SEED:
        return value
    raise Mistake(f"+{name}={_show(value)}: must be an integer from 0 to {MAX_SEED}")


def _read_seconds(name: str, value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = float(value) if value < sys.float_info.max else math.inf
        if seconds > 0 and math.isfinite(seconds):
            return seconds
    raise Mistake(f"+{name}={_show(value)}: must be a number of seconds above 0")


def _read_one_of(*words: str) -> Callable[[str, object], str]:
    def read(name: str, value: object) -> str:
        if isinstance(value, str) and value in words:
            return value
        typed = f": +{name}={words[0]}" if len(words) == 1 else ""
        raise Mistake(f"+{name}={_show(value)}: must be {' or '.join(words)}{typed}")

    return read


def _read_text(name: str, value: object) -> str:
    if isinstance(value, (str, int, float)):
        return _show(value)
    raise Mistake(f"+{name}={_show(value)}: must be a text")


def _read_step(name: str, value: object) -> str:
    if isinstance(value, (list, tuple)):
        steps = ",".join(map(_show, value))
        raise Mistake(f"+{name}={steps}: must be one step of the pipeline")
    return _read_text(name, value)


def _read_label(name: str, value: object) -> str:
    if isinstance(value, (list, tuple)) and len(value) > 1:
        text = ", ".join(map(_show, value))
        raise Mistake(
            f"+{name}={_show(value)}: must be a text; with commas it stands in quotes twice: "
            f"\"+{name}='{text}'\""
        )
    return _read_text(name, value)


def _read_texts(name: str, value: object) -> list[Value]:
    values = value if isinstance(value, (list, tuple)) else [value]
    return [_read_text(name, item) for item in values]


def _read_expressions(name: str, value: object) -> list[Value]:
    expressions = _read_texts(name, value)
    if not all(str(text).strip() for text in expressions):
        raise Mistake(f"+{name}={_show(value)}: must be an expression over flags, as in 'x > 1'")
    return expressions


def _read_flag_sets(name: str, value: object) -> list[Value]:
    sets = value if isinstance(value, (list, tuple)) else [value]
    read: list[Value] = []
    for one in sets:
        if not isinstance(one, Mapping) or not one or not all(isinstance(k, str) for k in one):
            raise Mistake(
                f"+{name}={_show(value)}: must be a list of flag sets, as in [{{x:1,y:2}}]"
            )
        read.append(dict(one))
    return read


def _show(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


@dataclass(frozen=True)
class Option:
    """One run option; `read` checks a given value and raises Mistake if it is not valid."""

    name: str
    read: Callable[[str, object], Value]
    remembered: bool
    meaning: str
    default: str = ""


def _option(
    read: Callable[[str, object], Value],
    meaning: str,
    *,
    default: Any = None,
    told: str = "",
    once: bool = False,
    name: str | None = None,
) -> Any:
    """A field of Options: `told` is its default in the documentation; `once` says that it applies
    to one call; `name` is the option's name if it differs from the field's."""
    about = {"read": read, "meaning": meaning, "told": told, "once": once, "name": name}
    return field(default=default, metadata=about)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The checked options of one start. `values` maps the given options to their values as
    recorded; None removes a remembered option. The other fields are the values that apply."""

    values: Mapping[str, Value] = field(default_factory=dict)

    restart: str | None = _option(
        _read_text, "id, or a unique prefix of one, of what to restart", once=True
    )
    needed: bool | str = _option(
        _read_needed,
        "skip what is completed already; `strict` counts its code, too",
        default=False,
        told="false",
        once=True,
    )
    max_trials: int | None = _option(
        _read_count(1),
        "at most N trials; a larger grid is sampled",
        told="no limit for a grid, 20 for a search",
    )
    random_seed: int | None = _option(
        _read_seed,
        "integer from 0 to 2³²−1 that the draw and the trials' own seeds come from",
        told="drawn at random and recorded",
    )
    init_trials: bool = _option(
        _read_switch,
        "create the trials as pending, run none",
        default=False,
        told="false",
        once=True,
    )
    print_trials: bool = _option(
        _read_switch,
        "print the plan as a table; create, change and remember nothing, but for save_trials",
        default=False,
        told="false",
        once=True,
    )
    refresh: bool = _option(
        _read_switch,
        "on a restart, compose from the project's present YAML instead of the kept copy",
        default=False,
        told="false",
        once=True,
    )
    only: str | None = _option(
        _read_one_of("failed"), "on a restart: `failed` runs those alone that failed", once=True
    )
    from_step: str | None = _option(
        _read_step,
        "of a pipeline: run this step and what depends on it, of the rest what is needed",
        once=True,
        name="from",
    )
    until: str | None = _option(
        _read_step, "of a pipeline: leave what comes after this step pending", once=True
    )
    fail_fast: bool = _option(
        _read_switch, "stop starting trials after the first failure", default=False, told="false"
    )
    retries: int = _option(
        _read_count(0),
        "times a failed trial is run again before it counts as failed",
        default=0,
        told="0",
    )
    timeout_s: float | None = _option(
        _read_seconds,
        "seconds after which a trial's whole process tree is stopped and it has failed",
        told="none",
        name="timeout",
    )
    optimizer: str | None = _option(
        _read_text,
        "what proposes trials: grid, random, tpe, gp, cmaes, qmc, nsga2, or a class's import path",
        told="grid; random with an interval",
    )
    objective: tuple[str, ...] = _option(
        _read_texts,
        "the scalar that a search minimises, with `-` before it maximises; or a list of them",
        default=("result",),
        told="result",
    )
    window: int | None = _option(
        _read_count(1),
        "a trial of a search knows all results but those of the window - 1 trials before it",
        told="the `n_jobs` of the first start",
    )
    warm_start: tuple[str, ...] = _option(
        _read_texts, "ids of batches, or `all`, whose runs a search is told first", default=()
    )
    trials: tuple[str, ...] = _option(
        _read_texts, "a file of flag sets, CSV, JSON or YAML, or a list of files", default=()
    )
    save_trials: str | None = _option(
        _read_text, "a file that the plan is written to, in the form of its ending", once=True
    )
    shape: str = _option(
        _read_one_of("product", "zip"),
        "`zip` pairs lists of equal length instead of multiplying them",
        default="product",
        told="product",
    )
    include: tuple[Value, ...] = _option(
        _read_flag_sets, "flag sets that are trials, too", default=()
    )
    exclude: tuple[str, ...] = _option(
        _read_expressions, "an expression over flags, or a list of them: no trials", default=()
    )
    repeat: int = _option(
        _read_count(1),
        "times each combination is run, each with a seed of its own",
        default=1,
        told="1",
    )
    label: str | None = _option(_read_label, "a text that is kept with the run")
    tags: tuple[str, ...] = _option(_read_texts, "texts that are kept with the run", default=())

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Options:
        """Check the given values; None removes an option.

        Raises Mistake for a value that is not valid for its option.
        """
        values = {
            name: None if value is None else _read(name, value) for name, value in given.items()
        }
        held: dict[str, Any] = {
            _FIELDS[name]: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if value is not None
        }
        return cls(values=values, **held)

    def over(self, remembered: Mapping[str, Value]) -> Options:
        """These options, completed by the remembered ones.

        Raises Mistake for an unknown option or a value that is not valid: the record may have been
        written by another version, or be damaged.
        """
        for name in remembered:
            if name not in OPTIONS:
                raise Mistake(f"an option {name!r} is remembered that runner does not know")
        return Options.read({**remembered, **self.values})

    def check_new(self) -> None:
        """Raise Mistake for an option that is allowed for a restart only, and so not in YAML."""
        option = "refresh=true" if self.refresh else f"only={self.only}"
        if self.refresh or self.only is not None:
            raise Mistake(f"+{option} is for a restart: add +restart=ID, or leave it out")

    @property
    def remembered(self) -> dict[str, Value]:
        """The options that a later restart applies again."""
        return {name: value for name, value in self.values.items() if OPTIONS[name].remembered}


#: Maps each option's name to its field in Options.
_FIELDS: Mapping[str, str] = {
    entry.metadata["name"] or entry.name: entry.name
    for entry in fields(Options)
    if "meaning" in entry.metadata
}

#: The options by name, in the order in which they are declared.
OPTIONS: Mapping[str, Option] = {
    name: Option(name, about["read"], not about["once"], about["meaning"], about["told"])
    for name, about in (
        (entry.metadata["name"] or entry.name, entry.metadata)
        for entry in fields(Options)
        if "meaning" in entry.metadata
    )
}


def refuse_step_options(options: Options, batch: str | None = None) -> None:
    """Raise Mistake for an option that concerns the steps of a pipeline. `batch` is the id of the
    batch whose trial was to be restarted alone."""
    for name, step in (("from", options.from_step), ("until", options.until)):
        if step is not None:
            instead = "leave it out"
            if batch is not None:
                instead = f"restart its whole batch by +restart={batch} +{name}={step}"
            raise Mistake(f"+{name}={step} is about the steps of a pipeline: {instead}")
