"""Intervals of numbers, which searches draw from.

An interval is closed. Values are drawn by exact arithmetic (integers, and decimals whose
logarithm and exponential are rounded correctly), so that a draw is the same on every machine,
Python and C library.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.model import Value

#: `int`, which is also the name of a field here.
_Whole: TypeAlias = int

#: Decimal digits of logarithms: twice those of a float, so that rounding to one is right.
_LOG_DIGITS = 40

#: Wide enough for any float's exact value, its logarithm and its exponential.
_DECIMALS = decimal.Context(
    prec=_LOG_DIGITS,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-(10**6),
    Emax=10**6,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)


@dataclass(frozen=True)
class Interval:
    """The numbers from `low` to `high`, both included.

    With `log` draws are uniform in the logarithm, otherwise uniform. With `int` the interval
    holds whole numbers only, and `low` and `high` are rounded inwards; with `log` as well,
    whole number n stands for the range from n - ½ to n + ½. Raises ValueError, with a message
    for the user, if no such number lies between the bounds.
    """

    low: float
    high: float
    log: bool = False
    int: bool = False

    def __post_init__(self) -> None:
        if not (_is_number(self.low) and _is_number(self.high)):
            raise ValueError("the bounds of an interval must be finite numbers")
        if self.low > self.high:
            raise ValueError(
                f"the lower bound {self.low} of the interval is above the upper one {self.high}: "
                "give the lower one first"
            )
        if self.int:
            self._take_whole_bounds()
        if self.log and self.low <= 0:
            raise ValueError(
                f"the logarithm needs an interval above 0, and this one begins at {self.low}"
            )

    def _take_whole_bounds(self) -> None:
        low, high = math.ceil(self.low), math.floor(self.high)
        if low > high:
            raise ValueError(f"there is no whole number from {self.low} to {self.high}")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def count(self) -> _Whole | None:
        """The number of values; None for an interval of floats, unless its bounds are equal."""
        if self.int:
            return int(self.high) - int(self.low) + 1
        return 1 if self.low == self.high else None

    def holds(self, value: Value) -> bool:
        """Whether a flag's value lies in the interval."""
        if isinstance(value, bool) or not isinstance(value, (float, int)):
            return False
        return self.low <= value <= self.high and (not self.int or value == math.floor(value))

    def at(self, share: Fraction) -> float:
        """The value below which this share (0 to 1) of the interval lies.

        For an `int` interval it is a whole number, otherwise the float nearest to the exact
        value, within the bounds.
        """
        if not self.log:
            return self._at_uniform(share)
        low, high = Fraction(self.low), Fraction(self.high)
        if self.int:
            low, high = low - Fraction(1, 2), high + Fraction(1, 2)
        with decimal.localcontext(_DECIMALS):
            least, most = _logarithm(low), _logarithm(high)
            place = decimal.Decimal(share.numerator) / decimal.Decimal(share.denominator)
            value = (least + (most - least) * place).exp()
        exact = float(value) if not self.int else math.floor(value + decimal.Decimal("0.5"))
        return min(max(exact, self.low), self.high)

    def _at_uniform(self, share: Fraction) -> float:
        if self.int:
            first = int(self.low)
            count = int(self.high) - first + 1
            return min(first + math.floor(share * count), first + count - 1)
        low, high = Fraction(self.low), Fraction(self.high)
        return float(low + (high - low) * share)

    def __str__(self) -> str:
        """The interval in Hydra's override syntax."""
        text = f"interval({self.low},{self.high})"
        text = f"int({text})" if self.int else text
        return f"tag(log,{text})" if self.log else text


#: The possible values of each swept flag or config group, by name, in the order of the sweep.
Space: TypeAlias = Mapping[str, "Interval | Sequence[Value]"]


def _is_number(value: object) -> bool:
    known = isinstance(value, (float, int)) and not isinstance(value, bool)
    try:
        return known and math.isfinite(float(str(value)))
    except (OverflowError, ValueError):
        return False


@lru_cache(maxsize=256)
def _logarithm(value: Fraction) -> decimal.Decimal:
    with decimal.localcontext(_DECIMALS):
        return (decimal.Decimal(value.numerator) / decimal.Decimal(value.denominator)).ln()
