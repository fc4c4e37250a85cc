"""How a failure is told: once where it is seen, and with what is likely to help."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wild.cases import WarmFolder

COMMAND = '[python, -m, pkg.train, fit, --x, "${x}"]'
PACKAGE = {
    "conf/config.yaml": f"operation: {{command: {COMMAND}}}\nx: 1\n",
    "conf/linked.yaml": f"operation: {{command: {COMMAND}, requires: [pkg]}}\nx: 1\n",
    "conf/script.yaml": "operation: {script: pkg/train.py}\nx: 1\n",
    "conf/file.yaml": "operation: {command: [python, -m, single]}\nx: 1\n",
    "single.py": "print('single')\n",
    "pkg/__init__.py": "",
    "pkg/util.py": "def squared(x):\n    return x * x\n",
    "pkg/train.py": """
        import argparse

        from .util import squared

        parser = argparse.ArgumentParser()
        commands = parser.add_subparsers(required=True)
        commands.add_parser("fit").add_argument("--x", type=int)
        print("squared", squared(parser.parse_args().x))
    """,
}


def test_a_module_of_a_package_runs_where_it_is_required(tmp_path: Path) -> None:
    folder = WarmFolder(tmp_path, PACKAGE)
    lines = folder.bash("runner --config-name=linked -m x=2,3 hydra.launcher.n_jobs=1").lines
    assert lines == ["squared 4", "squared 9"]


@pytest.mark.parametrize(
    ("config", "advice"),
    [
        ("config", "operation.requires: [pkg]"),
        ("file", "operation.requires: [single.py]"),
        ("script", "command: [python, -m, package.module"),
    ],
)
def test_what_is_not_found_of_a_package_is_told_with_what_helps(
    tmp_path: Path, config: str, advice: str
) -> None:
    said = WarmFolder(tmp_path, PACKAGE).bash(f"runner --config-name={config}", status=1).said
    assert any(advice in line for line in said)


FAILS = {
    "conf/config.yaml": """
        operation: {script: fails.py}
        x: 0
        hydra: {launcher: {n_jobs: 2}}
    """,
    "fails.py": "x = 0\nprint('before', x)\nraise SystemExit(x)\n",
}


def test_where_both_streams_are_one_a_block_is_not_told_again(tmp_path: Path) -> None:
    lines = WarmFolder(tmp_path, FAILS).bash("runner -m x=0,4 2>&1", status=1).lines
    assert sum("before 4" in line for line in lines) == 1


def test_where_they_are_apart_the_end_of_the_output_stands_below_the_failure(
    tmp_path: Path,
) -> None:
    typed = WarmFolder(tmp_path, FAILS).bash("runner -m x=0,4", status=1)
    assert "before 4" in typed.lines
    assert "  before 4" in typed.said


def test_a_failure_with_nothing_after_it_is_told_once(tmp_path: Path) -> None:
    folder = WarmFolder(tmp_path, FAILS)
    said = folder.bash("runner -m x=0,4 hydra.launcher.n_jobs=1", status=1).said
    assert sum("failed: exit status 4" in line for line in said) == 1


def test_all_failures_stand_together_at_the_end(tmp_path: Path) -> None:
    folder = WarmFolder(tmp_path, FAILS)
    said = folder.bash("runner -m x=3,4,0 hydra.launcher.n_jobs=1", status=1).said
    assert ["failed: exit status 3" in said[-3], "failed: exit status 4" in said[-2]] == [True] * 2
