"""Flags on their way into scripts: a trial runs with the values that its record says."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.wild.cases import WarmFolder


def folder(path: Path, config: str, main: str, **more: str) -> WarmFolder:
    head = "operation: {script: main.py}\nhydra: {launcher: {n_jobs: 1}}\n"
    files = {name.replace("__", "."): text for name, text in more.items()}
    return WarmFolder(path, {"conf/config.yaml": head + config, "main.py": main, **files})


def test_a_script_that_imports_argparse_for_a_namespace_only_has_variables(tmp_path: Path) -> None:
    main = """
        from argparse import Namespace

        lr = 0.1
        args = Namespace(lr=lr)
        print("lr", args.lr)
    """
    typed = folder(tmp_path, "lr: 0.1\n", main).bash("runner -m lr=0.1,0.5")
    assert typed.lines == ["lr 0.1", "lr 0.5"]


BOOLEANS = """
import argparse

def boolean(text):
    return text.lower() in ("1", "true", "yes")

parser = argparse.ArgumentParser()
parser.add_argument("--augment", action=argparse.BooleanOptionalAction, default=True)
parser.add_argument("--amp", type=boolean, nargs="?", const=True, default=True)
parser.add_argument("--plain", type=bool, default=True)
parser.add_argument("--no-cache", dest="cache", action="store_false")
parser.add_argument("--stuck", action="store_true", default=True)
args = parser.parse_args()
print(*(getattr(args, name) for name in ("augment", "amp", "plain", "cache", "stuck")))
"""


def test_false_is_false_for_an_option_that_is_true_when_left_out(tmp_path: Path) -> None:
    config = "augment: true\namp: true\nplain: true\ncache: true\nstuck: true\n"
    project = folder(tmp_path, config, BOOLEANS)

    for number, name in enumerate(("augment", "amp", "plain", "cache")):
        expected = ["True"] * 5
        expected[number] = "False"
        typed = project.bash(f"runner -m {name}=true,false")
        assert typed.lines == ["True " * 4 + "True", " ".join(expected)]


def test_a_switch_that_turns_another_flag_off_is_given_where_it_is_true(tmp_path: Path) -> None:
    project = folder(tmp_path, "no-cache: false\n", BOOLEANS)
    typed = project.bash("runner -m no-cache=true,false")
    assert typed.lines == ["True True True False True", "True True True True True"]


def test_where_no_argument_says_so_it_is_a_mistake_before_anything_runs(tmp_path: Path) -> None:
    project = folder(tmp_path, "stuck: true\n", BOOLEANS)

    assert "operation.flags_to" in project.mistake("runner -m stuck=true,false")
    assert "stuck=false" in project.mistake("runner stuck=false")


def test_keys_that_are_numbers_stay_numbers(tmp_path: Path) -> None:
    main = 'classes = [{0: "cat"}]\nprint("class 1 is", classes[0][1])\n'
    typed = folder(tmp_path, "classes: [{0: cat, 1: dog}]\n", main).bash("runner")
    assert typed.lines == ["class 1 is dog"]


ELSEWHERE = """
import argparse

def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=1)
    return parser.parse_args()
"""


def test_a_parser_in_another_module_is_named_by_flags_to(tmp_path: Path) -> None:
    main = 'import options\n\nargs = options.parse()\nprint("n", args.n)\n'
    project = folder(tmp_path, "n: 1\n", main, options__py=ELSEWHERE)

    assert "operation.flags_to: args" in project.mistake("runner n=10")
    assert project.bash("runner +operation.flags_to=args n=10").lines == ["n 10"]


def test_a_variable_that_is_computed_takes_no_flag(tmp_path: Path) -> None:
    main = 'import os\nn = int(os.environ.get("N", 1))\nprint(n)\n'
    project = folder(tmp_path, "n: 1\n", main)
    assert "operation.flags_to" in project.mistake("runner n=10")


def test_what_is_computed_from_a_flag_stays_code(tmp_path: Path) -> None:
    main = "lr = 0.1\nlr = lr * 10\nprint(lr)\n"
    assert folder(tmp_path, "lr: 0.1\n", main).bash("runner lr=0.5").lines == ["5.0"]


def test_numbers_arrive_as_argparse_wants_them(tmp_path: Path) -> None:
    main = """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--x", type=float)
        parser.add_argument("--xs", type=float, nargs="*")
        print(parser.parse_args())
    """
    values = [1e-05, -1e-05, -1e-3, 1e300, -5.0, -0.5, -math.inf]
    project = folder(tmp_path, "x: 0\nxs: [1.5]\n", main)
    found = project.bash(f"runner -m x={','.join(map(repr, values))}").lines
    assert found == [f"Namespace(x={value!r}, xs=[1.5])" for value in values]


def test_negative_numbers_among_several_are_values(tmp_path: Path) -> None:
    main = """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--xs", type=float, nargs="*")
        print(parser.parse_args().xs)
    """
    project = folder(tmp_path, "xs: [1.5, -1e-05, -3]\n", main)
    assert project.bash("runner").lines == ["[1.5, -1e-05, -3.0]"]


@pytest.mark.parametrize(
    "key", ["batch-size", "größe", "lambda", "a.b", "--x", "1", "None"], ids=str
)
def test_keys_of_all_kinds_arrive_as_options_or_are_told(tmp_path: Path, key: str) -> None:
    main = """
        import sys
        if __name__ == "__main__":
            print(sys.argv[1:])
    """
    project = folder(tmp_path, f'"{key}": 3\n', main)
    typed = project.bash("runner +operation.flags_to=args")
    name = f"[{key}]" if "." in key else key
    assert typed.lines == [str([f"--{name}", "3"])]
    assert "flags_to" in project.mistake("runner")


def test_a_value_that_is_too_long_for_an_argument_is_told_by_its_flag(tmp_path: Path) -> None:
    main = 'import argparse\np = argparse.ArgumentParser()\np.add_argument("--text")\n'
    project = folder(tmp_path, f"text: {'a' * 140_000}\n", main)
    assert "the flag text is" in project.mistake("runner")


def test_a_long_value_is_no_trouble_for_a_variable(tmp_path: Path) -> None:
    project = folder(tmp_path, f"text: {'a' * 140_000}\n", 'text = ""\nprint(len(text))\n')
    assert project.bash("runner").lines == ["140000"]


def test_what_is_set_below_the_guard_of_main_takes_the_flag(tmp_path: Path) -> None:
    main = """
        lr = 0.1
        steps: int = 1

        def show():
            print(lr, steps, name)

        if __name__ == "__main__":
            lr = 0.2
            name = "a"
            show()
    """
    project = folder(tmp_path, "lr: 0.1\nsteps: 1\nname: a\n", main)
    assert project.bash("runner -m lr=0.1,0.5 name=b").lines == ["0.1 1 b", "0.5 1 b"]


VALUES = ["", " ", "@home", "+x", "-x", "--y", "=", "a=b", "a b", "'", '"', "$HOME", "*", "ä€😀"]
VALUES += ["a\nb", "null", "true", "1", "%s", "\\", "~", "# no comment", "{}", "[1]", "--x=3"]


@pytest.mark.parametrize("parser", ["argparse", "fromfile", "click", "globals", "function"])
def test_texts_of_all_kinds_arrive_as_they_are(tmp_path: Path, parser: str) -> None:
    makes = {
        "argparse": "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--x')\nshow(p.parse_args().x)\n",
        "fromfile": "import argparse\np = argparse.ArgumentParser(fromfile_prefix_chars='@+')\n"
        "p.add_argument('--x')\nshow(p.parse_args().x)\n",
        "click": "import click\n@click.command()\n@click.option('--x')\n"
        "def main(x):\n    show(x)\nmain()\n",
        "globals": "x = 'none'\nshow(x)\n",
        "function": "",
    }
    show = "import json, os\ndef show(x):\n    with open('found.json', 'w') as file:\n"
    show += "        json.dump(x, file)\n"
    kind = "function: work.show" if parser == "function" else "script: main.py"
    project = WarmFolder(
        tmp_path,
        {
            "conf/config.yaml": f"operation: {{{kind}}}\nx: none\n",
            "main.py": show + makes[parser],
            "work.py": show,
            "texts.json": json.dumps([{"x": text} for text in VALUES]),
        },
    )
    project.bash("runner -m +trials=texts.json")
    trials = project.trials()
    assert [trial["flags"]["x"] for trial in trials] == VALUES
    found = [json.loads(Path(trial["dir"], "found.json").read_text()) for trial in trials]
    assert found == VALUES
