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
from hydra.errors import HydraException
from hydra.types import RunMode
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

from runner.compose.composer import Composer, split_overrides
from runner.errors import Mistake
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


def master_of(composer: Composer) -> DictConfig:
    """The configuration of a sweep, as Hydra composes it."""
    overrides = list(composer.hydra_overrides)
    return composer.loader.load_configuration(
        composer.config_name, overrides, run_mode=RunMode.MULTIRUN
    )


def by_hydra(composer: Composer, master: DictConfig, task: Sequence[str]) -> Any:
    """What Hydra hands to a sweep's job, or the exception with which it refuses."""
    loader: Any = composer.loader
    try:
        return loader.load_sweep_config(master, list(task))
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
    max_examples=30,
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
            assert OmegaConf.to_yaml(ours) == OmegaConf.to_yaml(theirs), task
            assert OmegaConf.is_struct(ours)
            job = composer.trial(task).job()
            assert plain(job) == plain(theirs)
            assert OmegaConf.is_struct(job)
            assert OmegaConf.to_container(ours.hydra.overrides.task) == task
            assert ours.hydra.runtime.choices == theirs.hydra.runtime.choices
            if OLD:
                assert ours.hydra.job.override_dirname == theirs.hydra.job.override_dirname
