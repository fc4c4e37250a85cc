"""What override strings sweep over: dimensions of a plan, and a batch's flags.

Long ranges are never built: their values are made when they are asked for.
"""

from __future__ import annotations

import decimal
import itertools
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import hydra
from hydra.core.override_parser.types import (
    ChoiceSweep,
    FloatRange,
    Glob,
    IntervalSweep,
    Override,
    OverrideType,
    QuotedString,
    RangeSweep,
)

from hydra_sweep_runner.compose.elements import element_text, plain
from hydra_sweep_runner.compose.overrides import gives_mappings, name_of, parse_override
from hydra_sweep_runner.compose.spaces import WrittenInterval
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Value
from hydra_sweep_runner.planning.combinations import Dimension
from hydra_sweep_runner.planning.seeded_shuffle import permuted, shuffled
from hydra_sweep_runner.planning.space import Interval

#: The types of a sweep's values, as Hydra's parser returns them.
_ELEMENTS = (str, int, float, list, dict, QuotedString, type(None))

#: Functions of Hydra's grammar that change values but not their order.
_CASTS = frozenset(("int", "float", "str", "bool", "json_str", "tag"))

# The only tag that has a meaning for an interval.
_LOG = "log"

#: A swept range with more values is recorded as its text, not as a list.
LONGEST_LIST = 10_000


class ConfigGroups(Protocol):
    """Lists the configs of groups, as Hydra's loader does."""

    def get_group_options(self, group_name: str) -> list[str]:
        """The names of the configs of a group."""
        ...


def dimensions(texts: Iterable[str], seed: int, groups: ConfigGroups) -> tuple[Dimension, ...]:
    """The dimensions of the sweep that override strings describe, in their order. A repeated name
    replaces the earlier one in its place, as in Hydra's own sweeper.

    Mappings do not replace one another: they are merged, as in a single run. `seed` orders the
    values of `shuffle(…)`. Raises Mistake for an override without discrete values.
    """
    found: list[tuple[str, Dimension]] = []
    for text in texts:
        override = parse_override(text)
        key, dimension = override.get_key_element(), _dimension(text, override, seed, groups)
        known = [place for place, (former, _) in enumerate(found) if former == key]
        if known and not gives_mappings(override):
            found[known[-1]] = (key, dimension)
        else:
            found.append((key, dimension))
    return tuple(dimension for _, dimension in found)


def _dimension(text: str, override: Override, seed: int, groups: ConfigGroups) -> Dimension:
    key = override.get_key_element()
    name = name_of(override)
    if not override.is_sweep_override():
        return Dimension(name=name, overrides=(_single(text, override),), swept=False)
    value = override._value
    if isinstance(value, IntervalSweep):
        return _interval_dimension(name, key, _interval(value, text))
    if isinstance(value, RangeSweep):
        overrides: Sequence[str] = _range(key, value, text)
        shuffle = value.shuffle or _is_shuffled(text)
    elif isinstance(value, ChoiceSweep):
        if not all(isinstance(item, _ELEMENTS) for item in value.list):
            # In Hydra 1.4 a value may be extend_list(…).
            raise Mistake(f"{text}: one of its values cannot be swept over")
        overrides = [f"{key}={element_text(item)}" for item in value.list]
        shuffle = value.shuffle or _is_shuffled(text)
    elif isinstance(value, Glob):
        names = value.filter(groups.get_group_options(override.key_or_group))
        if not names and not groups.get_group_options(override.key_or_group):
            raise Mistake(
                f"{text}: glob() chooses from a config group, and {key} is none: list the values, "
                f"{key}=A,B"
            )
        if not names:
            raise Mistake(f"{text}: no config in the group {override.key_or_group!r} matches")
        overrides, shuffle = [f"{key}={element_text(name)}" for name in names], False
    else:
        raise Mistake(f"{text}: cannot be swept over; list values, or give a range() or interval()")
    if shuffle and isinstance(overrides, RangeOverrides) and overrides.length > LONGEST_LIST:
        overrides = ShuffledRange(overrides, seed, f"shuffle {key}")
    elif shuffle:
        overrides = shuffled(overrides, seed, f"shuffle {key}")
    return Dimension(name=name, overrides=overrides)


def _is_shuffled(text: str) -> bool:
    """Whether `shuffle` is inside casts that lose it: in Hydra 1.3 `float(shuffle(range(1,9)))`
    comes out in order."""
    value = text.split("=", 1)[1]
    functions = re.match(r"\s*((?:\w+\(\s*)*)", value)
    names = re.findall(r"\w+", functions[1]) if functions else []
    casts = list(itertools.takewhile(lambda name: name in _CASTS, names))
    return names[len(casts) : len(casts) + 1] == ["shuffle"]


def _interval(sweep: IntervalSweep, text: str) -> Interval:
    """The interval that an override's sweep describes. Raises Mistake, naming its text."""
    unknown = sorted(tag for tag in sweep.tags if tag != _LOG)
    if unknown:
        raise Mistake(
            f"{text}: the tag {unknown[0]!r} says nothing of an interval; tag(log,interval(…)) "
            "draws by the logarithm"
        )
    assert isinstance(sweep, WrittenInterval)
    try:
        return Interval(sweep.low, sweep.high, log=_LOG in sweep.tags, int=sweep.whole)
    except ValueError as error:
        raise Mistake(f"{text}: {error}") from error


def _interval_dimension(name: str, key: str, interval: Interval) -> Dimension:
    count = interval.count
    overrides: Sequence[str] = ()
    if interval.int and count is not None:
        overrides = RangeOverrides(key, range(int(interval.low), int(interval.low) + count))
    elif count is not None:
        overrides = (f"{key}={interval.low!r}",)
    return Dimension(name=name, overrides=overrides, interval=interval, key=key)


def _single(text: str, override: Override) -> str:
    """An override of one value as Hydra's own sweeper passes it to a job (`~x` as `~x=null`),
    unless that would have another meaning: from Hydra 1.4 on `~x=null` deletes only a null, and an
    extended list is no list."""
    is_plain = override.type in (OverrideType.CHANGE, OverrideType.ADD, OverrideType.FORCE_ADD)
    if not is_plain and not override.is_delete():
        return text
    if override.value_type is None and not hydra.__version__.startswith("1.3"):
        return text
    return f"{override.get_key_element()}={element_text(override._value)}"


class RangeOverrides(Sequence[str]):
    """The overrides `key=value` of a range, computed on access.

    `convert` are the casts that are applied to each value, in order.
    """

    def __init__(
        self,
        key: str,
        values: range | list[float] | _FloatValues,
        convert: Sequence[Callable[[Any], Any]] = (),
    ) -> None:
        self._key = key
        self._values = values
        self._convert = convert
        self.length = _count(values)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(self.length))]
        value = self.value(place)
        return f"{self._key}={element_text(value) if isinstance(value, str) else value}"

    def value(self, place: int) -> Value:
        """The value with this index."""
        value: Any = self._values[place]
        for convert in self._convert:
            value = convert(value)
        return value  # type: ignore[no-any-return]


class ShuffledRange(Sequence[str]):
    """The overrides of a long range in a random order, computed on access."""

    def __init__(self, ordered: RangeOverrides, seed: int, label: str) -> None:
        self._ordered = ordered
        self._seed = seed
        self._label = label
        self.length = ordered.length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(self.length))]
        if not 0 <= place < self.length:
            raise IndexError(place)
        return self._ordered[permuted(place, self.length, self._seed, self._label)]


class _FloatValues:
    """The numbers of a long float range, in decimal arithmetic."""

    def __init__(self, start: decimal.Decimal, step: decimal.Decimal, length: int) -> None:
        self._start = start
        self._step = step
        self.length = length

    def __getitem__(self, place: int) -> float:
        if not 0 <= place < self.length:
            raise IndexError(place)
        return float(self._start + self._step * place)


def _count(values: range | list[float] | _FloatValues) -> int:
    # len() overflows beyond sys.maxsize.
    if isinstance(values, _FloatValues):
        return values.length
    if isinstance(values, range):
        return max(0, -((values.start - values.stop) // values.step))
    return len(values)


def _range(key: str, sweep: RangeSweep, text: str) -> RangeOverrides:
    if sweep.step == 0:
        raise Mistake(f"{text}: the step of a range must not be zero")
    ends: list[Any] = [sweep.start, sweep.stop, sweep.step]
    if not all(math.isfinite(end) for end in ends):
        raise Mistake(f"{text}: a range must have finite ends and steps")
    # From Hydra 1.4 on a range's casts are stored beside it.
    convert: Sequence[Callable[[Any], Any]] = getattr(sweep, "transformers", ())
    values = sweep.range()
    if not isinstance(values, FloatRange):
        return RangeOverrides(key, values, convert)
    start, stop, step = (decimal.Decimal(x) for x in (values.start, values.stop, values.step))
    length = max(0, math.ceil((stop - start) / step))
    if length <= LONGEST_LIST:
        # Hydra 1.3 adds step by step and rounds; the values must equal its own to the last digit.
        return RangeOverrides(key, list(values), convert)
    return RangeOverrides(key, _FloatValues(start, step, length), convert)


def range_of_one(text: str) -> RangeSweep | None:
    """The range that an override sweeps over, if it has one value only because its step is not
    smaller than the range; None for any other override."""
    value = parse_override(text)._value
    if not isinstance(value, RangeSweep) or not value.step:
        return None
    length = abs(float(value.stop or 0) - float(value.start or 0))
    return value if 0 < length <= abs(value.step) and length != 1 else None


def why_without_values(text: str) -> str:
    """Says that the values of an override are none, and of a range why."""
    value = parse_override(text)._value
    if not isinstance(value, RangeSweep) or value.start is None or value.stop is None:
        return f"{text} has no values"
    if value.start == value.stop:
        return f"{text} has no values: the end of a range is not part of it"
    way, step = ("down", "-STEP") if value.start > value.stop else ("up", "STEP")
    wanted = f"range({value.start},{value.stop},{step})"
    return f"{text} has no values: {wanted} counts {way}"


def value_items(value: Any) -> list[Any]:
    """The elements of an override's parsed value: those of a sweep over a list or a short range,
    else the value alone."""
    if isinstance(value, ChoiceSweep):
        return list(value.list)
    if isinstance(value, RangeSweep):
        values = _range("", value, f"range({value.start},{value.stop},{value.step})")
        return list(map(values.value, range(values.length))) if values.length < 100 else []
    return [value]


def batch_flags(texts: Iterable[str], groups: ConfigGroups) -> dict[str, Value]:
    """A batch's flags: each given name with the list of its values, or with the override's text if
    it is not a list."""
    flags: dict[str, Value] = {}
    for text in texts:
        override = parse_override(text)
        name, values = name_of(override), _values(text, groups)
        former = flags.get(name)
        if gives_mappings(override) and isinstance(former, list) and isinstance(values, list):
            values = [_merged(before, after) for before in former for after in values]
        flags[name] = values
    return flags


def _merged(before: Value, after: Value) -> Value:
    """Two mappings merged at all levels; the second one's values replace the first's."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    both = {key: _merged(before[key], after[key]) for key in before.keys() & after.keys()}
    return {**before, **after, **both}


def _values(text: str, groups: ConfigGroups) -> Value:
    override = parse_override(text)
    value = override._value
    if override.is_delete():
        return text
    if not override.is_sweep_override():
        return [plain(value)]
    if isinstance(value, ChoiceSweep):
        return [plain(item) for item in value.list]
    if isinstance(value, Glob):
        return list(value.filter(groups.get_group_options(override.key_or_group)))
    if isinstance(value, RangeSweep):
        values = _range("", value, text)
        if values.length <= LONGEST_LIST:
            return [values.value(place) for place in range(values.length)]
    return text.split("=", 1)[1]
