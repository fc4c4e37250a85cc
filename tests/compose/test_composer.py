"""Composition once: a trial's configuration is what Hydra itself would have made of it."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hydra
import pytest
import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.errors import HydraException
from hydra.types import RunMode
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

from hydra_sweep_runner.compose.composer import Composer
from hydra_sweep_runner.errors import Mistake
from tests.compose.projects import open_composer

OLD = hydra.__version__.startswith("1.3")

# ---- random projects

scalars: st.SearchStrategy[Any] = st.sampled_from(
    [0, 1, -2.5, 1e-3, True, None, "s", "it's", "two words", "${a}", "${b.c}", "x_${a}", "???"]
)
lists = st.lists(st.integers(0, 3) | st.just({"c": 1}), max_size=3) | st.just("${b.e}")
#: Each key has values of one kind, or configs would not merge.
branches = st.fixed_dictionaries(
    {}, optional={"c": scalars, "d": st.fixed_dictionaries({}, optional={"c": scalars}), "e": lists}
)
contents = st.fixed_dictionaries({}, optional={"a": scalars, "b": branches, "lst": lists})
packages = st.sampled_from([None, None, "_global_", "b", "slot.deep"])


@dataclass(frozen=True)
class Tree:
    """A project's files, and overrides of Hydra's own configuration."""

    files: dict[str, str]
    hydra: tuple[str, ...]


def text_of(content: Any, package: str | None = None, defaults: Sequence[Any] = ()) -> str:
    header = "" if package is None else f"# @package {package}\n"
    whole = {**({"defaults": list(defaults)} if defaults else {}), **content}
    return header + yaml.safe_dump(whole, sort_keys=False)


@st.composite
def trees(draw: Any) -> Tree:
    """A primary config, the groups `db` and `db/kind` and `model`, packages and orders."""
    primary = {"a": draw(scalars), "b": draw(branches), **draw(contents)}
    defaults = [
        {"db": "small"},
        draw(st.sampled_from([{"model@slot": "small"}, {"model": "large"}])),
        draw(st.sampled_from(["_self_", "db/kind/plain", {"optional db/kind": "gone"}])),
    ]
    if "_self_" not in defaults:
        defaults.append("_self_")
    files = {"config.yaml": text_of(primary, None, draw(st.permutations(defaults)))}
    for group in ("db", "model"):
        for option in ("small", "large"):
            files[f"{group}/{option}.yaml"] = text_of(draw(contents), draw(packages))
    files["db/kind/plain.yaml"] = text_of(draw(contents), draw(packages))
    own: list[Any] = draw(
        st.sampled_from([["_self_", {"/model@more": "large"}], [{"kind": "plain"}, "_self_"]])
    )
    files["db/whole.yaml"] = text_of(draw(contents), None, own)
    settings_ = draw(
        st.sampled_from(
            [
                (),
                ("hydra.job.name=n", "+hydra.job.env_set.X=1"),
                ("hydra/job_logging=none",),
                ("hydra.job.config.override_dirname.exclude_keys=[a]",),
            ]
        )
    )
    return Tree(files, settings_)


names = st.sampled_from(
    ["a", "b", "b.c", "b.c.d", "b.d", "lst", "lst.0", "lst.7", "lst.x", "n", "n.m", "slot.a",
     "db.a", "model.b", "more.a", "slot.deep.b"]
)  # fmt: skip
written = st.sampled_from(
    ["1", "2.5", "null", "true", "word", "'1'", "'x,y'", "[1,2]", "[]", "{c:5}", "{}", "{c:{d:6}}",
     "${a}", "${b.c}", "${nowhere}", "a\\,b", "", "???"]
)  # fmt: skip
value_overrides = st.builds(
    "{}{}={}".format, st.sampled_from(["", "", "", "+", "++", "~"]), names, written
) | st.builds("~{}".format, names)
group_overrides = st.sampled_from(
    ["db=small", "db=large", "db=whole", "db=nosuch", "~db", "~db=small", "model=large",
     "model@slot=large", "+model@third=small", "+model=small", "++model=large", "+db@b=large",
     "db={a:7}", "+db={z:8}", "~db/kind/plain", "db/kind=plain", "model@_global_=small",
     "nogroup@x=1", "model=3", "db=[small,large]"]
)  # fmt: skip
task_overrides = st.lists(value_overrides | group_overrides, max_size=5)


def hydras_loader(composer: Composer) -> Any:
    """Hydra's own loader, without ours around it."""
    return ConfigLoaderImpl(composer.loader.get_search_path())


def master_of(composer: Composer, task: Sequence[str] = ()) -> DictConfig:
    """The configuration of a sweep, as Hydra composes it."""
    master: DictConfig = hydras_loader(composer).load_configuration(
        composer.config_name, [*composer.hydra_overrides, *task], run_mode=RunMode.MULTIRUN
    )
    return master


def by_hydra(composer: Composer, master: DictConfig, task: Sequence[str]) -> Any:
    """What Hydra hands to a sweep's job, or the exception with which it refuses."""
    try:
        return hydras_loader(composer).load_sweep_config(master, list(task))
    except Exception as error:
        return error


def by_us(composer: Composer, task: Sequence[str]) -> Any:
    try:
        return composer.trial(task).load()
    except Mistake as error:
        return error


def plain(config: DictConfig) -> str:
    """A configuration without Hydra's node, nothing resolved, as a text."""
    whole = yaml.safe_load(OmegaConf.to_yaml(config))
    return repr({key: value for key, value in whole.items() if key != "hydra"})


@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would take minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(trees(), st.lists(task_overrides, min_size=3, max_size=3))
def test_a_trial_is_composed_as_hydra_composes_it(tree: Tree, tasks: list[list[str]]) -> None:
    with TemporaryDirectory() as folder:
        composer = open_composer(Path(folder), tree.files, tree.hydra)
        try:
            master = master_of(composer)
        except HydraException:
            assert isinstance(by_us(composer, []), Mistake)
            return
        for task in tasks:
            theirs, ours = by_hydra(composer, master, task), by_us(composer, task)
            if isinstance(theirs, Exception):
                assert isinstance(ours, Mistake), (task, theirs)
                assert "\n" not in str(ours)
                continue
            assert not isinstance(ours, Mistake), (task, ours)
            # All of it: flags, hydra.overrides, runtime.choices, job.override_dirname.
            assert OmegaConf.to_yaml(ours) == OmegaConf.to_yaml(theirs), task
            assert OmegaConf.is_struct(ours)
            job = composer.trial(task).job()
            assert plain(job) == plain(theirs)
            assert OmegaConf.is_struct(job)
            assert OmegaConf.to_container(ours.hydra.overrides.task) == task


# ---- cases

FILES = {
    "config.yaml": """
        defaults: [db: small, _self_]
        lr: 0.1
        model: {depth: 3, act: relu}
        layers: [1, 2]
        """,
    "db/small.yaml": "size: 1\n",
    "db/large.yaml": "size: 2\n",
}


@pytest.fixture
def composer(tmp_path: Path) -> Composer:
    return open_composer(tmp_path, FILES)


def mistake_of(composer: Composer, *task: str) -> str:
    with pytest.raises(Mistake) as caught:
        composer.trial(task).load()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_groups_are_composed_once_for_all_trials_that_choose_the_same(composer: Composer) -> None:
    trials = [composer.trial([f"lr={number}", "db=large"]) for number in range(5)]
    assert len({id(trial.base) for trial in trials}) == 1
    assert composer.trial(["db=small"]).base is not trials[0].base
    assert [trial.job().lr for trial in trials] == [0, 1, 2, 3, 4]
    assert all(trial.job().db.size == 2 for trial in trials)


@pytest.mark.parametrize("task", [(), ("db=large",), ("db=small", "lr=1"), ("db=small,large",)])
def test_a_sweep_is_composed_as_hydra_composes_it_also_after_its_trials(
    composer: Composer, task: tuple[str, ...]
) -> None:
    expected = OmegaConf.to_yaml(master_of(composer, task))
    assert OmegaConf.to_yaml(composer.sweep(task).config) == expected
    for one in ((), ("db=large",), ("db=small",)):
        composer.trial(one)
    master = composer.sweep(task).config
    assert OmegaConf.to_yaml(master) == expected
    assert OmegaConf.is_struct(master)


def test_what_is_composed_again_and_again_stays_the_same(composer: Composer) -> None:
    for text in ("db=small", "db=large", "+db@more=small", "+db@more=large", "+db@model=small"):
        theirs = hydras_loader(composer).load_configuration(
            composer.config_name, [text], run_mode=RunMode.RUN
        )
        ours = composer.compose([text], RunMode.RUN)
        assert OmegaConf.to_yaml(ours) == OmegaConf.to_yaml(theirs)


def test_one_trial_s_values_are_not_another_s(composer: Composer) -> None:
    first, second = composer.trial(["model.depth=9", "+new=1"]), composer.trial(["lr=1"])
    job = first.job()
    job.layers.append(3)
    whole = first.load()
    whole.hydra.job.name = "changed"
    assert second.job().model.depth == 3
    assert "new" not in second.job()
    assert (first.job().layers, second.job().layers) == ([1, 2], [1, 2])
    assert second.load().hydra.job.name == first.load().hydra.job.name == "runner"


def test_overrides_stand_in_the_configuration_as_they_were_given(composer: Composer) -> None:
    task = ["lr=1", "db=large", "+new={a: 'b c'}", "~layers"]
    config = composer.trial(task).load()
    assert list(config.hydra.overrides.task) == task
    assert config.hydra.runtime.choices.db == "large"


def test_settings_of_one_job_are_added_below_hydra(composer: Composer) -> None:
    trial = composer.trial(["lr=1"]).with_hydra({"job.num": 3}).with_hydra({"job.id": "x_3"})
    job = trial.load().hydra.job
    assert (job.num, job.id) == (3, "x_3")
    assert "num" not in composer.trial(["lr=1"]).load().hydra.job or OmegaConf.is_missing(
        composer.trial(["lr=1"]).load().hydra.job, "num"
    )


def test_a_trial_travels_to_a_forked_worker_by_the_name_of_its_base(composer: Composer) -> None:
    trial = composer.trial(["lr=1"])
    again = pickle.loads(pickle.dumps(trial))
    assert again.base is trial.base
    assert again.job() == trial.job()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("layer=1", "layer=1: unknown flag 'layer'; did you mean layers? (to add one: +layer=1)"),
        (
            "zzz=1",
            "zzz=1: unknown flag 'zzz'; there are db, lr, model, layers (to add one: +zzz=1)",
        ),
        ("~zzz", "~zzz: Could not delete from config. 'zzz' does not exist."),
        ("layers.7=1", "layers.7=1: list index out of range"),
        ("layers.x=1", "layers.x=1: invalid literal for int() with base 10: 'x'"),
        ("nogroup@a=b", "nogroup@a=b: Override nogroup@a=b looks like a config group override, "
         "but config group 'nogroup' does not exist."),
        ("db=3", "db=3: db is a config group: give the name of a config in it"),
    ],
)  # fmt: skip
def test_an_override_that_cannot_be_is_named(composer: Composer, text: str, said: str) -> None:
    assert mistake_of(composer, "lr=2", text) == said


def test_an_unknown_choice_is_told_with_those_that_there_are(composer: Composer) -> None:
    said = mistake_of(composer, "db=nosuch")
    assert said.startswith("the configuration does not compose: ")
    assert "nosuch" in said
    assert "large, small" in said.replace(",  ", ", ").replace("\t", "")


def test_adding_the_beginning_of_a_flag_of_a_script_is_not_advised(tmp_path: Path) -> None:
    config = "operation: {script: a.py}\nname: x\n"
    composer = open_composer(tmp_path, {"config.yaml": config})
    assert mistake_of(composer, "nam=1") == "nam=1: unknown flag 'nam'; did you mean name?"
    assert mistake_of(composer, "namee=1").endswith("name? (to add one: +namee=1)")


def test_a_configuration_without_flags_says_so(tmp_path: Path) -> None:
    composer = open_composer(tmp_path, {"config.yaml": "operation: {script: a.py}\n"})
    assert mistake_of(composer, "x=1") == (
        "x=1: unknown flag 'x'; the configuration has no flags (to add one: +x=1)"
    )
    (tmp_path / "empty").mkdir()
    assert mistake_of(open_composer(tmp_path / "empty", {"config.yaml": ""}), "x=1") == (
        "x=1: unknown flag 'x'; the configuration is empty (to add one: +x=1)"
    )


def test_yaml_that_does_not_parse_is_a_mistake(tmp_path: Path) -> None:
    composer = open_composer(tmp_path, {"config.yaml": "x: [1\n"})
    assert "YAML that does not parse: " in mistake_of(composer)


def test_an_unset_variable_that_is_to_be_copied_is_a_mistake(tmp_path: Path) -> None:
    files = {"config.yaml": "hydra: {job: {env_copy: [NO_SUCH_VARIABLE]}}\n"}
    assert "NO_SUCH_VARIABLE" in mistake_of(open_composer(tmp_path, files))


def test_a_dict_is_a_value_also_where_a_group_has_the_name(composer: Composer) -> None:
    assert not composer.is_group_choice("db={size: 7}")
    assert composer.is_group_choice("db=large")
    assert composer.is_group_choice("~db")
    assert composer.is_group_choice("+db@other=large")
    assert not composer.is_group_choice("db.size=7")
    assert composer.trial(["db={size: 7}"]).job().db.size == 7


@pytest.mark.skipif(OLD, reason="from Hydra 1.4 on, ~path deletes a config")
def test_a_config_that_is_deleted_is_no_value(tmp_path: Path) -> None:
    files = {**FILES, "config.yaml": "defaults: [db/small, _self_]\nlr: 1\n"}
    composer = open_composer(tmp_path, files)
    assert composer.is_group_choice("~db/small")
    assert "db" not in composer.trial(["~db/small"]).job()


# ---- what depends on a trial's own values


def test_sweeper_settings_may_depend_on_a_flag(tmp_path: Path) -> None:
    files = {"config.yaml": "root: ???\nhydra: {sweeper: {store: '${root}/runs'}}\n"}
    composer = open_composer(tmp_path, files)
    assert composer.trial(["root=/data"]).sweeper["store"] == "/data/runs"
    with pytest.raises(Mistake) as caught:
        _ = composer.trial([]).sweeper
    assert str(caught.value) == (
        "hydra.sweeper.store cannot be resolved: MissingMandatoryValue while resolving "
        "interpolation: Missing mandatory value: root"
    )


def test_so_may_the_working_folder(tmp_path: Path) -> None:
    files = {"config.yaml": "here: true\nhydra: {job: {chdir: '${here}'}}\n"}
    composer = open_composer(tmp_path, files)
    assert composer.trial([]).chdir is True
    assert composer.trial(["here=false"]).chdir is False


def test_the_working_folder_is_the_run_s_own_unless_it_is_said(tmp_path: Path) -> None:
    assert open_composer(tmp_path, FILES).trial([]).chdir is True
    composer = open_composer(tmp_path, FILES, ["hydra.job.chdir=false"])
    assert composer.trial(["lr=1"]).chdir is False


@pytest.mark.parametrize(
    ("files", "task", "needed"),
    [
        (FILES, ["lr=1"], False),
        (FILES, ["lr=${hydra:job.num}"], True),
        ({"config.yaml": "x: ${hydra:job.num}\n"}, [], True),
        ({"config.yaml": "x: 1\nhydra: {job: {env_set: {A: '1'}}}\n"}, [], True),
    ],
)
def test_whether_hydra_s_node_is_needed_is_known(
    tmp_path: Path, files: dict[str, str], task: list[str], needed: bool
) -> None:
    assert open_composer(tmp_path, files).trial(task).needs_hydra is needed
