"""Where the store is: contract section 2, last paragraph."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.store.location import store_in_yaml, store_path

PROJECT = Path("/project")


@pytest.mark.parametrize(
    ("typed", "variable", "in_yaml"), [*product((None, "t"), (None, "", "v"), (None, "y"))]
)
def test_what_is_typed_wins_then_the_environment_then_yaml_then_runs(
    typed: str | None, variable: str | None, in_yaml: str | None
) -> None:
    environment = {} if variable is None else {"RUNNER_STORE": variable}
    found = store_path(PROJECT, typed=typed, environment=environment, in_yaml=in_yaml)
    assert found == PROJECT / (typed or variable or in_yaml or "runs")


def test_a_relative_path_is_relative_to_the_project_and_an_absolute_one_is_not() -> None:
    def path(typed: str) -> Path:
        return store_path(PROJECT, typed=typed, environment={}, in_yaml=None)

    assert path("../store") == Path("/project/../store")
    assert path("/store") == Path("/store")


def test_a_tilde_is_the_caller_s_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert store_path(PROJECT, typed="~/s", environment={}, in_yaml=None) == Path("/home/ada/s")


def test_the_home_of_nobody_is_a_mistake() -> None:
    with pytest.raises(Mistake) as caught:
        store_path(PROJECT, typed="~no-such-user/s", environment={}, in_yaml=None)
    assert str(caught.value) == "the store ~no-such-user/s: there is no such user's home"


# ---- in YAML


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


@pytest.mark.parametrize(
    ("text", "store"),
    [
        ("hydra: {sweeper: {store: there}}", "there"),
        ("hydra:\n  sweeper:\n    store: /a/b\n", "/a/b"),
        ("hydra: {sweeper: {store: 7}}", "7"),
        ("hydra: {sweeper: {store: null}}", None),
        ("hydra: {sweeper: {max_trials: 3}}\nstore: elsewhere", None),
        ("hydra: {sweeper: store}", None),
        ("hydra: null # store", None),
        ("[store]", None),
        ("# store", None),
        ("x: 1", None),
        ("", None),
    ],
)
def test_it_is_below_hydra_sweeper(config: Path, text: str, store: str | None) -> None:
    config.write_text(text)
    assert store_in_yaml(config) == store


def test_a_file_that_is_not_there_names_none(config: Path) -> None:
    assert store_in_yaml(config) is None
    config.mkdir()
    assert store_in_yaml(config) is None


def test_interpolations_are_resolved(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHERE", "/data")
    config.write_text("name: a\nhydra: {sweeper: {store: '${oc.env:WHERE}/${name}'}}")
    assert store_in_yaml(config) == "/data/a"


@pytest.mark.parametrize("text", ["${oc.env:NOT_THERE}", "${nowhere}", "${no.resolver:1}", "${"])
def test_one_that_leads_nowhere_is_a_mistake_that_says_what_to_do(config: Path, text: str) -> None:
    config.write_text(f"hydra: {{sweeper: {{store: '{text}'}}}}")
    with pytest.raises(Mistake) as caught:
        store_in_yaml(config)
    said = str(caught.value)
    assert said.startswith(f"{config}: hydra.sweeper.store cannot be resolved: ")
    assert said.endswith("; name the store with --store or $RUNNER_STORE")
    assert "\n" not in said


def test_a_store_that_needs_no_interpolation_does_not_mind_others(config: Path) -> None:
    config.write_text("x: ${nowhere}\nhydra: {sweeper: {store: s}}")
    assert store_in_yaml(config) == "s"


def test_yaml_that_does_not_parse_is_a_mistake_in_one_line(config: Path) -> None:
    config.write_text("store: [1\nx: {")
    with pytest.raises(Mistake) as caught:
        store_in_yaml(config)
    assert str(caught.value).startswith(f"{config} does not parse: while parsing")
    assert "\n" not in str(caught.value)


def test_so_is_a_file_that_is_no_text(config: Path) -> None:
    config.write_bytes(b"store: \xff")
    with pytest.raises(Mistake) as caught:
        store_in_yaml(config)
    assert str(caught.value) == f"{config} does not parse: it is not UTF-8"
