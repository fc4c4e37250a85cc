"""The `operation` node: contract section 3."""

from __future__ import annotations

from typing import Any

import pytest

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import FlagsTo, Operation
from hydra_sweep_runner.operation.kinds.command import argument
from hydra_sweep_runner.operation.parse import KEYS, parse_operation

EXAMPLE = "for example `operation: {script: train.py}`"
ONE_OF = "operation: give exactly one of script, function, command and steps, not"
DOTTED = "operation.function: must be a dotted name such as package.module.name, not"

# ---- what is right


def test_a_script_is_named_by_its_file() -> None:
    assert parse_operation({"script": "code/train.py"}) == Operation(
        name="train.py", kind="script", target="code/train.py"
    )


def test_a_function_is_named_by_its_dotted_name() -> None:
    assert parse_operation({"function": "package.module.name"}) == Operation(
        name="package.module.name", kind="function", target="package.module.name"
    )


@pytest.mark.parametrize(
    ("value", "given"),
    [
        (True, ("--x",)),
        (False, ()),
        (None, ()),
        (0.5, ("--x", "0.5")),
        ("a b", ("--x", "a b")),
        ([1, True], ("--x", "1", "true")),
    ],
)
def test_an_option_in_a_command_is_given_as_its_value_says(
    value: object, given: tuple[str, ...]
) -> None:
    node = {"command": ["tool", {"--x": value, "-v": True}, "last"]}
    assert parse_operation(node).target == ("tool", *given, "-v", "last")


def test_a_command_is_named_by_its_first_word() -> None:
    node = {"command": ["bash", "train.sh", "${oc.env:X}", 3, 0.5, True, False, None, ""]}
    target = ("bash", "train.sh", "${oc.env:X}", "3", "0.5", "true", "false", "null", "")
    assert parse_operation(node) == Operation(name="bash", kind="command", target=target)


def test_everything_can_be_given() -> None:
    node = {
        "name": "train",
        "script": "train.py",
        "function": None,
        "command": None,
        "steps": None,
        "flags_to": "args",
        "requires": ["data", "train.sh"],
        "preload": "sklearn",
        "scalars": r"(?P<name>\w+) is (?P<value>\S+)",
        "code": "lib",
    }
    assert set(node) == set(KEYS)
    assert parse_operation(node) == Operation(
        name="train",
        kind="script",
        target="train.py",
        flags_to=FlagsTo.ARGS,
        requires=("data", "train.sh"),
        preload=("sklearn",),
        scalars=r"(?P<name>\w+) is (?P<value>\S+)",
        code=("lib",),
    )


@pytest.mark.parametrize("key", KEYS)
def test_null_is_not_given(key: str) -> None:
    if key not in ("script", "function", "command"):
        assert parse_operation({"script": "a.py", key: None}) == parse_operation({"script": "a.py"})


@pytest.mark.parametrize("value", [True, False])
def test_scalars_takes_true_and_false(value: bool) -> None:
    assert parse_operation({"script": "a.py", "scalars": value}).scalars is value


@pytest.mark.parametrize("value", FlagsTo)
def test_flags_to_takes_each_of_its_words(value: FlagsTo) -> None:
    assert parse_operation({"script": "a.py", "flags_to": value.value}).flags_to is value


# ---- what is wrong

MISTAKES: list[tuple[Any, str]] = [
    (None, f"the configuration has no operation: say what to run, {EXAMPLE}"),
    ("train.py", f"operation must be a mapping, {EXAMPLE}, not 'train.py'"),
    (["train.py"], f"operation must be a mapping, {EXAMPLE}, not ['train.py']"),
    ({}, f"{ONE_OF} none of them"),
    ({"name": "x"}, f"{ONE_OF} none of them"),
    ({"script": None}, f"{ONE_OF} none of them"),
    ({"script": "a.py", "command": ["a"]}, f"{ONE_OF} script and command"),
    ({"script": "a.py", "function": "a.b"}, f"{ONE_OF} script and function"),
    (
        {"command": ["a"], "function": "a.b", "script": "a.py"},
        f"{ONE_OF} script and function and command",
    ),
    ({"scrpt": "a.py"}, "operation.scrpt: unknown key; did you mean script?"),
    (
        {"script": "a.py", "objective": "loss"},
        "operation.objective: unknown key; it is an option: hydra.sweeper.objective",
    ),
    ({"script": "a.py", "require": []}, "operation.require: unknown key; did you mean requires?"),
    (
        {"script": "a.py", "zzz": 1},
        "operation.zzz: unknown key; it takes name, script, function, command, steps, flags_to, "
        "requires, preload, scalars, code; flags stand beside operation, and not below it",
    ),
    (
        {3: "a.py"},
        f"operation.3: unknown key; it takes {', '.join(KEYS)}; flags stand beside operation, and "
        "not below it",
    ),
    ({"script": ""}, "operation.script: must be a text, not ''"),
    ({"script": "  "}, "operation.script: must be a text, not '  '"),
    ({"script": 3}, "operation.script: must be a text, not 3"),
    ({"script": ["a.py"]}, "operation.script: must be a text, not ['a.py']"),
    ({"script": "???", "function": "???"}, f"{ONE_OF} script and function"),
    ({"function": False}, "operation.function: must be a text, not False"),
    ({"function": "name"}, f"{DOTTED} 'name'"),
    ({"function": "a.b-c"}, f"{DOTTED} 'a.b-c'"),
    ({"function": "a..b"}, f"{DOTTED} 'a..b'"),
    ({"function": "a.b()"}, f"{DOTTED} 'a.b()'"),
    (
        {"command": "bash train.sh"},
        "operation.command: must be a list of arguments, for example [bash, train.sh], not the "
        "text 'bash train.sh' (commands go through no shell)",
    ),
    (
        {"command": ["a", {"--x": 1, "y": 2}]},
        'operation.command: y: an option\'s name begins with -, as in {--y: "${y}"}',
    ),
    (
        {"command": ["a", {"--x": {"y": 2}}]},
        "operation.command: an argument must be a text or a number, not {'y': 2}",
    ),
    ({"command": []}, "operation.command: must be a list of at least one argument"),
    ({"command": {"a": 1}}, "operation.command: must be a list of at least one argument"),
    (
        {"command": ["a", ["b"]]},
        "operation.command: an argument must be a text or a number, not ['b']; values of a flag "
        'are swept by -m NAME=b, and given to an option, all of them, by {--NAME: "${NAME}"}',
    ),
    (
        {"command": ["a", {"b": 1}]},
        "operation.command: an argument must be a text or a number, not {'b': 1}",
    ),
    ({"script": "a.py", "name": ""}, "operation.name: must be a text, not ''"),
    ({"script": "a.py", "name": 3}, "operation.name: must be a text, not 3"),
    (
        {"script": "a.py", "flags_to": "stdin"},
        "operation.flags_to: must be one of auto, globals, args, not 'stdin'",
    ),
    (
        {"script": "a.py", "flags_to": ["args"]},
        "operation.flags_to: must be one of auto, globals, args, not ['args']",
    ),
    ({"script": "a.py", "requires": 3}, "operation.requires: must be a list of texts, not 3"),
    (
        {"script": "a.py", "requires": ["a", ""]},
        "operation.requires: must be a list of texts, not ['a', '']",
    ),
    (
        {"script": "a.py", "preload": [None]},
        "operation.preload: must be a list of texts, not [None]",
    ),
]


@pytest.mark.parametrize(("node", "message"), MISTAKES)
def test_a_mistake_is_told_with_what_would_be_right(node: Any, message: str) -> None:
    with pytest.raises(Mistake) as caught:
        parse_operation(node)
    assert str(caught.value) == message
    assert caught.value.exit_status == 2


def test_an_argument_is_written_as_yaml_writes_it() -> None:
    assert [argument(value) for value in (True, None, 1, 1.5, "a b")] == [
        "true",
        "null",
        "1",
        "1.5",
        "a b",
    ]
