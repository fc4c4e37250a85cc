"""The plan: what a sweep generates, in which order, and how a sample of it is drawn."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project, by_flag, lines, listing

GRID = ("-m", "x=range(0,20)", "y=range(0,20)", "+random_seed=7")


@pytest.fixture(scope="module")
def project(copy_optimizers: Callable[[], Project]) -> Project:
    """A project for previews only: no test here may leave a run in it."""
    return copy_optimizers()


@pytest.fixture(scope="module")
def nested(make_project: MakeProject) -> Project:
    """A project with a config group and nested flags, for previews only."""
    return make_project(
        {
            "conf/config.yaml": """
                defaults: [{model: small}, _self_]
                operation: {command: ["true", "${model.depth}"]}
                lr: 0.1
                optimizer: {name: adam, decay: 0.0}
            """,
            "conf/model/small.yaml": "depth: 3\nwidth: 8\n",
            "conf/model/large.yaml": "depth: 9\nwidth: 64\n",
            "conf/model/middle.yaml": "depth: 6\nwidth: 32\n",
        }
    )


def test_a_preview_creates_nothing(project: Project) -> None:
    assert project.table("-m", "x=1,2") == ["#  x", "1  1", "2  2"]
    assert not project.store.exists()
    assert project.runs() == []


def test_the_table_has_a_column_for_each_given_flag(project: Project) -> None:
    assert project.table("-m", "z=b", "y=2,10") == lines("""
        #  z  y
        1  b  2
        2  b  10
    """)


def test_the_table_goes_to_standard_output_and_nothing_to_standard_error(
    project: Project,
) -> None:
    result = project.run("-m", "x=1,2", "+print_trials=true")
    assert result.out == "#  x\n1  1\n2  2\n"
    assert result.err == ""


def test_the_last_flag_is_the_fastest(project: Project) -> None:
    assert project.table("-m", "y=1,2", "x=1,2") == lines("""
        #  y  x
        1  1  1
        2  1  2
        3  2  1
        4  2  2
    """)


def test_the_sweepers_own_params_come_first(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {command: ["true"]}
                x: 1
                y: 1
                z: 1
                hydra:
                  sweeper:
                    params:
                      z: 1,2
                      y: range(1,3)
            """
        }
    )
    assert project.table("-m", "x=7,8") == lines("""
        #  z  y  x
        1  1  1  7
        2  1  1  8
        3  1  2  7
        4  1  2  8
        5  2  1  7
        6  2  1  8
        7  2  2  7
        8  2  2  8
    """)


@pytest.mark.parametrize(
    ("sweep", "values"),
    [
        ("y=range(1,4)", ["1", "2", "3"]),
        ("y=range(3)", ["0", "1", "2"]),
        ("y=choice(4,2)", ["4", "2"]),
        ("y=sort(4,2,3)", ["2", "3", "4"]),
        ("z='b c',d", ["b c", "d"]),
    ],
)
def test_hydras_own_sweep_grammar_holds(project: Project, sweep: str, values: list[str]) -> None:
    table = project.table("-m", sweep)
    assert [row.split("  ", 1)[1] for row in table[1:]] == values


def test_config_groups_are_swept(nested: Project) -> None:
    assert nested.table("-m", "model=small,large", "lr=0.1,0.2") == lines("""
        #  model  lr
        1  small  0.1
        2  small  0.2
        3  large  0.1
        4  large  0.2
    """)


def test_config_groups_are_swept_by_glob(nested: Project) -> None:
    table = nested.table("-m", "model=glob(*)")
    assert table == ["#  model", "1  large", "2  middle", "3  small"]


def test_nested_flags_have_dotted_names(nested: Project) -> None:
    assert nested.table("-m", "optimizer.decay=0.0,0.5") == lines("""
        #  optimizer.decay
        1  0.0
        2  0.5
    """)


def test_a_combination_that_comes_twice_is_kept_once_and_a_line_says_so(
    project: Project,
) -> None:
    result = project.run("-m", "x=1,2,1.0,2", "+print_trials=true")
    assert result.lines == ["#  x", "1  1", "2  2"]
    (line,) = result.said
    assert "2" in line


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("1", "1.0", True),
        ("0.0", "-0.0", True),
        ("nan", "NaN", True),
        ("[1,2]", "[1.0,2.0]", True),
        ("{a:1,b:2}", "{b:2,a:1}", True),
        ("1", "true", False),
        ("0", "false", False),
        ("1", "'1'", False),
        ("null", "'null'", False),
        ("[1,2]", "[2,1]", False),
        ("inf", "-inf", False),
    ],
)
def test_which_values_are_the_same(nested: Project, first: str, second: str, same: bool) -> None:
    rows = nested.table("-m", f"lr={first},{second}")[1:]
    assert len(rows) == (1 if same else 2)


def test_a_larger_grid_is_sampled_and_keeps_the_grids_order(project: Project) -> None:
    rows = [tuple(map(int, row.split())) for row in project.table(*GRID, "+max_trials=9")[1:]]
    combinations = [(x, y) for _, x, y in rows]
    assert [number for number, _, _ in rows] == list(range(1, 10))
    assert combinations == sorted(combinations)
    assert len(set(combinations)) == 9


def test_the_sample_only_grows(project: Project) -> None:
    samples = [
        {tuple(row.split()[1:]) for row in project.table(*GRID, f"+max_trials={size}")[1:]}
        for size in (4, 8, 400)
    ]
    assert [len(sample) for sample in samples] == [4, 8, 400]
    assert samples[0] < samples[1] < samples[2]


def test_the_sample_is_the_same_in_every_process_and_on_every_machine(
    project: Project,
) -> None:
    sweep = ("-m", "x=range(0,1000)", "y=range(0,1000)", "+random_seed=2024", "+max_trials=4")
    expected = lines("""
        #  x    y
        1  20   509
        2  134  60
        3  137  88
        4  419  944
    """)
    for seed in ("0", "1"):
        assert project.table(*sweep, PYTHONHASHSEED=seed) == expected


def test_another_seed_draws_another_sample(project: Project) -> None:
    grid = ("-m", "x=range(0,1000)", "y=range(0,1000)", "+max_trials=4")
    first = project.table(*grid, "+random_seed=1")
    assert first != project.table(*grid, "+random_seed=2")


def test_a_grid_of_a_million_millions_is_sampled_at_once(project: Project) -> None:
    table = project.table("-m", "x=range(0,1000000)", "y=range(0,1000000)", "+max_trials=3")
    assert len(table) == 4


def test_max_trials_over_the_size_of_the_grid_changes_nothing(project: Project) -> None:
    plain = project.table("-m", "x=1,2", "y=1,2")
    assert project.table("-m", "x=1,2", "y=1,2", "+max_trials=4") == plain


def test_options_are_set_in_the_sweepers_node_as_well(project: Project) -> None:
    table = project.table("-m", "x=1,2,3", "hydra.sweeper.max_trials=2")
    assert len(table) == 3


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["++x=3"], "3 2 'a'"),
        (["~z"], "1.0 2 'a'"),
        (["x=1e3", "y=true", "z='1'"], "1000.0 True '1'"),
        (["z=${y}${x}"], "1.0 2 '21.0'"),
        (["--config-name=other"], "7 2 'a'"),
        (["--config-dir=more", "operation=third"], "1 2 3"),
        (["hydra.run.dir=elsewhere"], "1.0 2 'a'"),
    ],
)
def test_hydras_own_options_and_overrides_hold(
    echo: Project, words: list[str], printed: str
) -> None:
    third = "# @package _global_\noperation: {command: [echo, '1', '2', '3']}\n"
    other = "operation: {script: echo.py}\nx: 7\n"
    echo.write({"more/operation/third.yaml": third, "conf/other.yaml": other})
    assert echo.run(*words).lines == [printed]
    run = echo.newest("run")["id"]
    assert echo.run(f"+restart={run}").lines == [printed]


def test_the_preview_of_a_restart_is_the_plan_that_it_would_make(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    batch = echo.newest("batch")["id"]
    before = echo.tree()
    assert echo.table(f"+restart={batch}", "x=2,3", "y=7") == lines("""
        #  x  y  do
        1  2  7  create
        2  3  7  create
    """)
    assert echo.tree() == before
    assert echo.table(f"+restart={batch}") == ["#  x  do", "1  1  run", "2  2  run"]


def test_a_project_needs_no_more_than_a_config_and_a_script(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {script: add.py}\na: 1\nb: 2\n",
            "add.py": "a = 0\nb = 0\nprint(a + b)\n",
        }
    )
    printed = project.terminal("-m", "a=10,20", "hydra.launcher.n_jobs=1")
    assert [line for line in printed if line.isdigit()] == ["12", "22"]
    assert listing(project.runs())[:2] == ["add.py a=20 b=2", "add.py a=10 b=2"]
    assert set(by_flag(project.runs(), "a")) == {10, 20}


def test_the_preview_of_a_restart_says_what_becomes_of_each_trial(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    batch = echo.newest("batch")["id"]
    before = echo.tree()
    result = echo.run(f"+restart={batch}", "x=2,3", "+needed=true", "+print_trials=true")
    assert result.lines == ["#  x  do", "1  2  skip", "2  3  create"]
    about = f"Batch {batch[:8]}: 2 trials: 1 to skip, 1 new, 1 set aside"
    assert result.said == [about]
    assert echo.tree() == before
    assert echo.table(f"+restart={batch}") == ["#  x  do", "1  1  run", "2  2  run"]


def test_a_preview_of_draws_names_the_seed_that_draws_them_again(project: Project) -> None:
    words = ("-m", "x=interval(0,1)", "+max_trials=2", "+print_trials=true")
    preview = project.run(*words)
    (line,) = preview.said
    seed = line.partition(": ")[2].partition(" ")[0]
    assert line == f"Drawn with a new seed, as at each start: {seed} draws these again"
    again = project.run(*words, seed)
    assert (again.lines, again.said) == (preview.lines, [])
    assert project.run("-m", "x=1,2", "+print_trials=true").said == []


def test_a_preview_says_how_many_trials_are_taken_from_the_store(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    preview = echo.run("-m", "x=1,2,3", "+needed=true", "+print_trials=true")
    assert preview.said == ["2 of 3 trials are completed in the store, and are taken from there"]
