"""The objective of a search: scalars to be minimised or maximised."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import Mistake

#: The last values of the objectives' scalars, in the objectives' order.
Values: TypeAlias = tuple[float, ...]

#: The last value of each scalar that a run has reported, by name.
Last: TypeAlias = Mapping[str, float]

#: The default objective.
DEFAULT = "result"


@dataclass(frozen=True)
class Objective:
    """The names of scalars, and for each whether it is maximised."""

    names: tuple[str, ...]
    maximise: tuple[bool, ...]

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Objective:
        """Read names, those to be maximised with a `-` before them. Raises Mistake."""
        names = tuple(text.removeprefix("-") for text in texts)
        if not names:
            raise Mistake("+objective=[]: name a scalar, with - before it to maximise")
        for text, name in zip(texts, names, strict=True):
            if not name.strip() or name != name.strip():
                raise Mistake(f"+objective={text}: name a scalar, with - before it to maximise")
        if len(set(names)) < len(names):
            raise Mistake(f"+objective=[{','.join(texts)}]: a scalar is named twice")
        return cls(names, tuple(text.startswith("-") for text in texts))

    @property
    def texts(self) -> tuple[str, ...]:
        """The objectives as they are written."""
        pairs = zip(self.names, self.maximise, strict=True)
        return tuple(f"-{name}" if most else name for name, most in pairs)

    def values(self, last: Last) -> Values | None:
        """The objective's values among a run's last ones; None if one is missing or not finite."""
        found = [last.get(name) for name in self.names]
        values = tuple(float(value) for value in found if value is not None)
        if len(values) < len(found) or not all(map(math.isfinite, values)):
            return None
        return values

    def oriented(self, values: Values) -> Values:
        """The values with the sign of maximised ones changed, so that less is better in all."""
        pairs = zip(values, self.maximise, strict=True)
        return tuple(-value if most else value for value, most in pairs)

    def is_better(self, values: Values, than: Values) -> bool:
        """Whether `values` are better: in at least one objective, and worse in none."""
        pairs = list(zip(self.oriented(values), self.oriented(than), strict=True))
        return any(one < other for one, other in pairs) and all(a <= b for a, b in pairs)


def improvements(objective: Objective, told: Sequence[Values | None]) -> list[int]:
    """The indices of results that are better than all before them; with several objectives, of
    those that no earlier result equals or beats in all."""
    places: list[int] = []
    front: list[Values] = []
    for place, values in enumerate(told):
        if values is None:
            continue
        beaten = any(other == values or objective.is_better(other, than=values) for other in front)
        if not beaten:
            places.append(place)
            front = [one for one in front if not objective.is_better(values, than=one)]
            front.append(values)
    return places
