"""What `from hydra_sweep_runner import …` gives, and what it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import hydra_sweep_runner
from hydra_sweep_runner import report
from hydra_sweep_runner.scalars.reported import reports_in


def modules_after(statement: str) -> set[str]:
    """The modules that a statement imports, in a process of its own."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_imports_nothing_else() -> None:
    assert modules_after("import hydra_sweep_runner") == {"hydra_sweep_runner"}


def test_type_checkers_are_told_that_it_is_typed() -> None:
    assert Path(hydra_sweep_runner.__file__).with_name("py.typed").is_file()


def test_importing_report_imports_next_to_nothing() -> None:
    imported = modules_after("from hydra_sweep_runner import report; report(loss=1)")
    ours = {name for name in imported if name.startswith("hydra_sweep_runner")}
    assert ours == {"hydra_sweep_runner", "hydra_sweep_runner.reporting"}
    assert not imported & {"hydra", "omegaconf", "click", "rich", "joblib", "json", "asyncio"}


def test_one_run_imports_neither_the_management_commands_nor_what_reads_records() -> None:
    imported = modules_after("from hydra_sweep_runner.cli import project; project.open_world")
    imported |= modules_after("from hydra_sweep_runner.commands.start import single")
    assert "hydra_sweep_runner.compose.composer" in imported
    assert not imported & {"click", "fractions", "msgspec", "rich"}


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        hydra_sweep_runner.nothing  # noqa: B018 - the access is what is tested


def test_a_report_outside_a_run_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNNER_SCALARS", raising=False)
    report(step=3, loss=0.25)


def test_a_report_appends_a_line_to_the_runs_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "scalars"
    monkeypatch.setenv("RUNNER_SCALARS", str(path))
    report(step=3, loss=0.25)
    report({"val/loss": float("nan"), "on": True, "name": "x"}, acc=1)  # type: ignore[dict-item]
    first, second = path.read_bytes().splitlines()
    assert json.loads(first) == {"step": 3, "loss": 0.25}
    assert [each.name for each in reports_in(first)] == ["loss"]
    assert [each.name for each in reports_in(second)] == ["val/loss", "acc"]
