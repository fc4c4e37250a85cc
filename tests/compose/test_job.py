"""Entering a run's configuration: what a job finds around it, and its real values."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from hydra_sweep_runner.compose.job import (
    drop_nodes,
    flags_config,
    hydra_config,
    job_context,
    real_values,
)
from hydra_sweep_runner.compose.trial import TrialConfig
from hydra_sweep_runner.errors import Mistake
from tests.compose.projects import open_composer

CONFIG = """
    defaults: [db: small, _self_]
    lr: 0.1
    secret: ${oc.env:SECRET}
    again: x-${secret}
    operation:
      command: [echo, "${lr}", "${secret}", 3]
    """
SECRET = "hunter2-do-not-store"


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The secret is set, and logging is afterwards as it was before."""
    monkeypatch.setenv("SECRET", SECRET)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:], root.level = handlers, level


def trial_of(
    folder: Path, *task: str, config: str = CONFIG, hydra: tuple[str, ...] = ()
) -> TrialConfig:
    files = {"config.yaml": config, "db/small.yaml": "size: 1\n", "db/large.yaml": "size: 2\n"}
    return open_composer(folder, files, ("hydra/job_logging=none", *hydra)).trial(task)


def mistake(trial: TrialConfig) -> str:
    with pytest.raises(Mistake) as caught:
        real_values(trial, "command")
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- real values


def test_real_values_are_resolved_secrets_and_all(tmp_path: Path) -> None:
    values = real_values(trial_of(tmp_path, "lr=1", "db=large"), "command")
    assert values.flags == {
        "db": {"size": 2},
        "lr": 1,
        "secret": SECRET,
        "again": f"x-{SECRET}",
    }
    assert values.target == ["echo", 1, SECRET, 3]
    assert values.environment == {}


def test_env_set_is_part_of_them_and_may_name_flags(tmp_path: Path) -> None:
    hydra = ("+hydra.job.env_set.RATE=${lr}", "+hydra.job.env_set.NAME=${hydra.job.name}")
    values = real_values(trial_of(tmp_path, hydra=hydra), "command")
    assert values.environment == {"RATE": "0.1", "NAME": "runner"}


def test_flags_may_name_hydra_s_node(tmp_path: Path) -> None:
    trial = trial_of(tmp_path, "lr=${hydra:job.num}").with_hydra({"job.num": 7})
    assert real_values(trial, "command").flags["lr"] == 7
    assert HydraConfig.instance().cfg is None


def test_a_flag_without_a_value_is_named(tmp_path: Path) -> None:
    trial = trial_of(tmp_path, config="x: 1\nmodel: {depth: '???'}\n")
    assert mistake(trial) == "model.depth has no value (???): give model.depth=…"


def test_a_variable_that_is_not_set_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET")
    said = mistake(trial_of(tmp_path))
    assert "cannot be resolved: " in said
    assert "'SECRET' not found" in said


def test_an_interpolation_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    said = mistake(trial_of(tmp_path, "lr=${nowhere}", config="lr: 1\n"))
    assert said == "lr cannot be resolved: Interpolation key 'nowhere' not found"


def test_values_of_other_types_are_those_of_json(tmp_path: Path) -> None:
    values = real_values(trial_of(tmp_path, config="a: {b: [1, {c: null}]}\nd: []\n"), "command")
    assert values.flags == {"a": {"b": [1, {"c": None}]}, "d": []}


# ---- around a job


def test_a_job_finds_hydra_s_configuration_and_afterwards_it_is_gone(tmp_path: Path) -> None:
    trial = trial_of(tmp_path, "lr=5").with_hydra({"job.num": 3})
    with job_context(trial, output_dir=str(tmp_path / "out")):
        config = flags_config(trial)
        assert HydraConfig.get().job.num == 3
        assert list(HydraConfig.get().overrides.task) == ["lr=5"]
        assert set(config) == {"db", "lr", "secret", "again"}
        assert config.again == f"x-{SECRET}"
        assert OmegaConf.is_struct(config)
    assert HydraConfig.instance().cfg is None


def test_also_after_an_error_and_around_another(tmp_path: Path) -> None:
    trial = trial_of(tmp_path)
    outer, inner = (trial.with_hydra({"job.num": number}).load for number in (1, 2))
    with hydra_config(outer):
        with pytest.raises(ZeroDivisionError), hydra_config(inner):
            assert HydraConfig.get().job.num == 2
            raise ZeroDivisionError
        assert HydraConfig.get().job.num == 1
    assert HydraConfig.instance().cfg is None


def test_env_set_is_in_the_environment_while_it_lasts(tmp_path: Path) -> None:
    trial = trial_of(tmp_path, hydra=("+hydra.job.env_set.SECRET='${lr}'",))
    with job_context(trial, output_dir=str(tmp_path / "out")):
        assert os.environ["SECRET"] == "0.1"
    assert os.environ["SECRET"] == SECRET


def test_what_a_job_changes_is_not_changed_for_the_next(tmp_path: Path) -> None:
    trial = trial_of(tmp_path)
    with job_context(trial, output_dir=str(tmp_path / "out")):
        config = flags_config(trial)
        config.lr = 9
    with job_context(trial, output_dir=str(tmp_path / "out")):
        config = flags_config(trial)
        assert config.lr == 0.1


# ---- files


def files_of(trial: TrialConfig, folder: Path) -> dict[str, Any]:
    with job_context(trial, output_dir=str(folder)):
        pass
    texts = {path.name: path.read_text("utf-8") for path in (folder / ".hydra").iterdir()}
    assert all(SECRET not in text for text in texts.values())
    return {name: yaml.safe_load(text) for name, text in texts.items()}


def test_the_files_in_dot_hydra_are_those_of_this_trial(tmp_path: Path) -> None:
    trial = trial_of(tmp_path, "lr=5", "db=large", "+new=${oc.env:SECRET}")
    trial = trial.with_hydra({"job.num": 3, "job.id": "a: 'b' #"})
    files = files_of(trial, tmp_path / "out")
    assert set(files) == {"config.yaml", "hydra.yaml", "overrides.yaml"}
    assert files["overrides.yaml"] == ["lr=5", "db=large", "+new=${oc.env:SECRET}"]
    assert files["config.yaml"] == {
        "db": {"size": 2},
        "lr": 5,
        "secret": "${oc.env:SECRET}",
        "again": "x-${secret}",
        "operation": {"command": ["echo", "${lr}", "${secret}", 3]},
        "new": "${oc.env:SECRET}",
    }


@pytest.mark.parametrize(
    "task",
    [
        [],
        ["lr=5"],
        ["lr=5", "db=large", "+new=${oc.env:SECRET}"],
        ["+a='it\\'s'", '+b="#: x"', "+c='é\\n'", "~secret", "again=1"],
        ["+d='&x'", "+e={f: [1, null]}", "+f='- x'", "+g=" + "long " * 40],
    ],
)
@pytest.mark.parametrize("settings", [{}, {"job.num": 3, "job.id": "4: '%' #\n"}])
def test_hydra_yaml_is_that_of_the_whole_configuration(
    tmp_path: Path, task: list[str], settings: dict[str, Any]
) -> None:
    trial = trial_of(tmp_path, *task).with_hydra(settings)
    whole = yaml.safe_load(OmegaConf.to_yaml(trial.load()))
    files = files_of(trial, tmp_path / "out")
    assert repr(files["hydra.yaml"]) == repr({"hydra": whole.pop("hydra")})
    assert repr(files["config.yaml"]) == repr(whole)
    assert files["overrides.yaml"] == task


def test_another_subfolder_or_none(tmp_path: Path) -> None:
    with job_context(
        trial_of(tmp_path, hydra=("hydra.output_subdir=.meta",)), output_dir=str(tmp_path / "out")
    ):
        pass
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".meta"]
    with job_context(
        trial_of(tmp_path, hydra=("hydra.output_subdir=null",)), output_dir=str(tmp_path / "none")
    ):
        pass
    assert not (tmp_path / "none" / ".hydra").exists()


def test_nodes_are_dropped_in_place_from_a_closed_configuration() -> None:
    config = OmegaConf.create({"a": 1, "b": {"c": 2}})
    OmegaConf.set_struct(config, True)
    OmegaConf.set_readonly(config, True)
    assert drop_nodes(config, "b", "nosuch") is config
    assert config == {"a": 1}
    assert OmegaConf.is_struct(config)
    assert OmegaConf.is_readonly(config)
