"""An override that Hydra's grammar refuses is explained in words, with what to type instead."""

from __future__ import annotations

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_sweep_runner.compose.overrides import parse_override
from hydra_sweep_runner.compose.refusal import quoted
from hydra_sweep_runner.errors import Mistake

#: Words of the parser generator's own.
RIDDLES = re.compile(r"mismatched|extraneous|viable|token|missing [A-Z]|expecting|EOF")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x", "it has no value; write name=value (x=…); a value with blanks stands in quotes, 'na"),
        ("a.b", "it has no value; write name=value (a.b=…), or a=b for a choice from a config gr"),
        ("a/b", "it has no value; write name=value (a/b=…), or a=b for a choice from a config gr"),
        ("x:", "one = stands between a flag's name and its value: x=…"),
        ("x:=1,2", "one = stands between a flag's name and its value: x=1,2"),
        ("x==1", "one = stands between a flag's name and its value: x=1"),
        ("a/b.c=1,2", "the parts of a flag's name have dots between them: a.b.c=1,2"),
        (
            "x=(1,2)",
            "several values of a flag are written without (: x=1,2; a list is written 'x=[",
        ),
        (
            "x=10^-3,2e-4",
            "nothing is computed in an override: write it out: x=1e-3,2e-4; as a text",
        ),
        ("x=2^3", "nothing is computed in an override: write it out; as a text: \"x='2^3'\""),
        ("x=“1,2”", "these quotes are no plain ones: x=1,2"),
        ("a={b:1,2}", "one flag in a mapping is swept over by its whole name: a.b=1,2"),
        ('a={"b":1}', "names within {} have no quotes: 'a={b:1}'"),
        (
            "+objective=max(acc)",
            "the least is the best, and - before the name maximises: +objective=-acc",
        ),
        (
            "+objective=minimize(a/b)",
            "the least is the best, and - before the name maximises: +objective=a/b",
        ),
        ("+x", "it has no value; write name=value (+x=…)"),
        ("=1", "it has no name; write name=value"),
        ("x y=1", "white space (character 2) cannot be part of a flag's name"),
        ("naïve=1", "ï (character 3) cannot be part of a flag's name"),
        ("x=[1,2", "[ (character 3) is not closed"),
        ("x=1]", "] (character 4) closes nothing"),
        ("x=range(1,2", "( (character 8) is not closed"),
        ("x=(1)", "( (character 3) is for functions, as in range(1,4)"),
        ("x=it's", "the quote ' (character 5) is not closed"),
        ("x='a'b", "b (character 6) stands after a quoted text"),
        ("x=a#b", "# (character 4) has to stand in quotes"),
        ("x=é", "é (character 3) has to stand in quotes"),
        ("x=a=b", "= (character 4) has to stand in quotes"),
        ("x=[a=1,b]", "= within [] has to stand in quotes: \"x=['a=1',b]\""),
        ("x={a=1}", "= (character 5) stands within {}, where it is name: value"),
        ("x=a{b", "{ (character 4) stands within a text"),
        ("x=1,", "nothing stands after the comma (character 4): a shell ends a word at a blank"),
        ("x=[1,", "[ (character 3) is not closed: a shell ends a word at a blank; with blanks it"),
        ("x=[1,,2]", "nothing stands before the comma (character 6)"),
        ("x=foo(1)", "there is no function foo (there are choice, range,"),
        ("x=1,2 y=a,b", "each override is a word of its own: x=1,2 y=a,b; all of it as one text: "),
        ("x=1, y=2", "each override is a word of its own: x=1 y=2; all of it as one text: "),
        ("x=1,y=2", "each override is a word of its own: x=1 y=2; all of it as one text: "),
        ("x=1;y=2", "each override is a word of its own: x=1 y=2; all of it as one text: "),
        ("x=1 +needed=true ~y", "each override is a word of its own: x=1 +needed=true '~y'; all"),
        (
            "x='a b' y=[1, 2]",
            "each override is a word of its own: \"x='a b'\" 'y=[1, 2]'; all of it as one text: ",
        ),
        ("x=a=b c=d", "= (character 4) has to stand in quotes"),
        ("x=choice()", "empty choice is not legal"),
        ("x=choice(1,null)", "choice() takes no null; write x=1,null"),
        ("x=choice(null, a, [1,2])", "choice() takes no null; write 'x=null, a, [1,2]'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(Mistake) as told:
        parse_override(text)
    assert f"cannot read the override {text!r}: {reason}" in str(told.value)


@pytest.mark.parametrize(
    "text",
    [
        "x=[{loss: < 9}]",
        "x=[{loss: < 0.05}, {time: 2h},{acc:>= 0.9}]",
        "x=[a#b, c, d é]",
        "x={a: [b#, c], d: e}",
        "x=[[a>b], <c]",
    ],
)
def test_a_list_is_quoted_within_so_that_it_is_taken(text: str) -> None:
    with pytest.raises(Mistake) as told:
        parse_override(text)
    (typed,) = shlex.split(str(told.value).partition(" has to stand in quotes: ")[2])
    value = parse_override(typed).value()
    assert isinstance(value, (list, dict)) and typed.replace('"', "") == text


@pytest.mark.parametrize("text", ["x=a,b c,ü", "x=a=b,c", "x=é, b,1", "x=1,a:b#,c", "x='é',é"])
def test_of_several_values_those_are_quoted_that_need_it(text: str) -> None:
    with pytest.raises(Mistake) as told:
        parse_override(text)
    swept, _, one = str(told.value).partition(" has to stand in quotes: ")[2].partition("; all of ")
    (typed,) = shlex.split(swept)
    elements = [getattr(each, "text", str(each)) for each in parse_override(typed).value().list]
    assert elements == [each.strip(" '") for each in text.partition("=")[2].split(",")]
    (whole,) = shlex.split(one.partition("as one text: ")[2])
    assert parse_override(whole).value() == text.partition("=")[2]


@pytest.mark.parametrize(
    "text", ["x=a#,[b#]", "x=a(b#,c", "x=[{a < 3}]", "x={a: b, c < 3: 4}", "x=[<'a']"]
)
def test_what_quotes_within_would_not_mend_is_quoted_as_a_text(text: str) -> None:
    with pytest.raises(Mistake) as told:
        parse_override(text)
    (typed,) = shlex.split(str(told.value).partition("; as a text: ")[2])
    assert parse_override(typed).value() == text.partition("=")[2]


values = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")))


@given(values.filter(lambda value: "${" not in value))
def test_what_is_to_be_typed_instead_is_the_text(value: str) -> None:
    (typed,) = shlex.split(quoted("name", value))
    override = parse_override(typed)
    assert override.key_or_group == "name"
    assert override.value() == value


@given(st.text("ab1,()[]{}'\"=:$ \\#é~+.", min_size=1, max_size=12))
def test_no_refusal_speaks_of_tokens(text: str) -> None:
    try:
        parse_override(text)
    except Mistake as mistake:
        said = str(mistake).replace(repr(text), "")
        assert not RIDDLES.search(said), said
