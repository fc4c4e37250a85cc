"""Functions run as plain Python would call them: their resolvers, their own Hydra, their files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wild.cases import Typed, WarmFolder

RESOLVER = {
    "conf/config.yaml": """
        operation: {function: work.train}
        a: 2
        b: 3
        total: ${mul:${a},${b}}
        hydra: {launcher: {n_jobs: 1}}
    """,
    "work.py": """
        from omegaconf import OmegaConf

        OmegaConf.register_new_resolver("mul", lambda a, b: a * b, replace=True)

        def train(cfg):
            return cfg.total

        def named(a, b, total):
            return total
    """,
}


@pytest.mark.parametrize("function", ["train", "named"])
def test_a_resolver_of_the_functions_module_is_resolved_there(
    tmp_path: Path, function: str
) -> None:
    folder = WarmFolder(tmp_path, RESOLVER)
    words = f"operation.function=work.{function}"
    folder.bash(f"runner -m {words} a=2,5")

    assert folder.results() == [6, 15]
    assert [trial["flags"]["total"] for trial in folder.trials()] == ["${mul:${a},${b}}"] * 2
    again = folder.bash(f"runner +restart={folder.batches()[0]['id']} +needed=true a=2,5,7")
    assert "Skipping 2 completed trials" in again.said
    assert folder.results()[-1] == 21


def test_a_resolver_that_nobody_registers_is_a_mistake(tmp_path: Path) -> None:
    folder = WarmFolder(
        tmp_path, {**RESOLVER, "work.py": "def train(cfg):\n    return cfg.total\n"}
    )
    assert "mul" in folder.mistake("runner -m a=2,5")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_scripts_own_output_log_is_its_own(tmp_path: Path, jobs: int) -> None:
    main = """
        import logging

        x = 1
        logging.basicConfig(filename="output.log", filemode="w", level=logging.INFO)
        for n in range(3):
            print(f"stdout of x={x}, line {n}", flush=True)
            logging.info("own log of x=%s, line %s", x, n)
    """
    files = {"conf/config.yaml": "operation: {script: main.py}\nx: 1\n", "main.py": main}
    folder = WarmFolder(tmp_path, files)
    typed: Typed = folder.bash(f"runner -m x=1,2 hydra.launcher.n_jobs={jobs}")

    assert sorted(typed.lines) == [f"stdout of x={x}, line {n}" for x in (1, 2) for n in range(3)]
    for trial in folder.trials():
        x = trial["flags"]["x"]
        own = Path(trial["dir"], "output.log").read_text().splitlines()
        assert own == [f"INFO:root:own log of x={x}, line {n}" for n in range(3)]
        log = folder.bash(f"runner runs log {trial['id']}").lines
        assert log == [f"stdout of x={x}, line {n}" for n in range(3)]


COMPOSES = """
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig

HERE = str(Path(__file__).parent / "models")

def train(x):
    outer = HydraConfig.get().job.name
    with initialize_config_dir(config_dir=HERE, version_base=None):
        net = compose(config_name="net", overrides=[f"width={x}"])
    return [net.width, outer]
"""


def test_a_function_composes_configurations_of_its_own(tmp_path: Path) -> None:
    folder = WarmFolder(
        tmp_path,
        {
            "conf/config.yaml": "operation: {function: work.train}\nx: 1\n",
            "models/net.yaml": "width: 1\n",
            "work.py": COMPOSES,
        },
    )
    folder.bash("runner -m x=2,3,4 hydra.launcher.n_jobs=1 hydra.job.name=fit")
    assert folder.results() == [[2, "fit"], [3, "fit"], [4, "fit"]]


def test_standard_output_can_be_told_its_encoding(tmp_path: Path) -> None:
    files = {
        "conf/config.yaml": "operation: {function: work.train}\nx: 1\n",
        "work.py": """
            import sys

            def train(x):
                sys.stdout.reconfigure(encoding="utf-8", errors="replace")
                sys.stderr.reconfigure(line_buffering=True)
                print("größe", x)
        """,
    }
    folder = WarmFolder(tmp_path, files)
    typed = folder.bash("runner -m x=1,2 hydra.launcher.n_jobs=1")
    assert typed.lines == ["größe 1", "größe 2"]
