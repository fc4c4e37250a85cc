"""Flags as a configuration states them: secrets and moments stay references."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import omegaconf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf
from omegaconf.basecontainer import BaseContainer

from hydra_sweep_runner.compose.reference import (
    BY_REFERENCE,
    plain_scalar,
    read_flags,
    read_operation,
    read_plain,
)
from hydra_sweep_runner.errors import Mistake

SECRET = "hunter2-do-not-store"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setenv("PORT", "4321")


def config_of(content: Any) -> DictConfig:
    config = OmegaConf.create(content)
    assert isinstance(config, DictConfig)
    return config


def flags_of(text: str, **options: Any) -> dict[str, Any]:
    return read_flags(config_of(text), **options)


def mistake(text: str) -> str:
    with pytest.raises(Mistake) as caught:
        flags_of(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- leaves


def test_every_leaf_is_a_flag_by_its_dotted_name_in_order() -> None:
    text = "{b: {x: 1, a: {c: [1, {d: 2}]}}, a: null, e: {}, f: [], s: '1', t: true, 3: 4}"
    assert list(flags_of(text).items()) == [
        ("b.x", 1),
        ("b.a.c", [1, {"d": 2}]),
        ("a", None),
        ("e", {}),
        ("f", []),
        ("s", "1"),
        ("t", True),
        ("3", 4),
    ]


def test_a_node_at_the_top_can_be_left_out_and_only_there() -> None:
    text = "{operation: {script: a.py}, x: {operation: 1}}"
    assert flags_of(text, leave_out=("operation",)) == {"x.operation": 1}
    assert list(flags_of(text)) == ["operation.script", "x.operation"]


def test_numbers_without_a_name_in_json_are_floats() -> None:
    flags = flags_of("{a: .inf, b: -.inf, c: .nan, d: 1e3}")
    assert (flags["a"], flags["b"], flags["d"]) == (math.inf, -math.inf, 1000.0)
    assert math.isnan(flags["c"])


def test_a_missing_value_is_its_question_marks() -> None:
    assert flags_of("{a: '???', b: ['???', 1], c: {d: '???'}, e: '${a}'}") == {
        "a": "???",
        "e": "${a}",
        "b": ["???", 1],
        "c.d": "???",
    }


def test_a_key_with_a_dot_is_no_path() -> None:
    assert flags_of("{a.b: 1, a: {b: 2}}") == {"[a.b]": 1, "a.b": 2}


def test_two_keys_of_one_name_are_a_mistake() -> None:
    assert mistake("{true: a, 'True': b}") == "the configuration has two flags named 'True'"


names = st.sampled_from(["a", "b", "c"])
leaves = st.none() | st.booleans() | st.integers() | st.text("xyz", max_size=3)
trees = st.recursive(
    st.dictionaries(names, leaves | st.lists(leaves, max_size=2), max_size=3),
    lambda inner: st.dictionaries(names, inner | leaves, max_size=3),
    max_leaves=6,
)


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        found |= flat(value, f"{name}.") if isinstance(value, dict) and value else {name: value}
    return found


@given(trees)
def test_a_plain_configuration_is_read_as_it_is_written(tree: dict[str, Any]) -> None:
    config = config_of(tree)
    assert list(read_flags(config).items()) == list(flat(tree).items())
    assert read_plain(config) == tree


# ---- interpolations


def test_an_interpolation_of_plain_values_is_resolved() -> None:
    text = "{a: 1, b: '${a}', c: 'x_${b}', d: '${e.f}', e: {f: [1, '${a}']}}"
    assert flags_of(text) == {"a": 1, "b": 1, "c": "x_1", "d": [1, 1], "e.f": [1, 1]}


def test_one_that_leads_to_a_dict_has_its_leaves() -> None:
    assert flags_of("{a: '${b}', b: {c: 1, d: '${oc.env:SECRET}'}}") == {
        "a.c": 1,
        "a.d": "${oc.env:SECRET}",
        "b.c": 1,
        "b.d": "${oc.env:SECRET}",
    }


@pytest.mark.parametrize(
    "value",
    [
        "${oc.env:SECRET}",
        "${oc.env:SECRET,default}",
        "${oc.env:NOT_SET}",
        "prefix-${oc.env:SECRET}-suffix",
        "${oc.decode:${oc.env:PORT}}",
        "${oc.select:secret}",
        "${secret}",
        "${twice}",
        "https://${oc.env:USER_NOT_SET}:${twice}@host/",
        "${oc.create:{a: '${oc.env:SECRET}'}}",
        "${nested.inner.secret}",
        "${now:%Y-%m-%d}",
        "${hydra:job.num}",
        "${hydra:runtime.cwd}/x",
        "${python_version:}",
        "${${key}}",
    ],
)
def test_what_comes_from_outside_is_kept_as_it_is_written(value: str) -> None:
    config = config_of(
        {
            "x": value,
            "list": [value, {"y": value}],
            "secret": "${oc.env:SECRET}",
            "twice": "${secret}",
            "key": "secret",
            "nested": {"inner": {"secret": "${oc.env:SECRET}"}},
        }
    )
    flags = read_flags(config)
    assert flags["x"] == value
    assert flags["list"] == [value, {"y": value}]
    assert SECRET not in repr(flags)
    assert SECRET not in repr(read_plain(config))


def test_the_order_of_reading_lets_nothing_slip_through() -> None:
    flags = flags_of("{a: 1, s: '${oc.env:SECRET}', b: '${a}', t: '${s}', c: '${a}'}")
    assert flags == {"a": 1, "s": "${oc.env:SECRET}", "b": 1, "t": "${s}", "c": 1}


def test_a_typed_field_from_outside_stays_a_reference() -> None:
    @dataclass
    class Server:
        port: int = "${oc.env:PORT}"  # type: ignore[assignment]
        other: int = "${port}"  # type: ignore[assignment]

    flags = read_flags(OmegaConf.structured(Server))
    assert flags == {"port": "${oc.env:PORT}", "other": "${port}"}


def test_nothing_from_outside_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET")
    assert flags_of("{a: '${oc.env:SECRET}', b: '${a}'}") == {"a": "${oc.env:SECRET}", "b": "${a}"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{a: '${b}'}", "the flag a cannot be resolved: Interpolation key 'b' not found"),
        ("{a: {b: '${.c}'}}", "the flag a.b cannot be resolved: Interpolation key '"),
        ("{a: '${no.such:1}'}", "the flag a cannot be resolved: ${no.such:1} asks for a "),
        ("{a: '${oc.decode:\"[1\"}'}", "the flag a cannot be resolved: "),
    ],
)
def test_one_that_leads_nowhere_is_a_mistake(text: str, said: str) -> None:
    assert mistake(text).startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{a: {b: '${a}'}}", "the flag a.b cannot be resolved: Interpolation to parent node"),
        ("{a: {c: ['${a}']}}", "the flag a.c.0 cannot be resolved: Interpolation to parent node"),
        ("{a: '${b}', b: '${a}'}", "the flag a cannot be resolved: "),
        ("{a: {b: '${c}'}, c: {d: '${a}'}}", "the flag a.b.d contains itself, by an interp"),
        ("{a: ['${c}'], c: {d: '${a}'}}", "the flag a.0.d contains itself, by an interp"),
    ],
)
def test_so_is_one_that_leads_back_to_where_it_stands(text: str, said: str) -> None:
    assert mistake(text).startswith(said)


# ---- configurations that may hold what nobody asks for


def test_where_it_is_not_strict_what_leads_nowhere_stays_as_it_is_written() -> None:
    text = "{a: '${nowhere}', b: '${no.such:1}', c: 1, d: '${c}', e: ['${nowhere}']}"
    assert flags_of(text, is_strict=False) == {
        "a": "${nowhere}",
        "b": "${no.such:1}",
        "c": 1,
        "d": 1,
        "e": ["${nowhere}"],
    }


@pytest.mark.usefixtures("shout")
def test_and_so_does_what_a_program_s_own_resolver_gives() -> None:
    text = "{a: '${shout:x}', b: '${a}', c: '${oc.decode:\"1\"}'}"
    assert flags_of(text, is_strict=False) == {"a": "${shout:x}", "b": "${a}", "c": 1}
    assert flags_of(text) == {"a": "x!", "b": "x!", "c": 1}


# ---- the registry of resolvers


def resolvers() -> dict[str, Any]:
    return {name: BaseContainer._resolvers.get(name) for name in BY_REFERENCE}


def test_the_resolvers_are_the_same_afterwards() -> None:
    before = resolvers()
    config = config_of("{a: '${oc.env:SECRET}'}")
    read_flags(config)
    read_plain(config)
    assert resolvers() == before
    assert config.a == SECRET


def test_also_after_an_error() -> None:
    before = resolvers()
    mistake("{a: '${oc.env:SECRET}', b: '${nowhere}'}")
    mistake("{a: {b: '${c}'}, c: {d: '${a}'}}")
    assert resolvers() == before
    assert config_of("{a: '${oc.env:SECRET}'}").a == SECRET


def test_one_that_was_not_registered_is_not_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(BaseContainer._resolvers, "now", raising=False)
    assert flags_of("{a: '${now:%Y}'}") == {"a": "${now:%Y}"}
    assert not OmegaConf.has_resolver("now")


@pytest.fixture
def shout() -> Any:
    """A resolver that remembers what it gave for the same text."""
    old = omegaconf.__version__.startswith("2.3")
    register: Any = OmegaConf.register_new_resolver if old else OmegaConf.register_resolver
    register("shout", lambda text: f"{text}!", use_cache=True, replace=True)
    yield
    OmegaConf.clear_resolver("shout")


@pytest.mark.usefixtures("shout")
def test_what_a_resolver_remembers_is_no_way_around() -> None:
    config = config_of("{a: '${shout:${oc.env:SECRET}}', b: '${shout:x}'}")
    assert config.a == f"{SECRET}!"
    assert read_flags(config) == {"a": "${shout:${oc.env:SECRET}}", "b": "x!"}
    assert config.a == f"{SECRET}!"


@pytest.mark.usefixtures("shout")
def test_nor_does_reading_make_it_remember_wrong_things() -> None:
    config = config_of("{a: '${shout:${oc.env:SECRET}}'}")
    read_flags(config)
    assert config.a == f"{SECRET}!"


# ---- values of structured configs


class Color(Enum):
    RED = 1


class Number(int, Enum):
    ONE = 1


@dataclass
class Typed:
    color: Color = Color.RED
    path: Path = Path("a/b")
    raw: bytes = b"\x00\xff"
    colors: list[Color] = field(default_factory=lambda: [Color.RED])
    paths: dict[str, Path] = field(default_factory=lambda: {"a": Path("b")})
    none: int | None = None
    whole: Any = None


def test_values_of_other_types_are_written_in_those_of_json() -> None:
    assert read_flags(OmegaConf.structured(Typed)) == {
        "color": "RED",
        "path": "a/b",
        "raw": "00ff",
        "colors": ["RED"],
        "paths.a": "b",
        "none": None,
        "whole": None,
    }


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Color.RED, "RED"),
        (Number.ONE, "ONE"),
        (Path("a"), "a"),
        (b"a", "61"),
        ((1, Color.RED), [1, "RED"]),
        ({1: Path("a")}, {"1": "a"}),
        (1 + 2j, "(1+2j)"),
        (True, True),
        (None, None),
    ],
)
def test_a_leaf_s_plain_value(value: Any, plain: Any) -> None:
    assert plain_scalar(value) == plain


def test_read_plain_of_a_node_below_keeps_its_references() -> None:
    config = config_of(
        "{operation: {command: [echo, '${oc.env:SECRET}', '${x}'], name: '${x}'}, x: 1}"
    )
    assert read_plain(config.operation) == {
        "command": ["echo", "${oc.env:SECRET}", 1],
        "name": 1,
    }


def test_an_operation_is_read_in_reference_form() -> None:
    config = config_of("{operation: {command: [echo, '${oc.env:SECRET}', '${x}']}, x: 1}")
    assert read_operation(config).target == ("echo", "${oc.env:SECRET}", "1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{x: 1}", "the configuration has no operation: say what to run, "),
        ("{operation: null}", "the configuration has no operation: say what to run, "),
        ("{operation: train.py}", "operation must be a mapping, for example "),
        ("{operation: [train.py]}", "operation must be a mapping, for example "),
        (
            "{operation: {command: [echo, '${nowhere}']}}",
            "operation.command.1 cannot be resolved: Interpolation key 'nowhere' not "
            r"found; a shell's own ${NAME} is written '\${NAME}', in single quotes, or $NAME",
        ),
    ],
)
def test_a_configuration_that_says_no_operation_is_a_mistake(text: str, said: str) -> None:
    with pytest.raises(Mistake) as caught:
        read_operation(config_of(text))
    assert str(caught.value).startswith(said)
