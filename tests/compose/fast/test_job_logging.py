"""A process's logging, job after job, is as if each had configured it from scratch."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hydra_sweep_runner.compose.composer import Composer
from hydra_sweep_runner.compose.fast import job_logging
from hydra_sweep_runner.compose.job import job_context
from hydra_sweep_runner.compose.trial import TrialConfig
from tests.compose.projects import open_composer

SETTINGS = {"config.yaml": "x: 1\n"}


@pytest.fixture(autouse=True)
def own_logging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test does to logging, undone; its own handlers and no others before."""
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in root.handlers:
        if handler not in before:
            handler.close()
    root.handlers[:], root.level = before, level
    logging.disable(logging.NOTSET)


def job(composer: Composer, folder: Path, number: int) -> TrialConfig:
    settings = {"runtime.output_dir": str(folder / str(number)), "job.num": number}
    return composer.trial([f"x={number}"]).with_hydra(settings)


def said(folder: Path, number: int, name: str = "runner") -> list[str]:
    path = folder / str(number) / f"{name}.log"
    return path.read_text().splitlines() if path.exists() else []


def do(trial: TrialConfig, *lines: str, empty: bool = False) -> None:
    place = str(trial.hydra["runtime.output_dir"])
    with job_context(trial, output_dir=place, empty_logs=empty):
        for line in lines:
            logging.getLogger("own").info(line)


def configured(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Each configuration from scratch."""
    calls: list[object] = []
    real = job_logging.configure_log
    monkeypatch.setattr(
        job_logging, "configure_log", lambda given: (calls.append(given), real(given))
    )
    return calls


def test_each_job_has_its_own_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = configured(monkeypatch)
    composer = open_composer(tmp_path, SETTINGS)
    for number in range(3):
        do(job(composer, tmp_path, number), f"a{number}", f"b{number}")
    for number in range(3):
        lines = said(tmp_path, number)
        assert [line.split(" - ")[1] for line in lines] == [f"a{number}", f"b{number}"]
        assert all("[own][INFO]" in line for line in lines)
    assert len(calls) == 1


def test_a_job_that_logs_nothing_has_a_log_only_where_it_is_wanted(tmp_path: Path) -> None:
    composer = open_composer(tmp_path, SETTINGS)
    do(job(composer, tmp_path, 1))
    do(job(composer, tmp_path, 2), empty=True)
    do(job(composer, tmp_path, 3))
    assert [(tmp_path / str(n) / "runner.log").exists() for n in (1, 2, 3)] == [False, True, False]


def disturb_level() -> None:
    logging.getLogger().setLevel(logging.ERROR)


def disturb_handlers() -> None:
    logging.getLogger().addHandler(logging.NullHandler())


def disturb_by_clearing() -> None:
    logging.getLogger().handlers.clear()


def disturb_a_handler() -> None:
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.ERROR)
        handler.addFilter(lambda record: False)


@pytest.mark.parametrize(
    "disturb", [disturb_level, disturb_handlers, disturb_by_clearing, disturb_a_handler]
)
def test_what_a_job_does_to_logging_is_undone_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disturb: object
) -> None:
    assert callable(disturb)
    composer = open_composer(tmp_path, SETTINGS)
    do(job(composer, tmp_path, 1), "one")
    with job_context(job(composer, tmp_path, 2), output_dir=str(tmp_path / "2")):
        disturb()
    calls = configured(monkeypatch)
    do(job(composer, tmp_path, 3), "three")
    assert len(calls) == 1
    assert [line.split(" - ")[1] for line in said(tmp_path, 3)] == ["three"]
    kinds = [type(handler).__name__ for handler in logging.getLogger().handlers]
    assert kinds[-2:] == ["StreamHandler", "FileHandler"]


def test_output_goes_to_the_standard_stream_of_the_moment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    composer = open_composer(tmp_path, SETTINGS)
    do(job(composer, tmp_path, 1), "one")
    with (tmp_path / "other").open("w") as other:
        monkeypatch.setattr(sys, "stdout", other)
        do(job(composer, tmp_path, 2), "two")
    assert "two" in (tmp_path / "other").read_text()


@pytest.mark.parametrize(
    ("hydra", "why"),
    [
        ("verbose: true", "loggers change their levels"),
        ("verbose: own", "one of them does"),
        ("job_logging: {handlers: {file: {filename: '${now:%Y}.log'}}}", "the time"),
        ("job_logging: {handlers: {file: {filename: '${x}.log'}}}", "a flag"),
        ("job: {name: 'n${x}'}", "a flag by way of a setting"),
        ("job_logging: {formatters: {simple: {format: '${hydra.job.num} %(message)s'}}}", "marks"),
    ],
)
def test_settings_that_depend_on_more_are_those_of_each_job(
    tmp_path: Path, hydra: str, why: str
) -> None:
    composer = open_composer(tmp_path, {"config.yaml": f"x: 1\nhydra:\n  {hydra}\n"})
    trial = job(composer, tmp_path, 7)
    assert trial.log_settings is None, why
    do(trial, "seven")


def test_a_log_may_have_the_job_s_number_in_its_name(tmp_path: Path) -> None:
    hydra = "hydra: {job_logging: {handlers: {file: {filename: "
    hydra += f"'{tmp_path}/job-${{hydra.job.num}}-${{hydra:job.name}}.log'}}}}}}}}\n"
    composer = open_composer(tmp_path, {"config.yaml": f"x: 1\n{hydra}"})
    assert job(composer, tmp_path, 7).log_settings is not None
    for number in (7, 8):
        do(job(composer, tmp_path, number), f"line {number}")
        text = (tmp_path / f"job-{number}-runner.log").read_text()
        assert f"line {number}" in text
