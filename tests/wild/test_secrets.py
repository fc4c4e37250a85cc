"""Values of the environment: written nowhere, and what chose among the configs is kept."""

from __future__ import annotations

from pathlib import Path

import hydra
import pytest

from tests.wild.cases import Typed, WarmFolder

SECRET = "hunter2-is-secret"
MAIN = "token = ''\nx = 1\nprint('length', len(token))\n"


def found_in(folder: Path) -> list[str]:
    """The files whose name or contents hold the secret."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if SECRET.encode() in path.read_bytes()] + [
        str(path) for path in folder.rglob("*") if SECRET in str(path)
    ]


def shows(typed: Typed) -> bool:
    return SECRET in typed.out or SECRET in typed.err


@pytest.mark.parametrize(
    "sweeper",
    [
        "params: {token: '${oc.env:API_TOKEN}'}",
        "params: {token: '${oc.env:API_TOKEN,none},${oc.env:API_TOKEN}x'}",
        "params: {token: 'Bearer ${oc.env:API_TOKEN}'}",
        "label: '${oc.env:API_TOKEN}'",
        "tags: ['${oc.env:API_TOKEN}']",
    ],
)
def test_what_the_sweeper_takes_from_the_environment_is_written_nowhere(
    tmp_path: Path, sweeper: str
) -> None:
    folder = WarmFolder(
        tmp_path,
        {
            "conf/config.yaml": f"""
                operation: {{script: main.py}}
                token: none
                x: 1
                hydra:
                  launcher: {{n_jobs: 1}}
                  sweeper: {{{sweeper}}}
            """,
            "main.py": MAIN,
        },
    )
    typed = folder.bash("runner -m x=1,2", API_TOKEN=SECRET)
    again = folder.bash(f"runner +restart={folder.batches()[0]['id']}", API_TOKEN=SECRET)
    listed = folder.bash("runner runs list --json; runner runs list")

    assert not shows(typed) and not shows(again) and not shows(listed)
    assert found_in(tmp_path) == []
    if "params" in sweeper:
        assert "length 4" not in typed.out


def test_a_sweep_that_stands_in_the_environment_is_a_mistake_that_does_not_show_it(
    tmp_path: Path,
) -> None:
    folder = WarmFolder(
        tmp_path,
        {
            "conf/config.yaml": """
                operation: {script: main.py}
                x: 1
                hydra: {sweeper: {params: {x: '${oc.env:GRID}'}}}
            """,
            "main.py": "x = 1\n",
        },
    )
    typed = folder.bash("runner -m", status=2, GRID=f"1,2,{SECRET}")

    assert typed.said == [
        "runner: hydra.sweeper.params.x is ${oc.env:GRID}, which gives several values: what comes "
        "from the environment is never recorded, so it is no sweep; write x=… with the values, in "
        "YAML or on the command line"
    ]


@pytest.mark.parametrize(
    "settings",
    [
        "launcher: {n_jobs: '${oc.env:API_TOKEN}'}",
        "launcher: {stagger_s: '${oc.env:API_TOKEN}'}",
        "launcher: {devices: '${oc.env:API_TOKEN}'}",
        "launcher: {backend: '${oc.env:API_TOKEN}'}",
        "sweeper: {max_trials: '${oc.env:API_TOKEN}'}",
        "sweeper: {timeout: '${oc.env:API_TOKEN}'}",
    ],
)
def test_a_mistake_in_a_setting_is_told_without_what_the_environment_gave(
    tmp_path: Path, settings: str
) -> None:
    folder = WarmFolder(
        tmp_path,
        {
            "conf/config.yaml": f"""
                operation: {{script: main.py}}
                x: 1
                hydra: {{{settings}}}
            """,
            "main.py": "x = 1\n",
        },
    )
    typed = folder.bash("runner -m x=1,2", status=2, API_TOKEN=SECRET)

    assert not shows(typed)
    assert "${oc.env:API_TOKEN}" in typed.err


def test_what_hydra_copies_of_the_environment_is_a_reference_in_files(tmp_path: Path) -> None:
    files = {
        "conf/config.yaml": """
            operation: {script: main.py}
            x: 1
            hydra:
              launcher: {n_jobs: 1}
              job: {env_copy: [API_TOKEN], env_set: {T: '${oc.env:API_TOKEN}/x'}}
        """,
        "main.py": "import os\n\nx = 1\nprint('length', len(os.environ['API_TOKEN']))\n",
        "conf/program.yaml": """
            x: 1
            hydra: {job: {env_copy: [API_TOKEN], env_set: {T: '${oc.env:API_TOKEN}/x'}}}
        """,
        "train.py": """
            import os

            import hydra

            @hydra.main(version_base=None, config_path="conf", config_name="program")
            def main(cfg):
                print("length", len(os.environ["API_TOKEN"]))

            main()
        """,
    }
    folder = WarmFolder(tmp_path, files)
    typed = folder.bash("runner -m x=1,2", API_TOKEN=SECRET)
    assert typed.out.count(f"length {len(SECRET)}") == 2
    for launcher in ("basic", "runner", "joblib"):
        jobs = folder.bash(
            f"python -W ignore train.py -m hydra/sweeper=runner hydra/launcher={launcher} x=1,2",
            API_TOKEN=SECRET,
        )
        assert jobs.out.count(f"length {len(SECRET)}") == 2
    assert found_in(tmp_path) == []


# ---- what a batch was composed with


@pytest.mark.skipif(
    not hydra.__version__.startswith("1.3"), reason="from 1.4 on Hydra refuses it in defaults"
)
@pytest.mark.parametrize(
    "default",
    [
        "{provider: '${oc.env:APP_PROVIDER,openai}'}",
        "'provider/${oc.env:APP_PROVIDER,openai}'",
        "{optional provider: '${oc.env:APP_PROVIDER,nowhere}'}",
    ],
)
def test_a_restart_in_another_shell_composes_what_the_batch_was(
    tmp_path: Path, default: str
) -> None:
    folder = WarmFolder(
        tmp_path,
        {
            "conf/config.yaml": f"""
                defaults: [_self_, {default}]
                operation: {{script: main.py}}
                provider: none
                x: 1
                hydra: {{launcher: {{n_jobs: 1}}}}
            """,
            "conf/provider/openai.yaml": "# @package _global_\nprovider: openai\n",
            "conf/provider/local.yaml": "# @package _global_\nprovider: local\n",
            "main.py": "x = 1\nprovider = ''\nprint(provider, x)\n",
        },
    )
    folder.bash("runner -m x=1,2", APP_PROVIDER="local")
    batch = folder.batches()[0]["id"]

    again = folder.bash(f"runner +restart={batch} +needed=true")
    assert "Skipping 2 completed trials" in again.said
    assert any("APP_PROVIDER had another value" in line for line in again.said)

    more = folder.bash(f"runner +restart={batch} +needed=true x=1,2,3", APP_PROVIDER="openai")
    assert "local 3" in more.out

    fresh = folder.bash(f"runner +restart={batch} +refresh=true", APP_PROVIDER="openai")
    assert "openai 1" in fresh.out


def test_a_search_path_from_the_environment_is_kept_with_the_batch(tmp_path: Path) -> None:
    folder = WarmFolder(
        tmp_path,
        {
            "conf/config.yaml": """
                operation: {script: main.py}
                x: 1
                hydra: {searchpath: ['file://${oc.env:MORE}']}
            """,
            "one/db/a.yaml": "# @package _global_\nx: 10\n",
            "two/db/a.yaml": "# @package _global_\nx: 20\n",
            "main.py": "x = 1\nprint('x', x)\n",
        },
    )
    folder.bash("runner -m +db=a", MORE=str(tmp_path / "one"))

    again = folder.bash(f"runner +restart={folder.batches()[0]['id']}", MORE=str(tmp_path / "two"))

    assert "x 10" in again.out
