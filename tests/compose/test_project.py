"""Where configuration comes from, and the copies that are kept of it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from hydra_sweep_runner.compose.composer import Composer
from hydra_sweep_runner.compose.project import (
    COMMAND_LINE,
    MAIN,
    ProjectConfig,
    find_project,
    kept_searchpath,
    open_loader,
    project_in_snapshot,
    read_snapshot,
    search_path_in_snapshot,
    set_defaults,
)
from hydra_sweep_runner.compose.reading import Reading, ReadingLoader
from hydra_sweep_runner.errors import Mistake
from tests.compose.projects import open_composer, write

# ---- finding it


def test_a_project_is_conf_config_yaml(tmp_path: Path) -> None:
    write(tmp_path, {"conf/config.yaml": "x: 1\n"})
    found = find_project(tmp_path, None, None, None)
    assert found == ProjectConfig(main=str(tmp_path / "conf"), config_name="config")


def test_hydra_s_options_say_otherwise(tmp_path: Path) -> None:
    write(tmp_path, {"settings/exp/main.yaml": "", "more/x.yaml": ""})
    found = find_project(tmp_path, "settings", "exp/main", "more")
    assert found == ProjectConfig(
        main=str(tmp_path / "settings"), config_name="exp/main", extra=str(tmp_path / "more")
    )


def test_a_config_dir_alone_is_enough(tmp_path: Path) -> None:
    write(tmp_path, {"more/config.yaml": ""})
    found = find_project(tmp_path, None, None, "more")
    assert found == ProjectConfig(main=str(tmp_path / "more"), config_name="config")


def test_the_name_may_be_in_the_config_dir_only(tmp_path: Path) -> None:
    write(tmp_path, {"conf/config.yaml": "", "more/other.yaml": ""})
    assert find_project(tmp_path, None, "other", "more").config_name == "other"


def test_a_folder_may_be_given_in_full(tmp_path: Path) -> None:
    write(tmp_path, {"conf/config.yaml": ""})
    elsewhere = tmp_path / "elsewhere"
    assert find_project(elsewhere, str(tmp_path / "conf"), None, None).main == str(
        tmp_path / "conf"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            (None, None, None),
            "no project here: {0}/conf does not exist; runner init SCRIPT.py makes "
            "conf/config.yaml for a script, and --config-path or --config-dir name another folder",
        ),
        (
            ("nosuch", None, "there"),
            "no project here: {0}/nosuch does not exist; runner init SCRIPT.py makes "
            "conf/config.yaml for a script, and --config-path or --config-dir name another folder",
        ),
        (("there", None, "nosuch"), "--config-dir nosuch: there is no such folder"),
        (("there", None, None), "{0}/there/config.yaml does not exist: it describes what to run"),
        (("there", "b", None), "{0}/there/b.yaml does not exist: it describes what to run"),
    ],
)
def test_what_is_not_there_is_a_mistake(tmp_path: Path, options: Any, said: str) -> None:
    write(tmp_path, {"there/a.yaml": ""})
    with pytest.raises(Mistake) as caught:
        find_project(tmp_path, *options)
    assert str(caught.value) == said.format(tmp_path)


# ---- defaults


def test_our_sweeper_and_launcher_are_the_defaults_and_nothing_is_warned(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        set_defaults()
        set_defaults()
        composer = open_composer(tmp_path, {"config.yaml": "x: 1\n"})
    config = composer.trial([]).load()
    choices = config.hydra.runtime.choices
    assert (choices["hydra/launcher"], choices["hydra/sweeper"]) == ("runner", "runner")
    assert config.hydra.job.chdir is True


def test_a_project_s_yaml_and_command_line_still_choose_others(tmp_path: Path) -> None:
    files = {
        "config.yaml": "defaults: [override hydra/sweeper: basic, _self_]\n"
        "hydra: {job: {chdir: false}}\n"
    }
    composer = open_composer(tmp_path, files, ["hydra/launcher=basic"])
    config = composer.trial([]).load()
    choices = config.hydra.runtime.choices
    assert (choices["hydra/launcher"], choices["hydra/sweeper"]) == ("basic", "basic")
    assert config.hydra.job.chdir is False


# ---- copies

#: How a sweep's own configuration begins, as Hydra writes it.
MULTIRUN = "hydra:\n  run: {dir: a}\n  runtime:\n    config_sources:\n    - path: hydra.conf\n"


def keep(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def copied(*sources: tuple[str, str]) -> dict[str, bytes]:
    """What a copy holds of sources, each with its provider and its path."""
    path = ConfigSearchPathImpl()
    for provider, where in sources:
        path.append(provider, where)
    reading = Reading()
    ReadingLoader(path, reading)
    return reading.files()


def copy_of(folder: Path) -> dict[str, bytes]:
    """What a copy holds of a folder that is the main source, without its name."""
    files = copied((MAIN, f"file://{folder}"))
    return {path.removeprefix("main/"): data for path, data in files.items()}


def test_a_copy_holds_the_yaml_of_each_source_of_the_project(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "conf/config.yaml": "x: 1\n",
            "conf/db/a.yml": "a: 1\n",
            "conf/notes.txt": "no",
            "conf/.hidden/b.yaml": "no",
            "conf/__pycache__/b.yaml": "no",
            "more/m.yaml": "m: 1\n",
            "third/t.yaml": "t: 1\n",
        },
    )
    assert copied(
        ("hydra", "pkg://hydra.conf"),
        (MAIN, f"file://{tmp_path}/conf"),
        (COMMAND_LINE, f"file://{tmp_path}/more"),
        ("hydra.searchpath in main", f"file://{tmp_path}/third"),
        ("schema", "structured://"),
    ) == {
        "main/config.yaml": b"x: 1\n",
        "main/db/a.yml": b"a: 1\n",
        "command-line/m.yaml": b"m: 1\n",
        "searchpath-0/t.yaml": b"t: 1\n",
    }


def test_outputs_of_runs_and_sweeps_below_it_are_no_configuration(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "config.yaml": "x: 1\n",
            "outputs/1/.hydra/config.yaml": "",
            "outputs/1/result.yaml": "",
            "multirun/2/multirun.yaml": MULTIRUN,
            "multirun/2/r.yaml": "",
            "runs/.snapshots/5/main/config.yaml": "",
            f"runs/{'3f' * 16}/r.yaml": "",
            "elsewhere/3f/.runner/record.json": "",
            "elsewhere/3f/r.yaml": "",
            "environment/pyvenv.cfg": "",
            "environment/lib/a.yaml": "",
        },
    )
    assert set(copy_of(tmp_path)) == {"config.yaml"}


def test_what_is_only_named_like_an_output_is_configuration(tmp_path: Path) -> None:
    files = {
        "config.yaml": "x: 1\n",
        "mode/multirun.yaml": "# @package hydra\nmode: MULTIRUN\n",
        "mode/single.yaml": "",
        "runs/short.yaml": "",
        "outputs/all.yaml": "",
        "multirun/a/b.yaml": "",
    }
    write(tmp_path, {**files, "runs/.snapshots/5/main/config.yaml": ""})
    assert set(copy_of(tmp_path)) == set(files)


@pytest.mark.parametrize("mark", [".hydra/config.yaml", "multirun.yaml", ".snapshots/a.yaml"])
def test_the_folder_itself_is_one_whatever_a_run_left_in_it(tmp_path: Path, mark: str) -> None:
    write(tmp_path, {"config.yaml": "x: 1\n", "db/a.yaml": "", mark: ""})
    assert set(copy_of(tmp_path)) >= {"config.yaml", "db/a.yaml"}


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    write(tmp_path, {"conf/config.yaml": "", "shared/db/a.yaml": "a: 1\n"})
    (tmp_path / "conf" / "db").symlink_to(tmp_path / "shared" / "db")
    (tmp_path / "conf" / "linked.yaml").symlink_to(tmp_path / "shared" / "db" / "a.yaml")
    (tmp_path / "conf" / "self").symlink_to(tmp_path / "conf")
    (tmp_path / "shared" / "db" / "up").symlink_to(tmp_path)
    assert copy_of(tmp_path / "conf") == {
        "config.yaml": b"",
        "db/a.yaml": b"a: 1\n",
        "linked.yaml": b"a: 1\n",
    }


def test_a_source_in_a_package_is_copied_and_one_that_is_gone_is_none(tmp_path: Path) -> None:
    assert "main/compose.yaml" in copied((MAIN, "pkg://hydra.test_utils.configs"))
    for path in ("no_such_package/conf", "hydra.nosuch.deep/x"):
        assert copied((MAIN, f"pkg://{path}")) == {}
    assert copy_of(tmp_path / "nosuch") == {}


names = st.text("ab.-é", min_size=1, max_size=4).map(lambda text: f"f{text}.yaml")


@given(st.dictionaries(names, st.binary(max_size=8), max_size=4))
def test_a_copy_that_is_kept_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, bytes]
) -> None:
    source = keep(tmp_path_factory.mktemp("conf"), content)
    files = copied((MAIN, f"file://{source}"))
    assert files == {f"main/{name}": text for name, text in content.items()}
    kept = keep(tmp_path_factory.mktemp("kept"), files)
    assert read_snapshot(kept) == files


def test_what_is_composed_from_a_copy_is_what_was_composed(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "conf/config.yaml": f"""
                defaults: [db: a, more: m, _self_]
                hydra: {{searchpath: ['file://{tmp_path}/third', 'file://{tmp_path}/fourth']}}
                x: 1
                """,
            "conf/db/a.yaml": "from: main\n",
            "extra/db/b.yaml": "from: extra\n",
            "third/more/m.yaml": "from: third\n",
            "fourth/more/m.yaml": "from: fourth\n",
            "fourth/more/n.yaml": "from: fourth\n",
        },
    )
    set_defaults()
    project = find_project(tmp_path, None, None, "extra")
    now = Composer(open_loader(project, "runner"), project.config_name, ())
    trial = now.trial(["db=b", "more=n"])
    kept = keep(tmp_path / "kept", now.files())
    write(tmp_path, {"conf/config.yaml": "x: 2\n", "fourth/more/n.yaml": "from: later\n"})

    there = project_in_snapshot(kept, "config")
    assert there == ProjectConfig(
        main=f"{kept}/main",
        config_name="config",
        extra=f"{kept}/command-line",
    )
    loader = open_loader(there, "runner")
    then = Composer(loader, there.config_name, (), passing=kept_searchpath(kept))
    assert then.hydra_overrides == ()
    again = then.trial(["db=b", "more=n"])
    assert OmegaConf.to_yaml(again.job()) == OmegaConf.to_yaml(trial.job())
    assert trial.job().db["from"] == "extra"
    assert read_snapshot(kept) == then.files()


def test_search_paths_of_a_copy_are_in_their_order_beyond_nine(tmp_path: Path) -> None:
    for place in range(11):
        (tmp_path / f"searchpath-{place}").mkdir()
    paths = ",".join(f"'file://{tmp_path}/searchpath-{place}'" for place in range(11))
    assert kept_searchpath(tmp_path) == [f"hydra.searchpath=[{paths}]"]


def test_a_copy_of_the_main_folder_alone_has_no_more(tmp_path: Path) -> None:
    (tmp_path / MAIN).mkdir()
    assert project_in_snapshot(tmp_path, "c") == ProjectConfig(
        main=str(tmp_path / MAIN), config_name="c"
    )


def test_a_program_s_search_path_leads_to_the_copies(tmp_path: Path) -> None:
    (tmp_path / MAIN).mkdir()
    present = ConfigSearchPathImpl()
    present.append("hydra", "pkg://hydra.conf")
    present.append(MAIN, "file:///app/conf")
    present.append(COMMAND_LINE, "file:///app/more")
    present.append("schema", "structured://")
    path = search_path_in_snapshot(present, tmp_path).get_path()
    assert [(element.provider, element.path) for element in path] == [
        ("hydra", "pkg://hydra.conf"),
        (MAIN, f"file://{tmp_path / MAIN}"),
        (COMMAND_LINE, "file:///app/more"),
        ("schema", "structured://"),
    ]
