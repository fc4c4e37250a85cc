"""Override strings: told apart, restarts merged in, sweeps as dimensions."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hydra
import pytest
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hydra_sweep_runner.compose.overrides import (
    check_values,
    gives_mappings,
    is_for_hydra,
    is_sweep,
    merge,
    name_of,
    params_as_overrides,
    parse_override,
)
from hydra_sweep_runner.compose.sweeps import LONGEST_LIST, batch_flags, dimensions
from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.planning.combinations import Grid
from tests.compose.projects import open_loader_of

NEW = not hydra.__version__.startswith("1.3")
FILES = {
    "config.yaml": "defaults: [model: small]\nx: 1\n",
    "model/small.yaml": "depth: 3\n",
    "model/large.yaml": "depth: 30\n",
    "model/least.yaml": "depth: 1\n",
}

#: `~x` as a job gets it: from Hydra 1.4 on `~x=null` would delete x only if it is null.
DELETED = "~x=null" if hydra.__version__.startswith("1.3") else "~x"


@pytest.fixture(scope="module")
def loader(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Hydra's loader of a project with the group `model` (large, least, small)."""
    return open_loader_of(tmp_path_factory.mktemp("project"), FILES)


def mistake(action: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(Mistake) as caught:
        action(*arguments, **named)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- reading


def test_what_is_no_override_is_named() -> None:
    said = mistake(parse_override, "x")
    assert said.startswith("cannot read the override 'x': ")
    for text in ("x=[1", "", "x={a", "x=extend(", "x=nosuch(1)"):
        assert repr(text) in mistake(parse_override, text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("x=1", "x"),
        ("+x.y=1", "x.y"),
        ("++x=1", "x"),
        ("~x", "x"),
        ("~x=1", "x"),
        ("model=small", "model"),
        ("db/kind=a", "db/kind"),
        ("+model@slot=small", "model@slot"),
    ],
)
def test_a_name_is_without_prefixes(text: str, name: str) -> None:
    assert name_of(parse_override(text)) == name


def test_hydra_s_own_are_told_apart() -> None:
    ours = ["hydra.job.name=a", "hydra/launcher=basic", "+hydra.x=1", "~hydra.x"]
    assert [is_for_hydra(text) for text in [*ours, "x=hydra", "hydrax=1"]] == [True] * 4 + [
        False
    ] * 2


@pytest.mark.parametrize(
    ("text", "as_one"),
    [
        ("x=1,2", "'x=\"1,2\"', and a list 'x=[1,2]'"),
        ("+x=a.txt,b c", "'+x=\"a.txt,b c\"', and a list '+x=[a.txt,b c]'"),
        ('x="a",b', ""),
        ("x=choice(1)", ""),
        ("x=range(3)", ""),
    ],
)
def test_several_values_where_one_is_wanted_are_a_mistake(text: str, as_one: str) -> None:
    assert is_sweep(text)
    more = f"; with its commas, one text is written {as_one}" if as_one else ""
    told = f"{text} gives x several values: add -m to sweep over them{more}"
    assert mistake(check_values, ["y=1", text]) == told
    for one in shlex.split(as_one.replace(", and a list", "")):
        check_values([one])


def test_a_space_without_a_search_is_a_mistake_that_says_how_many_would_be_drawn() -> None:
    said = "x=interval(0,1) is a space that values of x are drawn from: "
    draw = "add -m to draw 20, or as many as +max_trials says"
    assert mistake(check_values, ["x=interval(0,1)"]) == f"{said}{draw}"


def test_one_value_is_no_sweep() -> None:
    check_values(["x=[1,2]", "x='1,2'", r"x=1\,2", "~x", "x={a:1}", "+x="])


# ---- restarts

flag_names = st.sampled_from(["x", "y", "model", "a.b"])
prefixes = st.sampled_from(["", "", "+", "++"])
some_values = st.sampled_from(["1", "2", "1,2", "range(3)", "'a,b'", "[1]"])
changes = st.builds("{}{}={}".format, prefixes, flag_names, some_values)
deletions = st.builds("~{}".format, flag_names)
#: What a batch keeps: each name once.
kept = st.lists(
    changes | deletions, max_size=5, unique_by=lambda text: name_of(parse_override(text))
)


def names(texts: Sequence[str]) -> list[str]:
    return [name_of(parse_override(text)) for text in texts]


@given(st.lists(changes | deletions, max_size=6))
def test_a_restart_without_overrides_keeps_all_as_it_was(before: list[str]) -> None:
    assert merge(before, []) == before


@given(kept, st.lists(changes, max_size=5))
def test_a_restart_repeated_changes_nothing_more(before: list[str], new: list[str]) -> None:
    merged = merge(before, new)
    assert merge(merged, new) == merged


@given(kept, st.lists(changes, max_size=5))
def test_names_keep_their_places_and_new_ones_follow(before: list[str], new: list[str]) -> None:
    assert names(merge(before, new)) == list(dict.fromkeys([*names(before), *names(new)]))


@given(kept, st.lists(changes, max_size=5))
def test_the_last_value_of_a_name_is_the_one(before: list[str], new: list[str]) -> None:
    values = {name: text.split("=", 1)[-1] for name, text in zip(names(new), new, strict=True)}
    for name, text in zip(names(merge(before, new)), merge(before, new), strict=True):
        if name in values:
            assert text.split("=", 1)[1] == values[name]
        else:
            assert text in before


@given(kept, st.lists(changes, max_size=5))
def test_what_was_appended_stays_appended(before: list[str], new: list[str]) -> None:
    merged = dict(zip(names(merge(before, new)), merge(before, new), strict=True))
    for name, text in zip(names(before), before, strict=True):
        if text.startswith("+"):
            assert merged[name].startswith("+")


@pytest.mark.parametrize(
    ("before", "new", "merged"),
    [
        (["x=1,2", "y=3"], ["x=1"], ["x=1", "y=3"]),
        (["+x=1"], ["x=2"], ["+x=2"]),
        (["++x=1"], ["x=2"], ["++x=2"]),
        (["+x=1"], ["++x=2"], ["++x=2"]),
        (["x=1"], ["+x=2"], ["+x=2"]),
        (["+x=1", "y=1"], ["~x"], ["y=1"]),
        (["x=1"], ["~x"], ["~x"]),
        (["~x"], ["x=1"], ["x=1"]),
        (["+model@a=small"], ["model@a=large"], ["+model@a=large"]),
        (["+model@a=small"], ["model@b=large"], ["+model@a=small", "model@b=large"]),
        (["x.a=1"], ["x={a:2}"], ["x.a=1", "x={a:2}"]),
        # a dict that was replaced by deleting and appending it
        (["~x", "+x={a:1}"], ["y=1"], ["~x", "+x={a:1}", "y=1"]),
        (["~x", "+x={a:1}"], ["x={a:2}"], ["~x", "+x={a:2}"]),
        (["~x", "+x={a:1}"], ["~x"], ["~x"]),
        (["x=1", "x=2"], ["x=3"], ["x=1", "x=3"]),
    ],
)
def test_a_restart_s_overrides_take_the_place_of_those_of_their_name(
    before: list[str], new: list[str], merged: list[str]
) -> None:
    assert merge(before, new) == merged


# ---- sweeps

ints = st.integers(-20, 20)
tenths = st.integers(-30, 30).map(lambda number: number / 10)
steps = st.integers(-5, 5).filter(bool)
atoms = st.sampled_from(
    ["1", "2.50", "true", "null", "word", "'a,b'", '"q"', r"a\,b", "[1,'x']", "{a:1,b:[2]}", "${x}",
     "1e3", "'it\\'s'", "a b", "nan", "''"]
)  # fmt: skip
#: Within a function Hydra forgets quotes: `choice('1')` sweeps over the number.
unquoted = atoms.filter(lambda text: "'" not in text and '"' not in text)
lists = st.lists(atoms, min_size=1, max_size=4)
unquoted_lists = st.lists(unquoted, min_size=1, max_size=4)
ranges = st.builds("range({},{},{})".format, ints, ints, steps) | st.builds(
    "range({},{},{})".format, tenths, tenths, tenths.filter(bool)
)
sweeps = st.one_of(
    atoms,
    lists.map(",".join),
    unquoted_lists.map(lambda items: f"choice({','.join(items)})"),
    unquoted_lists.map(lambda items: f"tag(t, choice({','.join(items)}))"),
    st.lists(ints, min_size=2, max_size=4).map(lambda items: f"sort({','.join(map(str, items))})"),
    ranges,
    ranges.map(lambda text: f"int({text})"),
    ranges.map(lambda text: f"float({text})"),
    ranges.map(lambda text: f"tag(t, {text})"),
    st.integers(0, 6).map("range({})".format),
)


def readable(text: str) -> bool:
    """Whether Hydra reads it: 1.3 has no null in a choice()."""
    try:
        OverridesParser.create().parse_override(text)
    except HydraException:
        return False
    return True


written = st.builds("{}{}={}".format, prefixes, st.sampled_from(["x", "y", "a.b"]), sweeps)
swept = written.filter(readable)
groups = st.builds(
    "model={}".format,
    st.sampled_from(["small,large", "glob(*)", "glob([s*,l*],exclude=least)", "glob(l*)"]),
)


def by_hydra(texts: Sequence[str], loader: Any) -> list[list[str]]:
    """The jobs of Hydra's own sweeper."""
    parsed = OverridesParser.create(config_loader=loader).parse_overrides(list(texts))
    return BasicSweeper.split_arguments(parsed, None)[0]


def by_us(texts: Sequence[str], loader: Any, seed: int = 0) -> list[list[str]]:
    grid = Grid(dimensions(texts, seed, loader))
    return [list(grid.at(index)) for index in range(grid.size)]


def merges_a_mapping(texts: Sequence[str]) -> bool:
    """Whether a mapping comes after another override of its name: here it is merged, as in one run
    of Hydra's; Hydra's sweeper forgets the former one."""
    parsed = OverridesParser.create().parse_overrides(list(texts))
    names = [override.key_or_group for override in parsed]
    return any(
        gives_mappings(one) and one.key_or_group in names[:n] for n, one in enumerate(parsed)
    )


@settings(deadline=None, max_examples=60)
@given(texts=st.lists(swept | groups, max_size=3).filter(lambda texts: not merges_a_mapping(texts)))
def test_a_sweep_is_the_one_that_hydra_s_own_sweeper_makes(loader: Any, texts: list[str]) -> None:
    try:
        theirs = by_hydra(texts, loader)
    except (HydraException, ValueError):  # a step of zero, as of int(range(0,1,0.5)) on 1.3
        mistake(by_us, texts, loader)
    else:
        assert by_us(texts, loader) == theirs


@settings(deadline=None, max_examples=60)
@given(text=swept)
def test_a_batch_s_flags_are_the_values_of_its_sweep(loader: Any, text: str) -> None:
    assume(getattr(parse_override(text)._value, "step", 1) != 0)
    (recorded,) = batch_flags([text], loader).values()
    (dimension,) = dimensions([text], 0, loader)
    values = [parse_override(single).value() for single in dimension.overrides]
    assert repr(recorded) == repr(values)


def test_dimensions_have_the_order_in_which_they_were_given(loader: Any) -> None:
    found = dimensions(["y=1,2", "+model@slot=small,large", "x=3", "~z", "y=5"], 0, loader)
    assert [(dimension.name, list(dimension.overrides)) for dimension in found] == [
        ("y", ["y=5"]),
        ("model@slot", ["+model@slot=small", "+model@slot=large"]),
        ("x", ["x=3"]),
        ("z", [DELETED.replace("x", "z")]),
    ]


def test_a_deletion_keeps_its_value_if_it_has_one(loader: Any) -> None:
    assert by_us(["~x", "~y=1", "~z=null"], loader) == [[DELETED, "~y=1", "~z=null"]]


def test_quotes_stay_where_they_are_needed(loader: Any) -> None:
    assert by_us(["x='1,2',\"b\",'true',c"], loader) == [
        ["x='1,2'"],
        ['x="b"'],
        ["x='true'"],
        ["x=c"],
    ]
    flags = batch_flags(["x='1,2',\"b\",'true',c,true"], loader)
    assert flags == {"x": ["1,2", "b", "true", "c", True]}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("x=range(3)", ["0", "1", "2"]),
        ("x=range(1,10,4)", ["1", "5", "9"]),
        ("x=range(3,0,-1)", ["3", "2", "1"]),
        ("x=range(1,2,0.25)", ["1.0", "1.25", "1.5", "1.75"]),
        ("x=range(0.5,2)", ["0.5", "1.5"]),
        ("x=float(range(1,3))", ["1.0", "2.0"]),
        ("x=int(range(0.5,3))", ["0", "1", "2"]),
        ("x=range(1,0)", []),
        ("x=choice(a)", ["a"]),
        ("x=5", ["5"]),
        ("model=glob(*)", ["large", "least", "small"]),
        ("model=glob(l*)", ["large", "least"]),
        ("model=glob(*,exclude=[l*])", ["small"]),
    ],
)
def test_the_values_of_a_sweep(loader: Any, text: str, values: list[str]) -> None:
    (dimension,) = dimensions([text], 0, loader)
    assert [override.split("=", 1)[1] for override in dimension.overrides] == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "x=interval(1,0)",
            "the lower bound 1 of the interval is above the upper one 0: give the lower one first",
        ),
        ("x=interval(0,1e999)", "the bounds of an interval must be finite numbers"),
        (
            "x=tag(log,interval(0,1))",
            "the logarithm needs an interval above 0, and this one begins at 0",
        ),
        (
            "x=tag(log,int(interval(-2,3)))",
            "the logarithm needs an interval above 0, and this one begins at -2",
        ),
        ("x=int(interval(0.2,0.8))", "there is no whole number from 0.2 to 0.8"),
        (
            "x=tag(lgo,interval(1,2))",
            "the tag 'lgo' says nothing of an interval; tag(log,interval(…)) draws by the "
            "logarithm",
        ),
        ("x=range(0,5,0)", "the step of a range must not be zero"),
        ("x=range(0.0,5,0)", "the step of a range must not be zero"),
        ("x=range(0,inf)", "a range must have finite ends and steps"),
        ("x=range(nan,1)", "a range must have finite ends and steps"),
        ("model=glob(z*)", "no config in the group 'model' matches"),
        ("x=glob(*)", "glob() chooses from a config group, and x is none: list the values, x=A,B"),
    ],
)
def test_what_has_no_values_to_go_through_is_a_mistake(loader: Any, text: str, said: str) -> None:
    assert mistake(dimensions, [text], 0, loader) == f"{text}: {said}"


def test_a_huge_range_is_not_built(loader: Any) -> None:
    found = dimensions(["x=range(1000000000000)", "y=range(0,1000000000000,0.5)"], 0, loader)
    grid = Grid(found)
    assert grid.size == 2 * 10**24
    assert grid.at(0) == ("x=0", "y=0.0")
    assert grid.at(grid.size - 1) == ("x=999999999999", "y=999999999999.5")
    assert grid.at(2 * 10**12 + 3) == ("x=1", "y=1.5")


def test_a_range_may_be_longer_than_len_can_tell(loader: Any) -> None:
    grid = Grid(dimensions([f"x=range({10**30})", f"y=range({10**30},0,-1)"], 0, loader))
    assert grid.size == 10**60
    assert grid.at(10**60 - 1) == (f"x={10**30 - 1}", "y=1")


def test_a_batch_records_a_long_range_as_its_text(loader: Any) -> None:
    assert batch_flags([f"x=range({LONGEST_LIST + 1})"], loader) == {
        "x": f"range({LONGEST_LIST + 1})"
    }
    (values,) = batch_flags([f"x=range({LONGEST_LIST})"], loader).values()
    assert isinstance(values, list)
    assert len(values) == LONGEST_LIST


def test_a_batch_records_other_flags_as_lists(loader: Any) -> None:
    texts = ["x=1,2", "y=3", "+z=[1,2]", "model=glob(l*)", "~w", "v={a:'b'}"]
    assert batch_flags(texts, loader) == {
        "x": [1, 2],
        "y": [3],
        "z": [[1, 2]],
        "model": ["large", "least"],
        "w": "~w",
        "v": [{"a": "b"}],
    }


# ---- shuffles

SHUFFLES = ["x=shuffle(1,2,3,4,5,6,7)", "x=shuffle(range(1,8))", "x=shuffle(range(0.5,7.5))"]


@pytest.mark.parametrize("text", SHUFFLES)
def test_a_shuffle_has_the_same_values_in_an_order_that_the_seed_fixes(
    loader: Any, text: str
) -> None:
    orders = [tuple(itertools.chain(*by_us([text], loader, seed))) for seed in range(20)]
    again = [tuple(itertools.chain(*by_us([text], loader, seed))) for seed in range(20)]
    assert orders == again
    assert len(set(orders)) > 15
    assert len({tuple(sorted(order)) for order in orders}) == 1
    assert len(set(orders[0])) == 7


def test_two_flags_are_shuffled_apart(loader: Any) -> None:
    x, y = dimensions([SHUFFLES[0], SHUFFLES[0].replace("x", "y")], 3, loader)
    assert [text[2:] for text in x.overrides] != [text[2:] for text in y.overrides]


def test_a_shuffle_is_pinned(loader: Any) -> None:
    (dimension,) = dimensions(["x=shuffle(1,2,3,4)"], 43, loader)
    assert list(dimension.overrides) == ["x=4", "x=2", "x=1", "x=3"]


def test_a_batch_records_the_values_of_a_shuffle_as_they_were_given(loader: Any) -> None:
    assert batch_flags(["x=shuffle(3,1,2)"], loader) == {"x": [3, 1, 2]}


# ---- the rest


def test_params_are_overrides_in_their_order() -> None:
    assert params_as_overrides({"x": "1,2", "model": "small", "y": 3}) == [
        "x=1,2",
        "model=small",
        "y=3",
    ]
    assert params_as_overrides(None) == []


@pytest.mark.skipif(not NEW, reason="extend_list came with Hydra 1.4")
@pytest.mark.filterwarnings("ignore:extend_list:UserWarning")
def test_an_extension_of_a_list_stays_one(loader: Any) -> None:
    assert by_us(["x=extend_list(4)", "y=1,2"], loader) == [
        ["x=extend_list(4)", "y=1"],
        ["x=extend_list(4)", "y=2"],
    ]
    text = "x=extend_list(4),extend_list(5)"
    assert mistake(dimensions, [text], 0, loader) == (
        f"{text}: one of its values cannot be swept over"
    )


def test_a_path_is_no_override(tmp_path: Path) -> None:
    mistake(parse_override, str(tmp_path))
