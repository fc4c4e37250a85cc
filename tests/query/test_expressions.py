"""Expressions: contract section 9, and section 4 on which values are the same."""

from __future__ import annotations

import math
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import Scalar
from hydra_sweep_runner.query.evaluate import PlainSubject, holds, value_of
from hydra_sweep_runner.query.names import check_names
from hydra_sweep_runner.query.parse import parse, parse_condition
from tests.planning.test_identity import values

LOSS = Scalar(first=1.0, last=0.25, min=0.2, max=1.5, count=10, step=9, min_step=7, max_step=2)
NOTHING_BUT_NAN = Scalar(
    first=math.nan, last=math.nan, min=None, max=None, count=1, step=0, min_step=None, max_step=None
)
RUN = PlainSubject(
    flags={
        "lr": 0.1,
        "epochs": 3,
        "model.depth": 2,
        "name": "small",
        "fast": True,
        "off": False,
        "nothing": None,
        "nan": math.nan,
        "betas": [0.9, 1],
        "val/x": 7,
        "huge": 10**400,
        "step": 5,
    },
    scalars={"loss": LOSS, "val.acc": LOSS, "val/loss": LOSS, "lr": LOSS, "gone": NOTHING_BUT_NAN},
    attributes={
        "id": "3f2a9c1d" * 4,
        "status": "completed",
        "kind": "trial",
        "tags": ["good", "first"],
        "started": "2026-01-31T12:00:00.000000+00:00",
        "duration": 61.5,
        "label": None,
        "step": "train",
        "batch": ["77b01c52" * 4],
        "random_seed": 12,
    },
)


def is_true(text: str) -> bool:
    return holds(parse(text), RUN)


@pytest.mark.parametrize(
    "text",
    [
        "lr == 0.1",
        "epochs == 3.0",
        "epochs != 3.5",
        "model.depth == 2",
        "flag.model.depth == 2",
        "flag['model.depth'] == 2",
        'flag["val/x"] == 7 and scalar["val/loss"] < 1',
        "loss < 0.3 and lr < 0.2",
        "lr == 0.1 and scalar.lr == 0.25",
        "step == 5 and run.step == 'train'",
        "val.acc == 0.25",
        "0 < lr < 0.2 < loss < 1",
        "min(loss) == 0.2 and max(loss) == 1.5 and first(loss) == 1 and last(loss) == 0.25",
        "count(loss) == 10 and min(val.acc) == 0.2 and min(scalar['val/loss']) == 0.2",
        "name == 'small' and name in ['small', 'large'] and 'mall' in name",
        "name not in ['large'] and 'x' not in name",
        "status == 'completed' and kind != 'batch'",
        "'good' in tags and 'bad' not in tags",
        "started >= '2026-01-31' and started < '2026-02'",
        "duration > 60",
        "fast and not off and fast == true and fast == True and off == False",
        "betas == [0.9, 1.0] and betas != [0.9]",
        "-lr < 0 and +lr > 0 and lr * 2 + 1 - 0.2 == 1 and epochs / 2 == 1.5",
        "(lr > 1 or epochs > 1) and lr < 1",
        "nan == nan",
        "nothing == null and nothing == None and nothing != 1",
        "huge > lr and huge > 1e308 and -huge < 0",
        "1 == 1.0 and 0.0 == -0.0",
        "1_000 == 0x3e8",
    ],
)
def test_it_holds(text: str) -> None:
    assert is_true(text)


@pytest.mark.parametrize(
    "text",
    [
        "fast == 1",
        "fast > 0",
        "fast + 1 == 2",
        "off == 0",
        "epochs == '3'",
        "name < 3",
        "name > 3",
        "name <= 3",
        "nothing < 1",
        "nothing >= 1",
        "nan < 1",
        "nan >= 1",
        "nan != nan",
        "lr in name",
        "lr not in name",
        "3 in epochs",
        "3 not in epochs",
        "name * 2 == 'smallsmall'",
        "betas * 2 != null",
        "huge * 1.0 > 0",
        "lr / 0 != 5",
        "[1] < 2",
        "min(gone) < 1",
        "min(gone) != 1",
    ],
)
def test_it_does_not_hold(text: str) -> None:
    assert not is_true(text)


@pytest.mark.parametrize("lacked", ["x", "flag.x", "scalar.x", "min(x)", "label", "run.stopped"])
def test_a_comparison_with_what_the_run_lacks_holds_only_against_the_word_null(lacked: str) -> None:
    for relation in ("==", "!=", "<", "<=", ">", ">="):
        for other in ("1", "'a'", "true", "[1]", "lr", "nothing", "y", lacked):
            assert not is_true(f"{lacked} {relation} {other}"), (relation, other)
            assert not is_true(f"{other} {relation} {lacked}"), (relation, other)
    assert is_true(f"{lacked} == null") and is_true(f"null == {lacked}")
    assert not is_true(f"{lacked} != null") and not is_true(f"{lacked} < null")
    assert is_true(f"{lacked} in [1, null]")
    assert not is_true(f"{lacked} in [1]") and not is_true(f"{lacked} not in [1]")
    assert not is_true(f"1 not in [{lacked}]") and not is_true(f"[{lacked}] != [1]")
    assert is_true(f"{lacked} + 1 == null") and is_true(f"-{lacked} == null")
    assert value_of(parse(lacked), RUN) is None


def test_the_present_value_null_is_no_lacked_one() -> None:
    assert is_true("nothing != 1") and is_true("nothing not in [1]")
    assert not is_true("nothing != null") and not is_true("x == nothing")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "", "empty"),
        ("  ", "", "empty"),
        ("lr >", "at its end", ""),
        ("lr > > 1", "character 6", ""),
        ("lr = 1", "character", "=="),
        ("é == 1 and lr.x().y", "character 12", ""),
        ("lr; lr", "character 3", ""),
        ("lr ** 2", "character 1", "+ - * /"),
        ("lr % 2", "character 1", "+ - * /"),
        ("lr is null", "character 1", "=="),
        ("__import__('os').system('x')", "character 1", "min"),
        ("open('x')", "character 1", "min"),
        ("1 and (lambda: 1)", "character 8", "names"),
        ("[x for x in y]", "character 1", "names"),
        ("f'{lr}'", "character 1", "names"),
        ("b'x'", "character 1", "names"),
        ("1j", "character 1", "names"),
        ("...", "character 1", "names"),
        ("(1, 2)", "character 1", "names"),
        ("{1: 2}", "character 1", "names"),
        ("~1", "character 1", "names"),
        ("lr if lr else 1", "character 1", "names"),
        ("(x := 1)", "character 2", "names"),
        ("lr[0]", "character 1", "flag"),
        ("flag[0]", "character 6", "quotes"),
        ("flag[lr]", "character 6", "quotes"),
        ("'a'.b", "character 1", "dot"),
        ("min(1)", "character 5", "scalar"),
        ("min(flag.lr)", "character 5", "scalar"),
        ("min(a, b)", "character 1", "one scalar"),
        ("min(*a)", "character 5", ""),
        ("min(a=1)", "character 1", "one scalar"),
        ("run.lr == 1", "character 1", "random_seed"),
        ("'a' * 1000000000", "character 1", "only numbers"),
        ("1 + [2]", "character 5", "only numbers"),
        ("-'a'", "character 2", "only numbers"),
        ("lr > 1 # or so", "character 8", "comment"),
        ("lr\n> 1", "character 3", "one line"),
        ("lr\x00", "character 3", "one line"),
        ("'\ud800' == lr", "character", ""),
        ("'" + "a" * 100_001 + "'", "", "longer"),
        ("(" * 5000, "", ""),
        ("-" * 50_000 + "1", "", ""),
        ("[" * 150 + "]" * 150, "", "deep"),
        ("not " * 3000 + "x", "", "deep"),
        ("1+" * 9000 + "1", "", "deep"),
        ("9" * 5000, "", ""),
    ],
)
def test_what_does_not_parse_points_at_the_place(text: str, place: str, words: str) -> None:
    with pytest.raises(Mistake) as told:
        parse(text)
    assert place in str(told.value) and words in str(told.value)
    assert "\n" not in str(told.value) or "\n" in text
    assert len(str(told.value)) < 600


def test_flags_only_knows_flags_only() -> None:
    assert holds(
        parse("flag.loss == 1 and id == 2", flags_only=True), PlainSubject(flags=_one("loss id"))
    )
    for text in ("scalar.loss == 1", "run.id == 1", "min(loss) == 1"):
        with pytest.raises(Mistake, match="no run exists yet"):
            parse(text, flags_only=True)


def _one(names: str) -> dict[str, Any]:
    return {name: number for number, name in enumerate(names.split(), start=1)}


def test_a_hash_in_a_text_is_no_comment() -> None:
    assert holds(parse("name == '#1'"), PlainSubject(flags={"name": "#1"}))


# ---- laws


numbers = st.integers(-5, 5) | st.sampled_from([0.5, -1.5, 2.0])
names = st.sampled_from(["a", "b", "c"])
texts_ = st.sampled_from(["'x'", "'xy'", "''"])
arithmetic = st.recursive(
    numbers.map(str) | names,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*"]), inner),
        st.builds("(-{})".format, inner),
    ),
    max_leaves=6,
)
compared = st.one_of(
    st.builds(
        "({} {} {} {} {})".format,
        arithmetic,
        st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
        arithmetic,
        st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
        arithmetic,
    ),
    st.builds("({} in [{}, {}])".format, arithmetic, arithmetic, arithmetic),
    st.builds("({} not in [{}, {}])".format, arithmetic, arithmetic, arithmetic),
    st.builds("({} < {})".format, texts_, texts_),
    st.builds("({} in {})".format, texts_, texts_),
)
connected = st.recursive(
    compared,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
    ),
    max_leaves=6,
)


@given(connected | arithmetic, numbers, numbers, numbers)
def test_what_python_shares_it_evaluates_alike(text: str, a: float, b: float, c: float) -> None:
    variables = {"a": a, "b": b, "c": c}
    expected = eval(text, {"__builtins__": {}}, variables)
    assert value_of(parse(text), PlainSubject(flags=variables)) == expected


WORDS = (
    "lr loss x flag. scalar. run. min( max( ) ( [ ] , + - * / ** < <= == != in not and or is null "
    "true 1 0 1e400 9999 'a' \" ' # \n . : = := lambda for if else { } @ ~ % é \ud800 \x00 \\ "
    "f' b' flag[ 1j ... ; _ __ await yield"
)
pieces = st.sampled_from(WORDS.split(" "))


@given(st.lists(pieces, max_size=12).map(" ".join) | st.text(max_size=20), values, values)
def test_nothing_is_raised_but_mistakes(text: str, x: Any, lr: Any) -> None:
    subject = PlainSubject(flags={"x": x, "lr": lr}, scalars={"loss": LOSS, "min": NOTHING_BUT_NAN})
    try:
        expression = parse(text)
    except Mistake:
        return
    value_of(expression, subject)
    holds(expression, subject)


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("lr < 1 & loss < 1", "character 8", "joined with and, or and not"),
        ("lr < 1 | loss < 1", "character 8", "joined with and, or and not"),
        ("lr < 1 && loss < 1", "character 9", "joined with and, or and not"),
        ("lr < 1 || loss < 1", "character 9", "joined with and, or and not"),
        ("lr = 1", "character 4", "compared with ==, <= and >=: lr == 1"),
        ("opt=adam", "character 4", "compared with ==, <= and >=: opt == 'adam'"),
        ("a.b=true", "character 4", "compared with ==, <= and >=: a.b == true"),
        ("lr=1 and x>2", "character 3", "compared with ==, <= and >=: lr == 1 and x>2"),
        ("lr=1 and opt=a", "character 3", ">=: lr == 1 and opt == 'a'"),
        ("x = 'a=b' or y=0.5", "character 3", ">=: x == 'a=b' or y == 0.5"),
        ("!lr", "character 1", "negated with not"),
        ("~lr", "character 1", "negated with not"),
        ("label ~ 'a'", "character 7", "with in: 'a' in label"),
        ("label =~ '^a.*'", "character 7", "with in: 'a' in label"),
        ("label =~ 'a|b'", "character 7", "with in: 'part' in name"),
        ("data like 'dig%'", "character 6", "with in: 'dig' in data"),
        ("lr > 1 and data LIKE %dig%", "character 17", "with in: 'dig' in data"),
        ("data not like '%dig%'", "character", "with in: 'dig' not in data"),
        ("data contains 'dig'", "character 6", "with in: 'dig' in data"),
        ("data.str.contains('dig')", "character 1", "with in: 'dig' in data"),
        ("lr < 1 and and x", "character 12", "invalid syntax"),
        ("duration > 10s", "character 12", "duration is in seconds: duration > 10"),
        ("duration > 1m and x < 2", "character 12", "in seconds: duration > 60 and x < 2"),
        ("2h < duration", "character 1", "in seconds: 7200 < duration"),
        ("duration > 1h30m", "character 12", "in seconds: duration > 5400"),
        ("duration > 1.5 min", "character 12", "in seconds: duration > 90"),
        ("x > 1e-5 and y == 10m", "character 19", "in quotes: x > 1e-5 and y == '10m'"),
        ("id == 3f2a9c1d", "character 7", "in quotes: id == '3f2a9c1d'"),
        ("lr < 1 AND loss < 1", "character 8", "small letters"),
    ],
)
def test_what_other_languages_write_is_answered_with_what_is_written_here(
    text: str, place: str, why: str
) -> None:
    with pytest.raises(Mistake, match=f"at {re.escape(place)}.*{re.escape(why)}"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("started > 2026-11-29", "started > '2026-11-29'"),
        ("started > 2026-01-31 and lr > 0", "started > '2026-01-31' and lr > 0"),
        ("started > 2026-01-31T12:00", "started > '2026-01-31T12:00'"),
        ("started > 2026-01-31 12:00:30Z", "started > '2026-01-31T12:00:30Z'"),
        ("2026-01 < started", "'2026-01' < started"),
        ("a == '2026-01-31' or a > 2026-01-31", "a == '2026-01-31' or a > '2026-01-31'"),
    ],
)
def test_a_date_stands_in_quotes(text: str, meant: str) -> None:
    with pytest.raises(Mistake, match=f"^a date stands in quotes: {re.escape(meant)}$"):
        parse(text)


def test_arithmetic_that_is_no_date_is_arithmetic() -> None:
    assert is_true("2026 - 11 - 29 == 1986 and 2026-11 == 2015 and 2026-13-29 == 1984")
    assert is_true("name != '2026-11-29' and flag['val/x'] == 7")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lr == 0.1 or 0.01", "0.01 alone is no condition: lr == 0.1 or lr == 0.01, or lr in [0.1"),
        ("lr == 1 or 2 or 3", "2 alone is no condition: lr == 1 or lr == 2 or lr == 3, or lr in ["),
        ("2 or 1 == lr", "2 alone is no condition: lr == 1 or lr == 2, or lr in [1, 2]"),
        ("a == 'é' or 'b'", "'b' alone is no condition: a == 'é' or a == 'b', or a in ['é', 'b']"),
        ("lr == 0.1 and 0.01", "0.01 alone is no condition: lr in [0.1, 0.01]"),
        ("lr != 1 or 2", "2 alone is no condition: lr != 1 and lr != 2, or lr not in [1, 2]"),
        ("lr < 1 and 2", "2 alone is no condition: lr < 1 and lr < 2"),
        ("lr in [1] or 2", "2 alone is no condition: lr in [1, 2]"),
        ("lr not in [1] or [2, 3]", "[2, 3] alone is no condition: lr not in [1, 2, 3]"),
        ("'a' in x or 'b'", "'b' alone is no condition: 'a' in x or 'b' in x"),
        ("x == 2 and lr == 0.1 or 0.01", "0.01 alone is no condition: lr in [0.1, 0.01]"),
        ("lr == (0.1 or 0.01)", "0.1 alone is no condition: lr == 0.1 or lr == 0.01, or lr in ["),
        ("lr == -1 or -2", "-2 alone is no condition: lr == -1 or lr == -2, or lr in [-1, -2]"),
        ("lr == 1 or 'b'", "'b' alone is no condition: compare a name with it, as in NAME == 'b'"),
        ("fast and not 1", "1 alone is no condition: compare a name with it, as in NAME == 1"),
        ("(fast or 1) == true or nan", "nan alone is no condition: compare a name with it"),
        ("1", "1 alone is no condition: compare a name with it, as in NAME == 1"),
        ("'a'", "'a' alone is no condition: compare a name with it, as in NAME == 'a'"),
        ("[1]", "[1] alone is no condition: compare a name with it, as in NAME in [1]"),
        ("1 - 2", "1 - 2 alone is no condition: compare a name with it"),
        ("'lr > 1'", "'lr > 1' is a text: without its quotes it is lr > 1"),
        (
            "lr * 2",
            "lr * 2 alone is no condition, its values are numbers: compare it, as in lr * 2",
        ),
    ],
)
def test_a_value_that_stands_alone_is_no_condition(text: str, told: str) -> None:
    with pytest.raises(Mistake, match=f"^{re.escape(told)}"):
        parse_condition(text)
    parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "true",
        "not false",
        "label or null",
        "fast and not off",
        "lr == 0.1 or lr == 0.01",
        "(loss or 0) > 0.5",
        "x == (y or 'a')",
        "tags",
        "-lr < 0 and lr * 2 > 1",
    ],
)
def test_words_names_and_comparisons_are_conditions(text: str) -> None:
    parse_condition(text)


@given(connected)
def test_what_only_compares_is_a_condition(text: str) -> None:
    assert parse_condition(text) == parse(text)


@given(connected, compared, numbers, st.sampled_from(["and", "or"]))
def test_no_condition_has_a_value_alone_in_it(one: str, two: str, lone: float, joint: str) -> None:
    for text in (f"{one} {joint} {lone}", f"{lone} {joint} {one}", f"{one} {joint} ({two} or 'x')"):
        with pytest.raises(Mistake, match="alone is no condition: "):
            parse_condition(text)


@pytest.mark.parametrize(
    "text", ["x == 1" + " or 1" * 20_000, "'" + "\\'" * 40_000, "duration" + " 1h" * 30_000 + "x"]
)
def test_a_long_mistake_is_told_at_once(text: str) -> None:
    began = time.monotonic()
    with pytest.raises(Mistake) as told:
        parse_condition(text)
    assert time.monotonic() - began < 5 and len(str(told.value)) < 600


RUNS = [
    PlainSubject(
        flags={"batch-size": 2, "opt": "adam", "size": 1, "amp": True, "layers": 2},
        scalars={"val/loss": LOSS, "train_loss": LOSS},
        attributes={"status": "error", "batch": ["a"], "tags": ["best"]},
    )
]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("status == error", "error (a text stands in quotes: status == 'error')"),
        ("adam != opt", "adam (a text stands in quotes: 'adam' != opt)"),
        ("size - y < 3", "attribute y;"),
        ("val/loss < 1", 'val/loss is read as arithmetic: as one name it is scalar["val/loss"]'),
        ("amp == yes", "yes (the words are true and false: amp == true)"),
        ("FALSE != amp", "FALSE (the words are true and false: false != amp)"),
        ("amp and on", "on (the words are true and false: true)"),
        ("size == none", "none (the word is null: size == null)"),
        ("opt == no", "no (a text stands in quotes: opt == 'no')"),
        ("sizes == 3", "sizes (did you mean size?)"),
        ("loss == 3", "loss (did you mean val/loss or train_loss?)"),
    ],
)
def test_a_name_that_no_run_has_is_answered_with_what_may_be_meant(text: str, told: str) -> None:
    with pytest.raises(Mistake, match=re.escape(told)):
        check_names([parse(text)], RUNS)


def test_a_name_with_a_dash_is_answered_with_its_brackets() -> None:
    runs = [PlainSubject(flags={"batch-size": 2}, attributes={"batch": ["a"]})]
    with pytest.raises(Mistake, match=re.escape('as one name it is flag["batch-size"]')):
        check_names([parse("batch-size < 3")], runs)
    assert holds(parse('flag["batch-size"] < 3'), runs[0])


def test_arithmetic_with_names_that_there_are_is_arithmetic() -> None:
    runs = [PlainSubject(flags={"a": 5, "b": 3, "a-b": 1})]
    check_names([parse("a-b == 2")], runs)
    assert holds(parse("a-b == 2"), runs[0])
