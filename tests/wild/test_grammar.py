"""Hydra's grammar under -m: each trial is what one run with its overrides would be."""

from __future__ import annotations

import hydra
import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project

LINE = "1.3" if hydra.__version__.startswith("1.3") else "1.4"


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project(
        {
            "conf/config.yaml": """
                operation: {function: work.show}
                x: a
                y: 1
                opt: {a: 0, b: 0, deep: {c: 0}}
                items: [1]
                spare: 5
                hydra: {launcher: {n_jobs: 1}}
            """,
            "work.py": "def show(**flags):\n    return flags\n",
        }
    )


def results(project: Project) -> list[dict[str, object]]:
    """What the trials of the newest batch were called with, in the order of the plan."""
    runs = {run["id"]: run for run in project.runs()}
    return [runs[run_id]["result"] for run_id in project.newest("batch")["trials"]]


TEXTS = {
    "x=str(1,2)": ["1", "2"],
    "x=str(1)": ["1"],
    "x=choice(str(1),2,str(1.5))": ["1", 2, "1.5"],
    "x=str([1,2],[3])": [["1", "2"], ["3"]],
    "x=json_str({a:1},[1])": None if LINE == "1.3" else ['{"a": 1}', "[1]"],
    "x=str(true,false)": ["true", "false"],
    "x=int(1.5,2.5)": [1, 2],
    "x=float(1,2)": [1.0, 2.0],
    "x=bool(1,0)": [True, False],
    "x=int('3','4')": [3, 4],
    "x='1','true',null": ["1", "true", None],
    "x=sort(3,1,2,reverse=true)": [3, 2, 1],
    "x=sort(b,a)": ["a", "b"],
    "x=tag(some,choice(1,2))": [1, 2],
    "x=float(range(1,3))": [1.0, 2.0],
    r"x=a\,b": ["a,b"],
    "x='a b',\"c'd\"": ["a b", "c'd"],
    "x=[1,2],[3]": [[1, 2], [3]],
    "x=${y},2": [1, 2],
}


@pytest.mark.parametrize("text", [text for text, values in TEXTS.items() if values is not None])
def test_a_cast_around_a_sweep_gives_what_it_gives_in_one_run(project: Project, text: str) -> None:
    project.run("-m", text)

    found = [result["x"] for result in results(project)]
    assert repr(found) == repr(TEXTS[text])
    if "${" not in text:
        batch = project.newest("batch")["flags"]["x"]
        assert repr(batch) == repr(found)


@pytest.mark.parametrize("text", ["x=str(1)", "x=str([1,2])", "x='1'", "x=[str(1),2]"])
def test_one_value_with_m_is_what_it_is_without(project: Project, text: str) -> None:
    project.run(text)
    alone = project.newest("run")["result"]

    project.run("-m", text, "y=1,2")

    assert [result["x"] for result in results(project)] == [alone["x"]] * 2


@pytest.mark.parametrize(
    "text",
    [
        "x=float(shuffle(range(1,9)))",
        "x=shuffle(float(range(1,9)))",
        "x=int(shuffle(1,2,3,4,5,6,7,8))",
        "x=str(shuffle(1,2,3,4,5,6,7,8))",
        "x=shuffle(str(1,2,3,4,5,6,7,8))",
        "x=tag(t,shuffle(1,2,3,4,5,6,7,8))",
    ],
)
def test_a_shuffle_is_one_also_within_a_cast(project: Project, text: str) -> None:
    first = project.table("-m", text, "+random_seed=3")[1:]
    again = project.table("-m", text, "+random_seed=3")[1:]

    values = [float(line.split()[1].strip('"')) for line in first]
    assert sorted(values) == [float(n) for n in range(1, 9)]
    assert values != sorted(values)
    assert first == again


@pytest.mark.parametrize(
    "text",
    [
        "x=shuffle(range(0,1000000000))",
        "x=float(shuffle(range(0,1000000000)))",
        "x=shuffle(range(0,1000000000,0.5))",
        "x=shuffle(float(range(1000000000)))",
        "x=sort(range(0,1000000000),reverse=true)",
        "x=range(1000000000,0,-1)",
    ],
)
def test_of_a_range_without_end_no_list_is_made(project: Project, text: str) -> None:
    lines = project.table("-m", text, "+max_trials=4", "+random_seed=3")

    assert len({line.split()[1] for line in lines[1:]}) == 4


def test_a_sample_of_a_long_shuffle_only_grows(project: Project) -> None:
    text = "x=shuffle(range(0,1000000000))"
    few, many = (
        {
            line.split()[1]
            for line in project.table("-m", text, f"+max_trials={n}", "+random_seed=5")
        }
        for n in (4, 8)
    )
    assert few < many


# ---- groups


NUMBERS = {
    "conf/config.yaml": """
        defaults: [{batch_size: "16"}, _self_]
        operation: {function: work.show}
        hydra: {launcher: {n_jobs: 1}}
    """,
    "conf/batch_size/16.yaml": "# @package _global_\nsize: 16\n",
    "conf/batch_size/32.yaml": "# @package _global_\nsize: 32\n",
    "conf/batch_size/1e3.yaml": "# @package _global_\nsize: 1000\n",
    "conf/batch_size/007.yaml": "# @package _global_\nsize: 7\n",
    "conf/batch_size/0.5.yaml": "# @package _global_\nsize: 0.5\n",
    "conf/batch_size/true.yaml": "# @package _global_\nsize: 1\n",
    "work.py": "def show(size):\n    return size\n",
}


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("batch_size=16,32", [16, 32]),
        ("batch_size='16','32'", [16, 32]),
        ("batch_size=glob(*)", [0.5, 7, 16, 1000, 32, 1]),
        ("batch_size=glob([1*,3*])", [16, 1000, 32]),
        ("batch_size=1e3", [1000]),
        ("batch_size=007,0.5,true", [7, 0.5, 1]),
        ("batch_size=choice(16,1e3)", [16, 1000]),
        ("batch_size=range(16,33,16)", [16, 32]),
        ("batch_size=sort(32,16)", [16, 32]),
    ],
)
def test_configs_may_be_named_by_numbers(
    make_project: MakeProject, text: str, sizes: list[float]
) -> None:
    project = make_project(NUMBERS)
    project.run("-m", text)
    assert results(project) == sizes

    project.run(f"+restart={project.newest('batch')['id']}", "+needed=true")
    assert results(project) == sizes


def test_one_run_chooses_a_config_named_by_a_number(make_project: MakeProject) -> None:
    project = make_project(NUMBERS)
    for text, size in (("batch_size=32", 32), ("batch_size=1e3", 1000), ("batch_size=true", 1)):
        project.run(text)
        assert project.newest("run")["result"] == size

    said = project.run("batch_size=64", status=2).err
    assert "'batch_size/64'" in said


def test_configs_of_any_letters_are_chosen_by_glob(make_project: MakeProject) -> None:
    project = make_project(
        {
            **NUMBERS,
            "conf/batch_size/größe 1.yaml": "# @package _global_\nsize: 3\n",
            "conf/batch_size/a,b.yaml": "# @package _global_\nsize: 4\n",
        }
    )
    project.run("-m", "batch_size=glob([a*,g*])")

    assert results(project) == [4, 3]


# ---- presets, and what only the swept configs have


PRESETS = {
    "conf/config.yaml": """
        defaults: [_self_, {preset: none}]
        operation: {function: work.show}
        x: 0
        hydra: {launcher: {n_jobs: 1}}
    """,
    "conf/preset/none.yaml": "{}",
    "conf/preset/a.yaml": "# @package _global_\nhydra: {sweeper: {params: {x: '1,2'}}}\n",
    "conf/preset/b.yaml": "# @package _global_\nhydra: {launcher: {n_jobs: 4}}\n",
    "conf/preset/c.yaml": "# @package _global_\nhydra: {sweeper: {max_trials: 1}}\n",
    "conf/preset/plain.yaml": "# @package _global_\ny: 1\n",
    "work.py": "def show(**flags):\n    return flags['x']\n",
}


def test_a_preset_that_is_chosen_brings_its_settings_of_the_sweeper(
    make_project: MakeProject,
) -> None:
    project = make_project(PRESETS)
    project.run("-m", "preset=a")
    assert results(project) == [1, 2]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("preset=a,b", "preset=a sets hydra.sweeper.params.x"),
        ("preset=none,b", "preset=b sets hydra.launcher.n_jobs"),
        ("preset=plain,c", "preset=c sets hydra.sweeper.max_trials"),
    ],
)
def test_settings_in_presets_that_are_swept_over_are_a_mistake(
    make_project: MakeProject, text: str, names: str
) -> None:
    project = make_project(PRESETS)
    for words in ((), ("+print_trials=true",)):
        (said,) = project.run("-m", text, *words, status=2).said
        assert said.startswith(f"runner: {names}: ")
        assert "have no effect in what is swept over" in said
    assert project.runs() == []


def test_values_that_only_the_swept_configs_have_are_theirs(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                defaults: [{model: none}, _self_]
                operation: {function: work.show}
                hydra: {launcher: {n_jobs: 1}}
            """,
            "conf/model/none.yaml": "{}",
            "conf/model/tree.yaml": "depth: 1\n",
            "conf/model/forest.yaml": "depth: 2\ntrees: 1\n",
            "work.py": "def show(model):\n    return model\n",
        }
    )
    project.run("-m", "model=tree,forest", "model.depth=7")
    assert results(project) == [{"depth": 7}, {"depth": 7, "trees": 1}]
    project.run("-m", "model=tree,forest", "model.depth=7,8")
    assert len(results(project)) == 4

    said = project.run("-m", "model=tree,forest", "model.trees=3", status=2).err
    assert "model.trees=3: with model=tree there is no flag model.trees, with model=forest" in said


def test_a_group_that_must_be_chosen_may_be_swept_over(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                defaults: [{model: "???"}, _self_]
                operation: {function: work.show}
                width: ${model.width}
                hydra: {launcher: {n_jobs: 1}}
            """,
            "conf/model/a.yaml": "width: 1\n",
            "conf/model/b.yaml": "width: 2\n",
            "work.py": "def show(model, width):\n    return width\n",
        }
    )
    project.run("-m", "model=a,b")
    assert results(project) == [1, 2]


# ---- mappings, deletions, what is missing


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["opt={a:10}", "opt={b:20}"], {"a": 10, "b": 20, "deep": {"c": 0}}),
        (["opt={a:10}", "opt={a:11}"], {"a": 11, "b": 0, "deep": {"c": 0}}),
        (["opt={deep:{c:1}}", "opt={a:1}"], {"a": 1, "b": 0, "deep": {"c": 1}}),
        (["+opt={z:1}", "+opt={w:2}"], {"a": 0, "b": 0, "deep": {"c": 0}, "z": 1, "w": 2}),
    ],
)
def test_mappings_given_twice_are_merged_as_in_one_run(
    project: Project, texts: list[str], expected: dict[str, object]
) -> None:
    project.run(*texts)
    assert project.newest("run")["result"]["opt"] == expected

    project.run("-m", *texts, "y=1,2")
    assert [result["opt"] for result in results(project)] == [expected] * 2

    project.run(f"+restart={project.newest('batch')['id']}", "y=3", *texts)
    assert [result["opt"] for result in results(project)] == [expected]


def test_mappings_that_are_swept_over_are_merged_with_one_that_is_not(project: Project) -> None:
    project.run("-m", "opt={a:1}", "opt={b:1},{b:2}")
    found = [result["opt"] for result in results(project)]
    assert [(opt["a"], opt["b"]) for opt in found] == [(1, 1), (1, 2)]


def test_a_deletion_is_written_to_a_job_as_hydra_writes_it(project: Project) -> None:
    project.run("-m", "~spare", "y=1,2")

    assert ["spare" in result for result in results(project)] == [False, False]
    for path in project.store.glob("*/.hydra/overrides.yaml"):
        text = path.read_text()
        assert ("~spare=null" if LINE == "1.3" else "~spare\n") in text


def test_a_missing_value_behind_an_interpolation_is_missed_where_it_is_needed(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {script: main.py}
                lr: ???
                rate: ${lr}
                hydra: {launcher: {n_jobs: 1}}
            """,
            "main.py": "lr = 0\nrate = 0\nprint('rate', rate)\n",
            "conf/lazy.yaml": """
                operation: {function: work.show}
                lr: ???
                rate: ${lr}
                hydra: {launcher: {n_jobs: 1}}
            """,
            "work.py": "def show(cfg):\n    return 1\n",
        }
    )
    assert "rate 2" in project.run("-m", "lr=1,2").out
    assert "rate 3" in project.run("lr=3").out
    for words in ((), ("-m",)):
        (said,) = project.run(*words, status=2).said
        assert said == "runner: lr has no value (???): give lr=…"
    project.run("--config-name=lazy")
    project.run("--config-name=lazy", "-m", "rate=1,2")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("x=1,2", "x=3,4"), [3, 4]),  # the last one counts, as in one run
        (("x=",), [""]),
        (("x=[1,2],[3]",), [[1, 2], [3]]),
        (("x={a:1},{b:2}",), [{"a": 1}, {"b": 2}]),
        (("items.0=5,6", "x=${items}"), [[5], [6]]),
        (("+opt.deep.d=1,2", "x=${opt.deep.d}"), [1, 2]),
        (("x=1 , 2",), [1, 2]),
        (("x=a b,c",), ["a b", "c"]),
        (("x=null,true,1e3,.5,-.inf,0x10",), [None, True, 1000.0, 0.5, "-.inf", "0x10"]),
        (("x=20240101,007,1_000",), [20240101, "007", 1000]),
    ],
)
def test_a_sweep_gives_each_value_as_one_run_would(
    project: Project, words: tuple[str, ...], expected: list[object]
) -> None:
    project.run("-m", *words)
    assert [result["x"] for result in results(project)] == expected


@pytest.mark.parametrize("words", ["x=range(1,2,0)", "x=choice()", "x=1,", "x=glob(*)"])
def test_a_sweep_that_is_none_is_a_mistake_with_its_override(project: Project, words: str) -> None:
    (said,) = project.run("-m", words, status=2).said
    assert words.removeprefix("x=") in said
    assert project.runs() == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("db@src=a,b", "db@dst=glob(*)"), [(1, 1), (1, 2), (2, 1), (2, 2)]),
        (("+more=[m],[m,n]",), [(1, 2, 3), (1, 2, 3, 4)]),
    ],
)
def test_groups_of_packages_and_lists_of_configs_are_swept(
    make_project: MakeProject, words: tuple[str, ...], expected: list[tuple[int, ...]]
) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                defaults: [db@src: a, db@dst: b, _self_]
                operation: {function: work.show}
                hydra: {launcher: {n_jobs: 1}}
            """,
            "conf/db/a.yaml": "p: 1\n",
            "conf/db/b.yaml": "p: 2\n",
            "conf/more/m.yaml": "# @package _global_\nm: 3\n",
            "conf/more/n.yaml": "# @package _global_\nn: 4\n",
            "work.py": "def show(src, dst, **more):\n"
            "    return [src['p'], dst['p'], *more.values()]\n",
        }
    )
    project.run("-m", *words)
    assert [tuple(result) for result in results(project)] == expected  # type: ignore[arg-type]


# ---- names that are not there


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("model.optimizer.lrr=1", "did you mean model.optimizer.lr?"),
        ("model.optimiser.lr=1", "did you mean model.optimizer.lr?"),
        ("optimizer.lr=1", "did you mean model.optimizer.lr?"),
        ("model.optimizer.zzz=1", "model.optimizer has lr, momentum"),
        ("modell=1", "did you mean model?"),
        ("zzz=1", "there are model, x"),
        ("operation.zzz=1", "operation has function"),
    ],
)
def test_an_unknown_flag_is_answered_with_those_near_it(
    make_project: MakeProject, text: str, answer: str
) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {function: work.show}
                model: {optimizer: {lr: 0.1, momentum: 0}, depth: 1}
                x: 1
            """,
            "work.py": "def show(**flags):\n    return 1\n",
        }
    )
    for words in ((), ("-m", "x=1,2")):
        (said,) = project.run(*words, text, status=2).said
        assert f"unknown flag {text.split('=')[0]!r}; {answer}" in said
