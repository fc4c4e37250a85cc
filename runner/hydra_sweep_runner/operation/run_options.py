"""The run options, each declared once: its name, how its value is read, what it means.

An option is given as `+name=value`, or as `hydra.sweeper.name` on the command line or in
YAML; the former wins. The ones that a restart remembers are kept in the record as they were
given; the others hold for one call.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import MAX_SEED, Value


def _read_flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise Mistake(f"+{name}={_show(value)}: must be true or false")


def _read_count(least: int) -> Callable[[str, object], int]:
    def read(name: str, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        raise Mistake(f"+{name}={_show(value)}: must be an integer of at least {least}")

    return read


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


def _read_text(name: str, value: object) -> str:
    if isinstance(value, (str, int, float)):
        return _show(value)
    raise Mistake(f"+{name}={_show(value)}: must be a text")


def _read_texts(name: str, value: object) -> list[Value]:
    values = value if isinstance(value, (list, tuple)) else [value]
    return [_read_text(name, item) for item in values]


def _show(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


@dataclass(frozen=True)
class Option:
    """One run option; `read` checks a given value and raises Mistake for a wrong one."""

    name: str
    read: Callable[[str, object], Value]
    remembered: bool
    meaning: str
    default: str = ""


OPTIONS: Mapping[str, Option] = {
    option.name: option
    for option in (
        Option("restart", _read_text, False, "id, or a unique prefix of one, of what to restart"),
        Option("needed", _read_flag, False, "skip what is completed already", "false"),
        Option(
            "max_trials",
            _read_count(1),
            True,
            "at most N trials; a larger grid is sampled",
            "no limit",
        ),
        Option(
            "random_seed",
            _read_seed,
            True,
            "integer from 0 to 2³²−1 that the draw and the trials' own seeds come from",
            "drawn at random and recorded",
        ),
        Option("init_trials", _read_flag, False, "create the trials as pending, run none", "false"),
        Option(
            "print_trials",
            _read_flag,
            False,
            "print the plan as a table; create, change and remember nothing",
            "false",
        ),
        Option(
            "refresh",
            _read_flag,
            False,
            "on a restart, compose from the project's present YAML instead of the kept copy",
            "false",
        ),
        Option(
            "fail_fast", _read_flag, True, "stop starting trials after the first failure", "false"
        ),
        Option(
            "retries",
            _read_count(0),
            True,
            "times a failed trial is run again before it counts as failed",
            "0",
        ),
        Option(
            "timeout",
            _read_seconds,
            True,
            "seconds after which a trial's whole process tree is stopped and it has failed",
            "none",
        ),
        Option("label", _read_text, True, "a text that is kept with the run"),
        Option("tags", _read_texts, True, "texts that are kept with the run"),
    )
}


@dataclass(frozen=True)
class Options:
    """The options of one start: the values that were given, by name, checked."""

    values: Mapping[str, Value] = field(default_factory=dict)

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Options:
        """Check the given values. None stands for an option that was not given.

        Raises Mistake for a value that an option cannot take.
        """
        return cls(
            {
                name: OPTIONS[name].read(name, value)
                for name, value in given.items()
                if value is not None
            }
        )

    def over(self, remembered: Mapping[str, Value]) -> Options:
        """These options, and for what they leave open the remembered ones.

        Raises Mistake for what is no option, or has no value of one: a record may be of
        another version, or damaged.
        """
        for name in remembered:
            if name not in OPTIONS:
                raise Mistake(f"an option {name!r} is remembered that runner does not know")
        return Options({**Options.read(remembered).values, **self.values})

    @property
    def remembered(self) -> dict[str, Value]:
        """What a later restart takes as given."""
        return {name: value for name, value in self.values.items() if OPTIONS[name].remembered}

    def _value(self, name: str) -> Any:
        return self.values.get(name)

    @property
    def restart(self) -> str | None:
        """The id, or prefix of one, to restart."""
        value: str | None = self._value("restart")
        return value

    @property
    def needed(self) -> bool:
        """Whether what is completed is skipped."""
        return bool(self._value("needed"))

    @property
    def max_trials(self) -> int | None:
        """The largest number of trials; None for the whole grid."""
        value: int | None = self._value("max_trials")
        return value

    @property
    def random_seed(self) -> int | None:
        """The seed that was given."""
        value: int | None = self._value("random_seed")
        return value

    @property
    def init_trials(self) -> bool:
        """Whether trials are only created."""
        return bool(self._value("init_trials"))

    @property
    def print_trials(self) -> bool:
        """Whether the plan is only printed."""
        return bool(self._value("print_trials"))

    @property
    def refresh(self) -> bool:
        """Whether a restart composes from the present YAML."""
        return bool(self._value("refresh"))

    @property
    def fail_fast(self) -> bool:
        """Whether the first failure is the last start."""
        return bool(self._value("fail_fast"))

    @property
    def retries(self) -> int:
        """How often a failed trial is run again."""
        return int(self._value("retries") or 0)

    @property
    def timeout_s(self) -> float | None:
        """The longest time of one attempt, in seconds."""
        value: float | None = self._value("timeout")
        return value

    @property
    def label(self) -> str | None:
        """The label."""
        value: str | None = self._value("label")
        return value

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags, in the order given."""
        return tuple(self._value("tags") or ())
