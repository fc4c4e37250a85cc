"""The words of measuring: sizes, benchmarks with their targets, and what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from benchmarks.world import World

#: Takes one sample: seconds, or megabytes.
Side = Callable[[], float]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class BySize(Generic[T]):
    """A number that depends on how large a measurement is wanted."""

    tiny: T
    small: T
    full: T


class Size(str, Enum):
    """How large: `tiny` only shows that it works, `full` gives figures to be told."""

    TINY = "tiny"
    SMALL = "small"
    FULL = "full"

    def of(self, numbers: BySize[T]) -> T:
        """The number for this size."""
        chosen: T = getattr(numbers, self.value)
        return chosen

    @property
    def rounds(self) -> int:
        """How often each side is measured, if a benchmark does not repeat that."""
        return self.of(BySize(tiny=1, small=3, full=7))

    @property
    def warms_up(self) -> bool:
        """Whether each side is run once beforehand, unmeasured."""
        return self is not Size.TINY


class Figure(Enum):
    """How a round's two samples make its figure, and on which side of the target it should be."""

    TIMES_LESS = "times less"  #: theirs / ours; the target is the least
    TIMES = "times"  #: ours / theirs; the target is the most
    MORE = "more"  #: ours - theirs; the target is the most
    SHARE = "share"  #: theirs / ours, in percent; the target is the least
    ALONE = "alone"  #: ours, there is no other side; the target is the most
    #: The p-value of Wilcoxon's signed-rank test, one-sided, over all rounds.
    LESS = "less"  #: of ours being no less than theirs; the target is the most
    NOT_MORE = "not more"  #: of ours being no more than theirs; the target is the least

    def of(self, ours: float, theirs: float) -> float:
        """The figure of a round."""
        if self is Figure.TIMES_LESS:
            return theirs / ours
        if self is Figure.TIMES:
            return ours / theirs
        if self is Figure.MORE:
            return ours - theirs
        return 100 * theirs / ours if self is Figure.SHARE else ours

    def is_reached(self, figure: float, target: float) -> bool:
        """Whether the figure is as good as the target."""
        return figure >= target if self.is_least else figure <= target

    @property
    def is_least(self) -> bool:
        """Whether the target is the least that the figure should be."""
        return self in (Figure.TIMES_LESS, Figure.SHARE, Figure.NOT_MORE)

    @property
    def is_test(self) -> bool:
        """Whether it is one of all rounds, not of each."""
        return self in (Figure.LESS, Figure.NOT_MORE)

    def over(self, ours: Sequence[float], theirs: Sequence[float]) -> Spread:
        """The figure over all rounds."""
        if self.is_test:
            p = _wilcoxon(ours, theirs, "less" if self is Figure.LESS else "greater")
            return Spread(median=p, least=p, most=p)
        return Spread.over([self.of(*pair) for pair in zip(ours, theirs, strict=True)])


def _wilcoxon(ours: Sequence[float], theirs: Sequence[float], alternative: str) -> float:
    """The p-value against the hypothesis that pairs differ around nothing, or the other way."""
    from scipy.stats import wilcoxon

    if list(ours) == list(theirs):
        return 1.0
    return float(wilcoxon(ours, theirs, alternative=alternative).pvalue)


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The two sides of a benchmark, ready to be measured. There may be only ours."""

    ours: Side
    theirs: Side | None = None


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One row: what is measured against what, and what is to be reached.

    `unit` is that of both sides' samples. `prepare` makes what they work on. `needs` names
    the peers, as in `World.peers`, without which it is left out. What is short and close to
    its target has `repeats` times as many rounds as others; `rounds` says how many, where there
    is a reason for a number. Without a target the figure is only shown.
    """

    name: str
    what: str
    against: str
    figure: Figure
    target: float | None
    unit: str
    prepare: Callable[[World], Sides]
    needs: tuple[str, ...] = ()
    repeats: int = 1
    rounds: BySize[int] | None = None


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Samples as they are told: the median, the least and the most."""

    median: float
    least: float
    most: float

    @staticmethod
    def over(samples: list[float]) -> Spread:
        """The spread of some samples, of one at least."""
        return Spread(median=median(samples), least=min(samples), most=max(samples))


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was measured: the samples of each round, or why there are none."""

    benchmark: Benchmark
    ours: list[float]
    theirs: list[float]
    left_out: str | None = None

    @property
    def figure(self) -> Spread:
        """The figure over the rounds, each from the two samples that were taken together."""
        return self.benchmark.figure.over(self.ours, self.theirs or self.ours)

    @property
    def reached(self) -> bool | None:
        """Whether the median reaches the target; None if there is none."""
        target = self.benchmark.target
        return (
            None if target is None else self.benchmark.figure.is_reached(self.figure.median, target)
        )
