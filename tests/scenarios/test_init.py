"""`runner init` writes a configuration that works as it stands."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.scenarios.project import Project

SCRIPT = """
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--name", default="1e3 ${x}")
    parser.add_argument("--data", required=True)
    parser.add_argument("--model.depth", type=int, default=3)
    print(vars(parser.parse_args()))
"""


@pytest.fixture
def empty(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_script_runs_with_the_flags_and_defaults_of_its_parser(empty: Project) -> None:
    empty.write({"train.py": SCRIPT})
    said = empty.run("init", "train.py").err.splitlines()
    assert said[:2] == ["Wrote conf/config.yaml", "Added /runs/ to .gitignore"]
    assert "to be given: data (??? in conf/config.yaml)" in said
    printed = empty.run("data=d").out
    assert printed == str({"lr": 0.1, "name": "1e3 ${x}", "data": "d", "model.depth": 3}) + "\n"


BY_PLACE = """
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("data", choices=["d", "e"])
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--verbose", action="count", default=0)
    parser.add_argument("--amp", action="store_true")
    parser.add_argument("--layers", type=int, nargs="+", default=[1])
    print(vars(parser.parse_args()))
"""


def test_a_script_with_an_argument_by_place_stays_a_script(empty: Project) -> None:
    empty.write({"train.py": BY_PLACE})
    said = empty.run("init", "train.py").err.splitlines()
    assert "train.py gets its flags as --name value, data by place" in said
    printed = empty.run("data=d", "lr=0.5", "verbose=2", "amp=true", "layers=[1,2]").out
    taken = {"data": "d", "lr": 0.5, "verbose": 2, "amp": True, "layers": [1, 2]}
    assert printed == f"{taken}\n"
    said = empty.run("-m", "data=d,f", status=2).said
    assert said == ["runner: data=f: data of train.py takes one of d, e"]
    assert [run["operation"] for run in empty.runs()] == ["train.py"]


def test_the_line_that_starts_it_works_as_it_is_printed(empty: Project) -> None:
    empty.write({"train.py": BY_PLACE})
    said = empty.run("init", "train.py").err.splitlines()[-1]
    assert said == (
        "to look at it: runner --cfg job; to start: write a value for data in conf/config.yaml, "
        "then runner -m lr=0.1,0.01"
    )
    config = empty.folder / "conf" / "config.yaml"
    config.write_text(config.read_text().replace("???", "d"))
    empty.run(*said.rpartition(" then runner ")[2].split())
    assert {run["flags"]["lr"] for run in empty.runs("--kind", "trial")} == {0.1, 0.01}


def test_a_script_whose_parser_a_function_returns_stays_a_script_and_is_checked(
    empty: Project,
) -> None:
    body = BY_PLACE.replace("print(vars(parser.parse_args()))", "return parser")
    body = body.replace("\n", "\n    ").replace(
        "    import argparse", "import argparse\n    def get():", 1
    )
    empty.write({"train.py": f"{body.rstrip()}\n    print(vars(get().parse_args()))\n"})
    said = empty.run("init", "train.py").err.splitlines()
    assert "train.py gets its flags as --name value, data by place" in said
    assert "'lr': 0.5" in empty.run("data=d", "lr=0.5").out
    said = empty.run("-m", "data=d", "lr=0.1,abc", status=2).said
    assert said == ["runner: lr=abc: --lr of train.py takes a number (type=float)"]
    said = empty.run("data=d", "+verb=3", status=2).said
    assert said == [
        "runner: train.py has no option --verb, and would take it for --verbose: give the flag "
        "verbose"
    ]
    assert len(empty.runs()) == 1


def test_a_script_whose_source_does_not_show_the_order_is_run_as_a_command_with_all_its_flags(
    empty: Project,
) -> None:
    source = BY_PLACE.replace('choices=["d", "e"]', "**{}").replace("default=[1]", "default=None")
    empty.write({"train.py": source})
    said = empty.run("init", "train.py").err.splitlines()
    assert "train.py takes data by place, so it is run as a command that names its flags" in said
    assert "not taken: --verbose: a switch that a command can only turn on" in said
    assert any("operation: {requires: [train.py, FILE]}" in line for line in said)
    plain = {"data": "d", "lr": 0.5, "verbose": 0, "amp": False, "layers": None}
    assert empty.run("data=d", "lr=0.5").out == f"{plain}\n"
    given = {**plain, "amp": True, "layers": [1, 2]}
    assert empty.run("data=d", "lr=0.5", "amp=true", "layers=[1,2]").out == f"{given}\n"
    assert {run["operation"] for run in empty.runs()} == {"train.py"}


def test_what_a_script_cannot_take_as_a_flag_is_named_with_the_reason(empty: Project) -> None:
    source = """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("out", nargs=argparse.REMAINDER)
        parser.add_argument("-q", action="store_true")
        parser.add_argument("-v", "--verbose", action="count", default=1)
        parser.add_argument("--amp", action="store_true")
        print(vars(parser.parse_args()))
    """
    empty.write({"train.py": source})
    said = empty.run("init", "train.py").err.splitlines()
    assert "not taken: -q: it has no long name" in said
    assert any(line.startswith("not taken: out: by place") for line in said)
    plain = {"out": [], "q": False, "verbose": 1, "amp": False}
    assert empty.run().out == f"{plain}\n"
    assert empty.run("verbose=3", "amp=true").out == f"{plain | {'verbose': 3, 'amp': True}}\n"


def test_an_option_whose_name_cannot_be_typed_as_a_flag_is_not_taken(empty: Project) -> None:
    script = """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--größe", type=float, default=0.1)
        parser.add_argument("--lr", type=float, default=0.1)
        print(parser.parse_args())
    """
    empty.write({"train.py": script})
    said = empty.run("init", "train.py").said
    assert (
        "not taken: größe: a flag's name has letters from a to z, digits, and - _ . alone" in said
    )
    assert said[-1].endswith("to start: runner -m lr=0.1,0.01")


def test_a_command_without_flags_says_how_one_is_written(empty: Project) -> None:
    empty.write({"run.sh": "echo hello\n"})
    said = empty.run("init", "bash", "run.sh").err
    assert (
        'bash run.sh has no flags yet: for a flag lr, write command: [bash, run.sh, "${lr}"] and '
        "below it lr: 0.1 in conf/config.yaml" in said
    )


@pytest.mark.parametrize(
    ("typed", "name", "written", "value"),
    [
        ("python train.py --lr 0.3", "lr", 'train.py, --lr, "${lr}"]', "0.3"),
        ("python train.py -u --lr=0.3 --n 2", "lr", '-u, "--lr=${lr}", --n, 2]', "0.3"),
        ("python train.py --dry-run --n 2", "n", 'train.py, --dry-run, --n, "${n}"]', "2"),
    ],
)
def test_an_option_of_a_command_is_shown_as_the_flag_that_it_may_become(
    empty: Project, typed: str, name: str, written: str, value: str
) -> None:
    empty.write({"train.py": "lr = 1\n"})
    said = empty.run("init", *typed.split()).said
    told = next(line for line in said if "has no flags yet" in line)
    assert f"for a flag {name}, write command: [python, " in told
    assert f"{written} and below it {name}: {value} in conf/config.yaml" in told
    assert "with the options of the script as flags: runner init train.py" in said


def test_a_function_and_a_command_run(tmp_path: Path) -> None:
    project = Project(tmp_path / "function")
    project.write({"pkg/work.py": "def train(lr=0.1):\n    return lr\n"})
    project.run("init", "pkg.work.train")
    project.run()
    assert project.newest("run")["result"] == 0.1
    project = Project(tmp_path / "command")
    project.write({"say.sh": 'echo "said $1"\n'})
    project.run("init", "bash", "say.sh", "${word}")
    assert project.run("word=hello").out == "said hello\n"


def test_a_dry_run_shows_it_and_writes_nothing(empty: Project) -> None:
    empty.write({"train.py": "lr = 0.1\n"})
    before = empty.tree()
    shown = empty.run("init", "--dry-run", "train.py").out
    assert shown.startswith("# conf/config.yaml\noperation:\n  script: train.py\nlr: 0.1\n")
    assert empty.tree() == before


def test_gitignore_gets_a_line_of_its_own_once(empty: Project) -> None:
    empty.write({"train.py": "lr = 0.1\n"})
    (empty.folder / ".gitignore").write_text("*.pyc")
    empty.run("init", "train.py")
    assert (empty.folder / ".gitignore").read_text() == "*.pyc\n/runs/\n"
    (empty.folder / "conf" / "config.yaml").unlink()
    empty.run("init", "train.py")
    assert (empty.folder / ".gitignore").read_text() == "*.pyc\n/runs/\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("train.py", "conf/config.yaml is there already"),
        ("no.py", "there is no such file"),
        ("program.py", "python program.py -m hydra/sweeper=runner FLAG=VALUE,VALUE"),
        ("train.py --lr 1", "runner init python train.py --lr 1"),
        ("train.py --dry-run", "or function: runner init --dry-run train.py"),
        ("train.f --dry-run", "or function: runner init --dry-run train.f"),
        ("train.py --lr 1 --dry-run", "or function: runner init --dry-run train.py --lr 1"),
        ("train.f", "train.py defines no f"),
        ("no.f", "there is no module no (no.py or no/__init__.py)"),
        ("torn.py", "torn.py, line 1 does not parse"),
        ("torn.f", "torn.py does not parse"),
        ("", "TARGET"),
        ("--dryrun train.py", "--dryrun: there is no such option: did you mean --dry-run?"),
        ("-x train.py", "-x: there is no such option: --dry-run is the only one"),
        ("nosuchprog --x 3", "no such program in PATH"),
        ("'bash train.sh'", "without quotes around all of them: runner init bash train.sh"),
        ("./nosuch.sh", "there is no such file in"),
        ("tran", "no such program in PATH: did you mean train.py?"),
        ("tran.py", "there is no such file in {folder}: did you mean train.py?"),
        ("train.pyy", "train.pyy: there is no such file: did you mean train.py?"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(empty: Project, words: str, said: str) -> None:
    program = "import hydra\n@hydra.main()\ndef main(cfg): ...\n"
    files = {
        "train.py": "lr = 0.1\n",
        "program.py": program,
        "torn.py": "def f(:\n",
        "conf/config.yaml": "x: 1\n",
    }
    empty.write(files)
    before = empty.tree()
    result = empty.run("init", *shlex.split(words), status=2)
    said = said.replace("{folder}", str(empty.folder))
    assert len(result.err.splitlines()) == 1 and said in result.err
    assert empty.tree() == before


def test_a_script_with_subcommands_is_told_how_one_of_them_is_run(
    empty: Project,
) -> None:
    empty.write(
        {
            "main.py": """
                import argparse
                parser = argparse.ArgumentParser()
                below = parser.add_subparsers(dest="cmd", required=True)
                train = below.add_parser("train")
                train.add_argument("--lr", type=float, default=0.1)
                below.add_parser("eval").add_argument("--ckpt")
                print(parser.parse_args())
            """
        }
    )
    (line,) = empty.run("init", "main.py", status=2).said
    assert "it has subcommands (train, eval), and an operation runs one: " in line
    words = line.partition("runner ")[2].partition("runner ")[2].split()
    assert words == ["init", "python", "main.py", "train", "--OPTION", "VALUE"]
    said = empty.run(*words[:-2], "--lr", "0.1").err
    assert "runner init main.py" not in said  # which would not do
    assert 'write command: [python, main.py, train, --lr, "${lr}"]' in said
