"""The rules in `hydra.sweeper.stop` that end a batch before its plan does.

Each rule of the list ends the batch: `{objective: "< 0.05"}` (or, by name, `{loss: "< 0.05"}`),
`{patience: 20}` and `{time: 2h}`.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.operation.duration import read_seconds
from hydra_sweep_runner.search.objective import Objective, Values, improvements

_COMPARISON = re.compile(r"\s*(<=|>=|<|>)\s*(\S+)\s*")
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_SETTING = "hydra.sweeper.stop"


@dataclass(frozen=True)
class Bound:
    """A rule that ends the batch once a trial's objective number `index` (from 0) compares so with
    `limit`. `text` is the rule as it is printed."""

    index: int
    comparison: str
    limit: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """The rules of a batch. `time_s` is in seconds from its present start."""

    objective: Objective
    bounds: tuple[Bound, ...] = ()
    patience: int | None = None
    time_s: float | None = None
    time_text: str = ""

    @property
    def looks_at_results(self) -> bool:
        """Whether a rule depends on results."""
        return bool(self.bounds) or self.patience is not None

    def why(
        self, known: Sequence[Values | None], elapsed_s: float, judged: str = "trial"
    ) -> str | None:
        """The rule that ends the batch, as text; None if it goes on.

        `known` are the results that the next trial would know, in plan order, None for a failed
        trial. `judged` is what each is the result of.
        """
        for rule in self.bounds:
            compare = _COMPARE[rule.comparison]
            if any(one is not None and compare(one[rule.index], rule.limit) for one in known):
                return rule.text
        if self.patience is not None:
            better = improvements(self.objective, known)
            since = len(known) - (better[-1] + 1 if better else 0)
            if since >= self.patience:
                return f"no better {judged} among {self.patience}"
        if self.time_s is not None and elapsed_s >= self.time_s:
            return f"the time of {self.time_text} is over"
        return None


def parse_stopping(rules: object, objective: Objective) -> Stopping:
    """Read `hydra.sweeper.stop`. Raises Mistake for an invalid rule."""
    if rules is None:
        return Stopping(objective=objective)
    if not isinstance(rules, (list, tuple)):
        raise Mistake(
            f'{_SETTING} must be a list of rules, such as [{{objective: "< 0.05"}}, {{time: 2h}}]'
        )
    bounds: list[Bound] = []
    patience: list[int] = []
    times: list[tuple[float, str]] = []
    for rule in rules:
        if not isinstance(rule, Mapping) or len(rule) != 1:
            raise Mistake(f"{_SETTING}: {rule}: each rule has one key: objective, patience or time")
        (key, value), *_ = rule.items()
        if key == "patience":
            patience.append(_patience(value))
        elif key == "time":
            times.append(_time(value))
        else:
            bounds.append(_bound(str(key), value, objective))
    time_s, time_text = min(times, default=(None, ""))
    return Stopping(
        objective=objective,
        bounds=tuple(bounds),
        patience=min(patience, default=None),
        time_s=time_s,
        time_text=time_text,
    )


def _patience(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise Mistake(f"{_SETTING}: patience: {value}: must be a number of trials, at least 1")


def _time(value: object) -> tuple[float, str]:
    seconds = read_seconds(str(value))
    if not seconds or not math.isfinite(seconds):
        raise Mistake(f"{_SETTING}: time: {value}: write a number and s, m, h or d, as in 2h")
    return seconds, str(value).strip()


def _bound(key: str, value: object, objective: Objective) -> Bound:
    names = objective.names
    if key == "objective" and len(names) > 1 and key not in names:
        raise Mistake(
            f"{_SETTING}: objective: there are several; name the one that is meant: "
            f"{', '.join(names)}"
        )
    name = names[0] if key == "objective" and key not in names else key
    if name not in names:
        raise Mistake(
            f"{_SETTING}: {key}: no rule of that name: write objective, patience or time"
            + (f", or an objective's name: {', '.join(names)}" if len(names) > 1 else "")
        )
    match = _COMPARISON.fullmatch(str(value))
    limit = _number(match[2]) if match else None
    if match is None or limit is None:
        raise Mistake(f'{_SETTING}: {key}: {value}: write a comparison, as in "< 0.05"')
    return Bound(names.index(name), match[1], limit, f"{name} {match[1]} {match[2]}")


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number
