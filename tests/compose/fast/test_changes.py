"""Plain changes: what is said of a trial without Hydra's parser is what that would say."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from hydra_sweep_runner.compose.fast.changes import Plain, read_change
from hydra_sweep_runner.compose.job import keyword_arguments, real_values
from hydra_sweep_runner.compose.reference import read_flags, read_operation
from hydra_sweep_runner.errors import Mistake
from tests.compose.projects import open_composer

names = st.sampled_from(["x", "a.b", "a.b.c", "_x1", "x-y", "a.0", "+x", "~x", "x@p", "été", ""])
values = (
    st.from_regex(r"[-+]?[0-9_]{1,4}(\.[0-9]{0,3})?([eE][-+]?[0-9]{1,3})?", fullmatch=True)
    | st.integers().map(str)
    | st.floats().map(repr)
    | st.sampled_from(["a", "True", "null", "NaN", "inf", "-inf", "a-b", "a b", "'a'", "a,b", ""])
    | st.from_regex(r"[A-Za-z_/]?[a-zA-Z0-9_./-]{0,8}", fullmatch=True)
    | st.text(max_size=4)
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(names, values)
def test_what_is_read_is_what_hydra_s_parser_reads(name: str, value: str) -> None:
    text = f"{name}={value}"
    change = read_change(text)
    if change is None:
        return
    parsed = OverridesParser.create().parse_override(text)
    assert (parsed.key_or_group, parsed.package, parsed.type.name) == (change[0], None, "CHANGE")
    assert repr(parsed.value()) == repr(change[1])


@pytest.mark.parametrize(
    "text",
    [
        *("x=1", "x=-1", "x=0", "a.b=2.5", "x=1e-3", "x=1.5e3", "x=-0", "x=-0.0"),
        *(
            "x=word",
            "x=A_1",
            "x=true",
            "x=False",
            "x=data/set-1.csv",
            "x=/data",
            "x=a..b",
            "x=nan.x",
        ),
    ],
)
def test_plain_overrides_are_read(text: str) -> None:
    parsed = OverridesParser.create().parse_override(text)
    assert read_change(text) == (parsed.key_or_group, parsed.value())


@pytest.mark.parametrize(
    "text", ["+x=1", "x=null", "x=nan", "x=1,2", "x=[1]", "x='1'", "x=", "~x", "x=1_0"]
)
def test_others_are_left_to_hydra(text: str) -> None:
    assert read_change(text) is None


# ---- configurations

scalars: st.SearchStrategy[Any] = (
    st.sampled_from([0, -1, 2.5, 1e30, 1e-7, True, None, "s", "on", "1", "it's", "a: b", "", "~"])
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["C"], exclude_characters="$?\x85\u2028\u2029"))
)
leaves = st.fixed_dictionaries(
    {"a": scalars, "b": scalars, "c": scalars},
    optional={"lst": st.lists(scalars, max_size=3), "none": st.just({})},
)
trees = st.fixed_dictionaries({"a": scalars, "b": leaves, "c": scalars}, optional={"d": leaves})
plain_values = (
    st.integers(-(10**17), 10**17).map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.from_regex(r"[A-Za-z_/][\w./-]{0,5}", fullmatch=True).filter(str.isascii)
    | st.sampled_from(["true", "False"])
)
overrides = st.lists(
    st.builds("{}={}".format, st.sampled_from(["a", "b.a", "b.b", "c", "d.c"]), plain_values),
    max_size=4,
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(trees, st.lists(overrides, min_size=1, max_size=4))
def test_a_plain_trial_is_what_hydra_makes_of_it(tree: Any, tasks: list[list[str]]) -> None:
    with TemporaryDirectory() as folder:
        text = yaml.safe_dump({"operation": {"command": ["echo", 1]}, **tree}, allow_unicode=True)
        composer = open_composer(Path(folder), {"config.yaml": text})
        for task in tasks:
            trial = composer.trial(task)
            try:
                theirs = composer.compose(task, RunMode.RUN)
            except Mistake:
                assert trial.changes is None
                continue
            job = OmegaConf.masked_copy(theirs, [key for key in theirs if key != "hydra"])
            container: Any = OmegaConf.to_container(job, resolve=True)
            assert repr(dict(trial.flags(("operation",)))) == repr(read_flags(job, ("operation",)))
            assert trial.operation() == read_operation(job)
            assert OmegaConf.to_yaml(trial.job()) == OmegaConf.to_yaml(job)
            assert repr(trial.plain() or container) == repr(container)
            command = container.pop("operation")["command"]
            assert repr(keyword_arguments(trial)) == repr(container)
            values = real_values(trial, "command")
            assert (repr(values.flags), values.target) == (repr(container), command)
            trial.write_files(Path(folder, "out"))
            written = Path(folder, "out/.hydra/config.yaml").read_text("utf-8")
            assert written == OmegaConf.to_yaml(job)
            assert yaml.safe_load(Path(folder, "out/.hydra/overrides.yaml").read_text()) == task


FILES = {"config.yaml": "x: 1\nm: {d: [1, 2], e: a}\nn: null\n"}


def test_values_of_a_plain_configuration_are_changed_without_hydra(tmp_path: Path) -> None:
    trial = open_composer(tmp_path, FILES).trial(["x=2", "m.e=b", "n=3", "x=4"])
    assert trial.changes == {"x": 4, "m.e": "b", "n": 3}
    assert trial.plain() == {"x": 4, "m": {"d": [1, 2], "e": "b"}, "n": 3}


def test_a_copy_is_the_caller_s_own(tmp_path: Path) -> None:
    trial = open_composer(tmp_path, FILES).trial(["x=2"])
    plain = trial.plain()
    assert plain is not None
    plain["m"]["d"].append(3)
    trial.job().m.d.append(3)
    assert trial.plain() == {"x": 2, "m": {"d": [1, 2], "e": "a"}, "n": None}
    assert trial.job().m.d == [1, 2]


@pytest.mark.parametrize(
    ("config", "task"),
    [
        ("x: 1\ny: ${x}\n", "x=2"),
        ("x: 1\ny: ???\n", "x=2"),
        ("x: 1\n'y z': 2\n", "x=2"),
        ("x: 1\n", "+y=2"),
        ("x: 1\n", "y=2"),
        ("x: {y: 1}\n", "x=2"),
        ("x: [1]\n", "x=2"),
        ("x: [1]\n", "x.0=2"),
        ("x: 1\noperation: {name: a, script: b.py}\n", "operation.name=c"),
    ],
)
def test_whatever_is_not_plain_is_left_to_hydra(tmp_path: Path, config: str, task: str) -> None:
    assert open_composer(tmp_path, {"config.yaml": config}).trial([task]).changes is None


def test_typed_nodes_and_flags_are_not_plain() -> None:
    from dataclasses import dataclass

    @dataclass
    class Typed:
        x: int = 1

    assert Plain.of(OmegaConf.create({"x": 1})) is not None
    assert Plain.of(OmegaConf.structured(Typed)) is None
    assert Plain.of(OmegaConf.create({"a": Typed()})) is None
    assert Plain.of(OmegaConf.create({"x": 1}, flags={"readonly": True})) is None
    assert Plain.of(OmegaConf.create({"x": b"1"})) is None
