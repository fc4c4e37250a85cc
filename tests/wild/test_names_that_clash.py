"""Projects whose modules have the names of ours, or of libraries that we use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.dask import Cluster
from tests.wild.cases import Folder

#: Names that our own processes have used, or that our modules have within their package.
NAMES = ("script_run", "conf", "run", "main", "worker", "messages", "process", "again", "store")
OWN = {f"{name}.py": f"NAME = 'my {name}'\n" for name in NAMES}
CHECK = "".join(f"import {name}; assert {name}.NAME == 'my {name}'\n" for name in NAMES)
RUNNERS = {
    "module": {"runner.py": "class Runner:\n    def run(self, x):\n        return x * x\n"},
    "package": {
        "runner/__init__.py": "from .core import Runner\n",
        "runner/core.py": "class Runner:\n    def run(self, x):\n        return x * x\n",
    },
}
FILES = {
    **OWN,
    "conf/config.yaml": "x: 1\nhydra: {launcher: {n_jobs: 2}}\n",
    "conf/program.yaml": "x: 1\n",
    "conf/script.yaml": "defaults: [config]\noperation: {script: job.py}\n",
    "conf/arguments.yaml": "defaults: [config]\noperation: {script: with_arguments.py}\n",
    "conf/preloaded.yaml": "defaults: [config]\n"
    "operation: {script: job.py, preload: [runner, worker]}\n",
    "conf/function.yaml": "defaults: [config]\noperation: {function: work.train}\n",
    "work.py": f"from runner import Runner\n{CHECK}\n"
    "def train(x):\n    print('squared', Runner().run(x))\n",
    "job.py": f"import multiprocessing\nfrom runner import Runner\n{CHECK}\nx = 1\n"
    "def squared(x):\n    return Runner().run(x)\n\n"
    "if __name__ == '__main__':\n"
    "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
    "        print('squared', *pool.map(squared, [x]))\n",
    "with_arguments.py": f"import argparse\nfrom runner import Runner\n{CHECK}\n"
    "parser = argparse.ArgumentParser()\nparser.add_argument('--x', type=int)\n"
    "print('squared', Runner().run(parser.parse_args().x))\n",
    "train.py": f"import hydra\nfrom runner import Runner\n{CHECK}\n"
    "@hydra.main(version_base=None, config_path='conf', config_name='program')\n"
    "def main(cfg):\n    print('squared', Runner().run(cfg.x))\n\n"
    "if __name__ == '__main__':\n    main()\n",
}
WAYS = [
    "runner --config-name=script -m",
    "runner --config-name=arguments -m",
    "runner --config-name=preloaded -m",
    "runner --config-name=function -m",
    "python -W ignore train.py -m hydra/sweeper=runner",
    "python -W ignore train.py -m hydra/sweeper=runner hydra/launcher=runner",
]


@pytest.mark.parametrize(
    ("way", "runner"),
    [
        *((way, "module") for way in WAYS),
        (WAYS[3], "package"),
        *(pytest.param(way, "package", marks=pytest.mark.long) for way in WAYS if way != WAYS[3]),
    ],
)
def test_a_project_with_modules_of_our_names_has_its_own(
    tmp_path: Path, way: str, runner: str
) -> None:
    folder = Folder(tmp_path, {**FILES, **RUNNERS[runner]})

    typed = folder.bash(f"{way} x=2,3")

    assert sorted(line for line in typed.lines if "squared" in line) == ["squared 4", "squared 9"]
    assert folder.statuses() == ["completed"] * 2


@pytest.mark.long
@pytest.mark.parametrize("way", [WAYS[0], WAYS[3], WAYS[5]])
def test_so_it_is_on_a_cluster(tmp_path: Path, way: str, cluster: Cluster) -> None:
    cluster.have(1)
    folder = Folder(tmp_path, {**FILES, **RUNNERS["module"]})
    folder.bash(f"{way} {' '.join(cluster.words)} hydra.launcher.n_jobs=1 x=2,3")

    assert folder.statuses() == ["completed"] * 2


def test_a_project_with_a_module_of_a_librarys_name_imports_its_own(tmp_path: Path) -> None:
    files = {
        "conf/config.yaml": "operation: {function: work.train}\nx: 1\n",
        "psutil.py": "def double(x):\n    return 2 * x\n",
        "click/__init__.py": "ONE = 1\n",
        "work.py": "import click, psutil\n\ndef train(x):\n"
        "    return psutil.double(x) + click.ONE\n",
    }
    folder = Folder(tmp_path, files)
    folder.bash("runner -m x=2,3 hydra.launcher.n_jobs=1")
    assert folder.results() == [5, 7]


def test_a_programs_module_that_hides_what_a_sweep_needs_is_named(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {**FILES, **RUNNERS["module"], "cloudpickle.py": "a = 1\n"})
    said = folder.mistake(f"{WAYS[4]} x=2,3")
    assert "cloudpickle.py" in said
    assert "rename it" in said


def test_so_is_one_that_hides_the_package_itself(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {**FILES, **RUNNERS["module"], "hydra_sweep_runner.py": "a = 1\n"})
    (said,) = folder.bash(f"{WAYS[4]} x=2,3", status=2).said
    assert said.endswith("hydra_sweep_runner.py has the name of the runner's package, and hides it"
                         ": rename it")  # fmt: skip


COMMON = "random queue statistics yaml hydra omegaconf rich joblib typing logging signal code test"


def test_modules_of_any_name_do_no_harm_to_functions(tmp_path: Path) -> None:
    files = {
        "conf/config.yaml": "operation: {function: work.train}\nx: 1\n",
        "work.py": "def train(x):\n    return 2 * x\n",
        **{f"{name}.py": "def double(x):\n    return 2 * x\n" for name in COMMON.split()},
    }
    folder = Folder(tmp_path, files)
    folder.bash("runner -m x=2,3")
    assert folder.results() == [4, 6]


def test_a_function_whose_module_has_a_name_of_pythons_is_told_which_was_found(
    tmp_path: Path,
) -> None:
    files = {
        "conf/config.yaml": "operation: {function: secrets.train}\nx: 1\n",
        "secrets.py": "def train(x):\n    return x\n",
    }
    said = Folder(tmp_path, files).mistake("runner x=2")
    assert "module 'secrets' has no attribute 'train'" in said
    assert "secrets.py is not the project's: rename the project's" in said
