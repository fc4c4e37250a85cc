"""A value of any length reaches the trials whole, and the lines stay readable."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wild.cases import WarmFolder

PROMPT = "You are a helpful assistant; answer in one word. " * 400 + "Yes?"

FILES = {
    "conf/config.yaml": f"""
        operation: {{script: main.py}}
        prompt: "{PROMPT}"
        numbers: {list(range(500))}
        x: 1
        hydra: {{launcher: {{n_jobs: 1}}}}
    """,
    "main.py": """
        prompt = ""
        numbers = []
        x = 1
        print(len(prompt), len(numbers), x)
        if x == 3:
            raise SystemExit("why")
    """,
}

#: A line has room for eight values and some words.
MOST = 700


@pytest.mark.parametrize("words", ["-m x=1,2", "-m x=1,2 hydra.launcher.n_jobs=2"])
def test_lines_cut_a_long_value_and_the_trials_see_all_of_it(tmp_path: Path, words: str) -> None:
    typed = WarmFolder(tmp_path, FILES).bash(f"runner {words}")
    assert sorted(typed.lines) == [f"{len(PROMPT)} 500 1", f"{len(PROMPT)} 500 2"]
    assert max(map(len, typed.said)) < MOST
    assert sum("prompt=You are a helpful" in line and "…" in line for line in typed.said) == 4


def test_a_failure_and_a_preview_have_lines_that_can_be_read(tmp_path: Path) -> None:
    folder = WarmFolder(tmp_path, FILES)
    for line in (
        "runner -m x=3,4 >/dev/null",
        "runner +restart=last:batch x=4,5 +print_trials=true",
        f"""runner -m "prompt='{PROMPT}',b" +print_trials=true""",
        "runner -m x=6,7 +init_trials=true",
    ):
        typed = folder.bash(line, status=None)
        assert max(map(len, [*typed.said, *typed.lines])) < MOST


def test_lists_cut_it_and_json_and_csv_do_not(tmp_path: Path) -> None:
    folder = WarmFolder(tmp_path, FILES)
    folder.bash("runner")
    folder.bash("runner prompt=b")
    for command in ("runner runs list", "runner runs show last", "runner compare"):
        lines = folder.bash(command).lines
        assert lines and max(map(len, lines)) < MOST
    assert PROMPT in {run["flags"]["prompt"] for run in folder.runs()}
    assert PROMPT in folder.bash("runner runs list --csv --columns prompt").out


def test_a_diff_shows_long_values_where_they_differ(tmp_path: Path) -> None:
    folder = WarmFolder(tmp_path, FILES)
    folder.bash(f"""runner -m "prompt='{PROMPT} a.ckpt','{PROMPT} b-bad.ckpt'" x=1""")
    one, other = (
        line.split()[0] for line in folder.bash("runner runs list --kind trial").lines[1:]
    )
    (line,) = (
        each for each in folder.bash(f"runner runs diff {other} {one}").lines if "prompt" in each
    )
    assert line.startswith("  prompt: …") and len(line) < MOST
    assert " a.ckpt -> …" in line and line.endswith(" b-bad.ckpt")
