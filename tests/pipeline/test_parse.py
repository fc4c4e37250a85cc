"""`operation.steps` as YAML has it, and each mistake in it: contract section 11."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.pipeline.parse import parse_steps
from hydra_sweep_runner.pipeline.steps import By, DeclaredInput, Gather, Wiring

STUDY = """
report: {operation: plot, gathers: {runs: evaluate}}
train: {inputs: [prepare/clean.csv]}
evaluate: {inputs: [train/model.pt, prepare/clean.csv]}
prepare:
"""


def read(text: str, *flags: str) -> Wiring:
    return parse_steps(yaml.safe_load(text), flags)


def mistake(text: str, *flags: str) -> str:
    with pytest.raises(Mistake) as caught:
        read(text, *flags)
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_a_step_stands_after_all_that_it_takes_from() -> None:
    assert read(STUDY).names == ("prepare", "train", "evaluate", "report")


def test_what_does_not_depend_on_another_stays_in_the_order_of_the_yaml() -> None:
    assert read("{c: , a: , b: {after: [a]}}").names == ("c", "a", "b")


def test_a_step_is_filled_by_the_operation_of_its_name_unless_another_is_named() -> None:
    steps = read(STUDY)
    assert steps.step("train").operation == "train"
    assert steps.step("report").operation == "plot"


def test_an_input_has_the_name_of_its_file_or_the_one_that_is_given() -> None:
    inputs = read(
        "{a: , b: {inputs: [a/x/model.pt, {other: a/model.pt}, {own: a/y, copy: true}, a]}}"
    )
    assert inputs.step("b").inputs == (
        DeclaredInput(name="model.pt", step="a", path="x/model.pt"),
        DeclaredInput(name="other", step="a", path="model.pt"),
        DeclaredInput(name="own", step="a", path="y", copy=True),
        DeclaredInput(name="a", step="a", path=""),
    )


def test_inputs_can_be_a_mapping_of_names() -> None:
    inputs = read("{a: , b: {inputs: {m: a/x, n: a, copy: true}}}").step("b").inputs
    assert inputs == (
        DeclaredInput(name="m", step="a", path="x", copy=True),
        DeclaredInput(name="n", step="a", path="", copy=True),
    )


@pytest.mark.parametrize(
    "step",
    [
        "{gathers: {runs: b}, by: [a.m, b.x.y], partial: true}",
        "{gathers: {runs: b, by: [a.m, b.x.y], partial: true}}",
    ],
)
def test_a_gather_says_by_what_it_is_divided_and_whether_it_takes_a_part(step: str) -> None:
    gathering = read(f"{{a: , b: {{inputs: [a/x]}}, c: {step}}}").step("c")
    assert gathering.gathers == (Gather(name="runs", step="b"),)
    assert gathering.by == (By(step="a", flag="m"), By(step="b", flag="x.y"))
    assert gathering.partial


def test_a_step_has_limits_of_its_own() -> None:
    step = read("{a: {n_jobs: 2, retries: 0, timeout: 1.5}}").step("a")
    assert (step.n_jobs, step.retries, step.timeout_s) == (2, 0, 1.5)


def test_downstream_is_all_that_depends_on_a_step() -> None:
    wiring = read("{a: , b: {inputs: [a/x]}, c: {after: b}, d: {gathers: {r: c}}, e: }")
    assert wiring.downstream("a") == {"b", "c", "d"}
    assert wiring.downstream("d") == frozenset()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "each step takes, not a list: for example `steps: {prepare: , train: {inputs"),
        ("[a, b]", "operation.steps: must be a mapping of names to what each step takes, not a li"),
        ("[{a: }, {b: {inputs: [a/x]}}]", "operation.steps: must be a mapping of names to what"),
        ("{}", "operation.steps: must be a mapping of names to what each step takes, not {}: for"),
        ("3", "operation.steps: must be a mapping of names to what each step takes, not 3: for"),
        ("a", "operation.steps: must be a mapping of names to what each step takes, not 'a': for"),
        ("{hydra: }", "operation.steps.hydra: a step cannot be named hydra"),
        ("{operation: }", "operation.steps.operation: a step cannot be named operation"),
        ("{rows: }", "operation.steps.rows: the pipeline has a flag of that name"),
        ("{a.b: }", "operation.steps.a.b: a step's name is"),
        ("{1: }", "operation.steps.1: a step's name is"),
        ("{a: 3}", "operation.steps.a: must be a mapping"),
        ("{a: {input: [b/x]}}", "operation.steps.a.input: unknown key; did you mean inputs?"),
        ("{a: {steps: {b: }}}", "operation.steps.a.steps: a step has no steps of its own"),
        ("{a: {operation: 3}}", "operation.steps.a.operation: must be an operation's name"),
        ("{a: {inputs: [a/x]}}", "operation.steps: a → a is a circle"),
        (
            "{a: {inputs: [c/x]}, b: {after: [a]}, c: {gathers: {r: b}}}",
            "operation.steps: a → b → c → a is a circle",
        ),
        (
            "{prepare: , b: {inputs: [prepre/x]}}",
            "operation.steps.b.inputs: prepre/x: there is no step 'prepre'; did you mean prepare?",
        ),
        ("{a: , b: {inputs: a/x}}", "operation.steps.b.inputs: must be a list of STEP/PATH"),
        ("{a: , b: {inputs: [3]}}", "operation.steps.b.inputs: must be a list of STEP/PATH"),
        ("{a: , b: {inputs: [{x: 3}]}}", "operation.steps.b.inputs: x: must be a text STEP/PATH"),
        ("{a: , b: {inputs: [a/../x]}}", "a/../x: leads out of the folder of a"),
        ("{a: , b: {inputs: [a//etc/x]}}", "a//etc/x: leads out of the folder of a"),
        ("{a: , b: {inputs: [a/.runner/record.json]}}", ".runner is the runner's own"),
        ("{a: , b: {inputs: [{../x: a/x}]}}", "../x: a/x: an input has a name in the step's own"),
        ("{a: , b: {inputs: [{.runner: a/x}]}}", ".runner is the runner's own name"),
        (
            "{a: , b: {inputs: {}}}",
            "operation.steps.b.inputs: {}: name what it takes, as {NAME: STE",
        ),
        ("{a: , b: {inputs: [{copy: true}]}}", "name what to copy"),
        ("{a: , b: {inputs: [{x: a/x, copy: maybe}]}}", "copy: must be true or false, not 'maybe'"),
        (
            "{a: , b: , c: {inputs: [a/x, b/x]}}",
            "operation.steps.c.inputs: two inputs are named 'x'",
        ),
        (
            "{a: , c: {inputs: [{d: a/x}, {d/e: a/y}]}}",
            "operation.steps.c.inputs: 'd' and 'd/e': one lies in the other",
        ),
        (
            "{a: , c: {inputs: [a/runs.json], gathers: {runs: a}}}",
            "operation.steps.c.gathers: two inputs are named 'runs.json'",
        ),
        ("{a: , b: {after: [c]}}", "operation.steps.b.after: c: there is no step 'c'"),
        ("{a: , b: {after: 3}}", "operation.steps.b.after: must be a list of texts"),
        ("{a: , b: {gathers: a}}", "operation.steps.b.gathers: must be a mapping"),
        ("{a: , b: {gathers: {r: z}}}", "operation.steps.b.gathers: r: z: there is no step 'z'"),
        ("{a: , b: {gathers: {r: 3}}}", "operation.steps.b.gathers.r: must be the name of a step"),
        ("{a: , b: {gathers: {r/s: a}}}", "operation.steps.b.gathers.r/s: names a folder"),
        ("{a: , b: {by: [a.x]}}", "operation.steps.b.by: is for a step that gathers"),
        ("{a: , b: {partial: true}}", "operation.steps.b.partial: is for a step that gathers"),
        (
            "{a: , b: {gathers: {r: a, partial: true}, partial: true}}",
            "operation.steps.b.partial: is in gathers, too",
        ),
        ("{a: , b: {gathers: {r: a}, by: [a]}}", "operation.steps.b.by: a: must be a step's flag"),
        ("{a: , b: {gathers: {r: a}, by: [z.x]}}", "b.by: z.x: there is no step 'z'"),
        (
            "{z: , a: , b: {gathers: {r: a}, by: [z.x]}}",
            "operation.steps.b.by: z.x: a takes no file from z; a trial of it has flags of a",
        ),
        ("{a: , b: {gathers: {r: a}, partial: 1}}", "b.partial: must be true or false"),
        ("{a: {n_jobs: 0}}", "operation.steps.a.n_jobs: must be an integer of at least 1"),
        ("{a: {retries: true}}", "operation.steps.a.retries: must be an integer of at least 0"),
        ("{a: {timeout: 0}}", "operation.steps.a.timeout: must be a number of seconds above 0"),
        (f"{{a: {{timeout: {2**1024}}}}}", "operation.steps.a.timeout: must be a number"),
        ("{a: {timeout: .inf}}", "operation.steps.a.timeout: must be a number of seconds above 0"),
    ],
)
def test_a_mistake_names_its_place_in_the_yaml(text: str, said: str) -> None:
    assert said in mistake(text, "rows")


def test_every_kind_of_node_is_refused_in_a_line() -> None:
    values: list[Any] = [None, 3, "x", 1.5, True, [], [1], {}, {"x": 1}, {"x": None}, [["x"]]]
    keys = ("operation", "inputs", "gathers", "by", "partial", "after", "n_jobs", "timeout")
    for key in keys:
        for value in values:
            try:
                parse_steps({"a": None, "b": {key: value, "retries": 1}}, ())
            except Mistake as error:
                assert str(error).startswith("operation.steps.b"), (key, value)
