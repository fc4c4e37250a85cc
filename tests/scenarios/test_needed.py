"""`needed`: what is completed is not run again, wherever in the store it was run."""

from __future__ import annotations

import hashlib
import shlex

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project, by_flag, ids

#: Fails as long as the project has a file named `broken`.
FRAGILE = {
    "conf/config.yaml": """
        operation: {script: fragile.py}
        x: 0
        hydra: {launcher: {n_jobs: 1}}
    """,
    "fragile.py": """
        import os, pathlib, sys

        x = 0
        if x == 2 and pathlib.Path(os.environ["RUNNER_PROJECT_DIR"], "broken").exists():
            sys.exit(1)
        print("did", x)
    """,
}


def test_a_restart_skips_what_is_completed_and_says_how_many(
    make_project: MakeProject,
) -> None:
    project = make_project({**FRAGILE, "broken": ""})
    project.run("-m", "x=1,2,3", status=1)
    batch = project.newest("batch")
    before = by_flag(project.runs(), "x")
    (project.folder / "broken").unlink()
    result = project.run(f"+restart={batch['id']}", "+needed=true")
    assert result.lines == ["did 2"]
    (line,) = [line for line in result.said if "kipp" in line]
    assert "2" in line
    after = by_flag(project.runs(), "x")
    assert after[1] == before[1]
    assert after[3] == before[3]
    assert (after[2]["id"], after[2]["status"]) == (before[2]["id"], "completed")
    assert project.newest("batch")["trials"] == batch["trials"]
    assert project.newest("batch")["status"] == "completed"


def test_a_restart_with_nothing_to_do_is_all_well(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    batch = echo.newest("batch")["id"]
    result = echo.run(f"+restart={batch}", "+needed=true")
    assert result.lines == []
    assert any("2" in line and "kipp" in line for line in result.said)


def test_a_new_batch_takes_completed_runs_from_anywhere_in_the_store(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    echo.run("x=3.0")
    old = by_flag(echo.runs(), "x")
    first = echo.newest("batch")["id"]
    result = echo.run("-m", "x=2,3,4", "+needed=true")
    assert result.lines == ["4 2 'a'"]
    second = echo.newest("batch")
    runs = by_flag(echo.runs(), "x")
    assert second["id"] != first
    assert second["trials"] == [old[2]["id"], old[3]["id"], runs[4]["id"]]
    assert sorted(runs[2]["batches"]) == sorted([first, second["id"]])
    assert runs[3]["batches"] == [second["id"]]
    assert (runs[3]["kind"], runs[3]["generated_by"]) == ("run", None)
    assert (runs[2]["kind"], runs[2]["generated_by"]) == ("trial", first)
    assert len(echo.runs()) == 6


def test_an_adopted_run_is_restarted_in_place_with_its_batch(echo: Project) -> None:
    echo.run("x=3")
    echo.run("-m", "x=3,4", "+needed=true")
    before = set(ids(echo.runs()))
    batch = echo.newest("batch")["id"]
    assert echo.run(f"+restart={batch}").lines == ["3 2 'a'", "4 2 'a'"]
    assert set(ids(echo.runs())) == before


def test_a_restart_says_which_other_batches_have_the_trials_that_run_again(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    first = echo.newest("batch")["id"]
    echo.run("-m", "x=2,3", "+needed=true")
    second = echo.newest("batch")["id"]
    line = (
        f"1 completed trial that runs again is in the plan of batch {first[:8]}, too, which has "
        "the new results then; a batch without +restart makes trials of its own"
    )
    assert line in echo.run(f"+restart={second}", "+print_trials=true").said
    assert line in echo.run(f"+restart={second}").said
    assert line.replace(first[:8], second[:8]) in echo.run(f"+restart={first}").said
    assert not any(
        "runs again" in said for said in echo.run(f"+restart={first}", "+needed=true").said
    )
    assert not any("in the plan of" in said for said in echo.run(f"+restart={first}", "x=1").said)


def test_a_single_run_that_was_completed_is_not_run_again(echo: Project) -> None:
    assert echo.run("x=3", "+needed=true").lines == ["3 2 'a'"]
    assert echo.run("x=3.0", "+needed=true").lines == []
    assert len(echo.runs()) == 1
    assert echo.run("x=4", "+needed=true").lines == ["4 2 'a'"]


def test_failed_and_pending_runs_do_not_count(make_project: MakeProject) -> None:
    project = make_project({**FRAGILE, "broken": ""})
    project.run("x=2", status=1)
    project.run("-m", "x=1,3", "+init_trials=true")
    (project.folder / "broken").unlink()
    result = project.run("-m", "x=1,2", "+needed=true")
    assert result.lines == ["did 1", "did 2"]
    assert len(project.newest("batch")["trials"]) == 2
    assert len(project.runs()) == 7


def test_another_operation_with_the_same_flags_does_not_count(echo: Project) -> None:
    echo.write({"other.py": "x = 0\ny = 0\nz = ''\nprint('other')\n"})
    echo.run("x=3")
    assert echo.run("x=3", "operation.script=other.py", "+needed=true").lines == ["other"]


def test_a_run_under_another_label_counts(echo: Project) -> None:
    echo.run("-m", "x=1", "+label=first", "+random_seed=1")
    result = echo.run("-m", "x=1", "+label=second", "+random_seed=2", "+needed=true")
    assert result.lines == []


# ---- strict: the code counts, too

SCRIPTS = {
    "conf/config.yaml": "defaults: [operation: one, _self_]",
    "conf/operation/one.yaml": """
        # @package _global_
        operation: {name: one, script: one.py, requires: [data], code: [lib]}
        x: 1
    """,
    "one.py": "x = 1\nprint('ran', x)\n",
    "data/rows.txt": "a\n",
    "lib/helps.py": "y = 1\n",
    "lib/other.txt": "z\n",
    "unrelated.py": "",
}


@pytest.mark.parametrize(
    ("file", "told"),
    [("one.py", "one.py"), ("data/rows.txt", "data"), ("lib/helps.py", "lib"), ("lib/new", "lib")],
)
def test_strict_counts_what_a_run_was_made_by(
    make_project: MakeProject, file: str, told: str
) -> None:
    project = make_project(SCRIPTS)
    project.run()
    assert project.run("+needed=strict").lines == []
    project.write({file: "# other\nx = 1\nprint('again', x)\n"})
    assert project.run("+needed=true").lines == []
    result = project.run("+needed=strict")
    assert result.lines != []
    assert f"1 completed run does not count as completed: {told} has changed" in result.err


def test_strict_passes_over_what_the_operation_does_not_name(make_project: MakeProject) -> None:
    project = make_project(SCRIPTS)
    project.run()
    project.write({"unrelated.py": "1\n", "lib/__pycache__/helps.pyc": "1"})
    assert project.run("+needed=strict").lines == []


def test_a_batch_takes_what_is_unchanged_and_runs_what_has_changed(
    make_project: MakeProject,
) -> None:
    project = make_project(SCRIPTS)
    project.run("-m", "x=1,2")
    batch = project.newest("batch")["id"]
    assert project.run(f"+restart={batch}", "+needed=strict").lines == []
    project.write({"lib/helps.py": "y = 2\n"})
    result = project.run(f"+restart={batch}", "+needed=strict")
    assert sorted(result.lines) == ["ran 1", "ran 2"]
    assert "2 completed runs do not count as completed: lib has changed" in result.err
    assert project.run(f"+restart={batch}", "+needed=strict").lines == []
    project.run("-m", "x=1,2,3", "+needed=strict")
    assert len(project.newest("batch")["trials"]) == 3
    assert len([run for run in project.runs() if run["kind"] == "trial"]) == 3


def test_code_that_is_not_there_is_a_mistake(make_project: MakeProject) -> None:
    files = {**SCRIPTS, "conf/operation/one.yaml": SCRIPTS["conf/operation/one.yaml"]}
    files["conf/operation/one.yaml"] = files["conf/operation/one.yaml"].replace("[lib]", "[libs]")
    said = make_project(files).run(status=2).err
    assert "operation.code: 'libs' does not exist in" in said


# ---- code that has changed since, also where it does not count


IMPORTS = {
    "conf/config.yaml": """
        operation: {script: main.py}
        x: 1
        hydra: {launcher: {n_jobs: 1}}
    """,
    "conf/function.yaml": "operation: {function: parts.train}\nx: 1",
    "conf/preload.yaml": "operation: {script: main.py, preload: [json]}\nx: 1",
    "main.py": "import package.helper\nx = 1\nprint(package.helper.twice(x))\n",
    "parts.py": "from package import helper\ndef train(x):\n    return helper.twice(x)\n",
    "package/__init__.py": "",
    "package/helper.py": "def twice(x):\n    return 2 * x\n",
    "package/unused.py": "",
}
HELPER = IMPORTS["package/helper.py"]


@pytest.mark.parametrize("config", ["config", "function", "preload"])
def test_needed_says_what_of_the_code_has_changed_since(
    make_project: MakeProject, config: str
) -> None:
    project = make_project(IMPORTS)
    words = (f"--config-name={config}", "+needed=true")
    project.run(f"--config-name={config}", "-m", "x=1,2")
    project.run(*words, "-m", "x=1,2", "+label=unchanged")
    assert not [line for line in project.run(*words, "-m", "x=1,2").said if "other code" in line]
    project.write({"package/unused.py": "1\n", "package/helper.py": "# mended\n" + HELPER})
    project.run("-m", "x=5", f"--config-name={config}")
    (line,) = [line for line in project.run("-m", "x=1,2,5", *words).said if "other code" in line]
    assert line == (
        "2 of 3 runs taken were made by other code (package/helper.py changed since); to run "
        "such again: +needed=strict, with package/helper.py among operation.code"
    )


def test_needed_names_strict_where_the_script_has_changed_since(make_project: MakeProject) -> None:
    project = make_project(IMPORTS)
    project.run()
    project.write({"main.py": "x = 1\nprint('other')\n"})
    result = project.run("+needed=true")
    assert result.lines == []
    assert result.said[-1] == (
        "The run that is taken was made by other code (main.py changed since); to run such "
        "again: +needed=strict"
    )
    assert project.run("+needed=strict").lines == ["other"]


def test_a_restart_says_which_of_the_trials_that_it_skips_were_made_by_other_code(
    make_project: MakeProject,
) -> None:
    project = make_project({**IMPORTS, "main.py": "x = 1\nassert x < 3, 'old'\n"})
    project.run("-m", "x=1,2,3", status=1)
    project.write({"main.py": "x = 1\nassert x < 4, 'new'\n"})
    batch = project.newest("batch")["id"]

    def told(*words: str) -> list[str]:
        said = project.run(f"+restart={batch}", *words).said
        return [line for line in said if "other code" in line]

    line = "were made by other code (main.py changed since); to run such again: +needed=strict"
    assert told("+needed=true") == [f"2 of 2 trials skipped {line}"]
    assert told("+needed=true") == [f"2 of 3 trials skipped {line}"]  # as long as it is so
    single = next(run["id"] for run in project.runs("--where", "x == 1", "--kind", "trial"))
    (skipped,) = [
        line
        for line in project.run(f"+restart={single}", "+needed=true").said
        if "other code" in line
    ]
    assert skipped.startswith("The trial that is skipped was made by other code (main.py changed")
    assert told("+needed=strict") == []
    assert told("+needed=true") == []
    project.write({"main.py": "x = 1\n"})
    assert told("+needed=false") == []  # all run again


def test_strict_compares_an_imported_module_that_is_named_later_with_what_ran(
    make_project: MakeProject,
) -> None:
    project = make_project(IMPORTS)
    project.run()
    named = "operation: {script: main.py, code: [package/helper.py]}\nx: 1"
    project.write({"conf/config.yaml": named})
    assert project.run("+needed=strict").lines == []
    project.write({"package/helper.py": "# mended\n" + HELPER})
    assert project.run("+needed=strict").lines == ["2"]


def test_a_module_that_was_changed_while_it_was_in_use_counts_as_changed(
    make_project: MakeProject,
) -> None:
    edit = "import pathlib, package.helper\nx = 1\npath = pathlib.Path(package.helper.__file__)\n"
    edit += "path.write_text(path.read_text() + '# later')\n"
    project = make_project({**IMPORTS, "main.py": edit})
    project.run()
    assert any(
        "package/helper.py changed since" in line for line in project.run("+needed=true").said
    )


def test_what_is_imported_is_shown_and_installed_modules_are_not(make_project: MakeProject) -> None:
    project = make_project(IMPORTS)
    project.run()
    run = project.newest("run")["id"]
    code = project.show(run)["code"]
    assert list(code["imports"]) == ["package/__init__.py", "package/helper.py"]
    assert list(code["sources"]) == ["main.py"]
    assert code["changes"] == []
    project.write({"package/helper.py": "# mended\n" + HELPER})
    assert project.show(run)["code"]["changes"] == ["package/helper.py differs"]
    assert not list(project.store.glob(f"{run}/.runner/imports*"))


def test_what_python_imports_of_the_project_at_its_start_is_shown(
    make_project: MakeProject,
) -> None:
    project = make_project({**IMPORTS, "main.py": "x = 1\n", "sitecustomize.py": ""})
    project.run("x=1", PYTHONPATH=str(project.folder))
    run = project.newest("run")["id"]
    assert list(project.show(run)["code"]["imports"]) == ["sitecustomize.py"]


def test_a_restart_says_which_imported_module_has_changed(make_project: MakeProject) -> None:
    project = make_project(IMPORTS)
    project.run("-m", "x=1,2")
    project.run("x=9")
    ids = [project.newest(kind)["id"] for kind in ("batch", "run")]
    project.write({"package/helper.py": "# mended\n" + HELPER})
    for run_id in ids:
        said = project.run(f"+restart={run_id}").said
        line = (
            f"The code has changed since {run_id[:8]} was last started: package/helper.py differs"
        )
        assert line in said
        assert line not in project.run(f"+restart={run_id}").said


def test_results_of_an_older_script_are_told_when_they_are_replaced(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {"conf/config.yaml": "operation: {script: a.py}\nx: 0\n", "a.py": "x = 0\n"}
    )
    project.run("-m", "x=1,2")
    batch = project.newest("batch")["id"][:8]
    project.write({"a.py": "x = 0  # mended\n"})
    skipping = project.run("+restart=last:batch", "+needed=true").said
    assert f"The code has changed since {batch} was last started: a.py differs" in skipping
    told = f"The code has changed since trials of {batch} were last started: a.py differs"
    assert told not in skipping
    assert told in project.run("+restart=last:batch").said
    assert "The code has changed" not in project.run("+restart=last:batch").err


def test_a_trial_records_the_code_that_it_ran_though_the_batch_began_with_another(
    make_project: MakeProject,
) -> None:
    script = """
        x = 0
        print("loss:", x)
        if x == 1:
            with open(__file__, "a") as file:
                file.write("print('edited')\\n")
    """
    config = "operation: {script: fit.py, code: [lib]}\nx: 0\nhydra: {launcher: {n_jobs: 1}}\n"
    project = make_project({"conf/config.yaml": config, "fit.py": script, "lib/a.py": ""})
    before = hashlib.sha256((project.folder / "fit.py").read_bytes()).hexdigest()
    said = project.run("-m", "x=1,2,3").said
    after = hashlib.sha256((project.folder / "fit.py").read_bytes()).hexdigest()
    told = "fit.py has changed meanwhile: what starts from here on runs the present code"
    assert said.count(told) == 1
    assert said.index(told) > next(n for n, one in enumerate(said) if "(x=1)" in one)
    trials = by_flag(project.runs("--kind", "trial"), "x")
    ran = {x: project.show(trial["id"])["code"]["sources"]["fit.py"] for x, trial in trials.items()}
    assert ran == {1: before, 2: after, 3: after}
    first = project.run("+restart=last:batch", "+needed=strict", "+print_trials=true").lines
    assert [line.split()[-1] for line in first[1:]] == ["run", "skip", "skip"]


def test_a_folder_counts_as_it_was_when_the_batch_began(make_project: MakeProject) -> None:
    script = """
        import os, pathlib
        x = 0
        if x == 1:
            pathlib.Path(os.environ["RUNNER_PROJECT_DIR"], "lib", "a.py").write_text("new = True")
    """
    config = "operation: {script: fit.py, code: [lib]}\nx: 0\nhydra: {launcher: {n_jobs: 1}}\n"
    project = make_project({"conf/config.yaml": config, "fit.py": script, "lib/a.py": ""})
    assert not any("changed" in line for line in project.run("-m", "x=1,2").said)
    preview = project.run("+restart=last:batch", "+needed=strict", "+print_trials=true")
    assert [line.split()[-1] for line in preview.lines[1:]] == ["run", "run"]


def test_a_strict_restart_that_skips_all_does_not_say_that_the_code_has_changed(
    make_project: MakeProject,
) -> None:
    project = make_project(FRAGILE)
    first = (project.folder / "fragile.py").read_text()
    project.run("-m", "x=1,3")
    project.write({"fragile.py": first.replace("did", "has done")})
    said = project.run("+restart=last:batch", "+needed=true").said
    assert any("fragile.py differs" in line for line in said)
    project.write({"fragile.py": first})
    said = project.run("+restart=last:batch", "+needed=strict").said
    assert any("2 to skip" in line for line in said)
    assert not any("code" in line for line in said)


def test_what_is_cut_short_while_it_runs_completed_trials_again_by_new_code_goes_on_strictly(
    make_project: MakeProject,
) -> None:
    script = """
        import os, pathlib, sys
        x = 0
        if pathlib.Path(os.environ["RUNNER_PROJECT_DIR"], "broken").exists() and x == 1:
            sys.exit(1)
    """
    config = "operation: {script: fit.py}\nx: 0\nhydra: {launcher: {n_jobs: 1}}\n"
    project = make_project({"conf/config.yaml": config, "fit.py": script})
    project.run("-m", "x=1,2,3")
    (project.folder / "broken").touch()
    assert project.run("+restart=last:batch", status=1).said[-1].endswith("+needed=true")
    with (project.folder / "fit.py").open("a") as file:
        file.write("print('new')\n")
    made = "2 of 2 trials skipped were made by other code (fit.py changed since)"
    preview = project.run("+restart=last:batch", "+needed=true", "+print_trials=true")
    assert sum(line.startswith(made) for line in preview.said) == 1
    said = project.run("+restart=last:batch", "+fail_fast=true", status=1).said
    assert said[-1].endswith("+needed=strict")
    (project.folder / "broken").unlink()
    batch = project.newest("batch")["id"]
    again = project.run(*shlex.split(said[-1].partition("runner ")[2]), "+fail_fast=false")
    assert again.said[0] == f"Batch {batch[:8]}: 3 trials: 3 to run"
    assert again.said[-1] == f"Batch {batch[:8]}: 3 trials, 3 completed"
