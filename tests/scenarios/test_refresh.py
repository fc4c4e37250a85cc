"""What a restart composes from: the copy of the YAML that was kept, or the present one."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project, by_flag, ids


def change(project: Project, old: str, new: str) -> None:
    """Edit the YAML of the echo operation."""
    path = project.folder / "conf" / "operation" / "echo.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_later_edit_of_the_yaml_does_not_change_a_batch_under_way(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    before = set(ids(echo.runs()))
    batch = echo.newest("batch")["id"]
    change(echo, "z: a", "z: other")
    result = echo.run(f"+restart={batch}")
    assert result.lines == ["1 2 'a'", "2 2 'a'"]
    assert set(ids(echo.runs())) == before
    (line,) = [line for line in result.said if "+refresh=true" in line]
    assert "z" in line


def test_a_new_flag_named_operation_is_no_step_outside_a_pipeline(
    make_project: MakeProject,
) -> None:
    config = "operation: {command: [echo, one]}\n"
    project = make_project({"conf/config.yaml": config})
    project.run()
    project.write({"conf/config.yaml": f"{config}tool: {{operation: cut}}\n"})
    assert "tool.operation (new: cut)" in project.run("+restart=last").err


def test_a_preview_of_a_restart_tells_the_edit_that_it_does_not_take(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    batch = echo.newest("batch")["id"]
    change(echo, "z: a", "z: other")
    told = f"The project's YAML has changed since {batch[:8]} was made: z (a, now other)"
    assert any(line.startswith(told) for line in echo.run(f"+restart={batch}").said)
    preview = (f"+restart={batch}", "+print_trials=true")
    assert any(line.startswith(told) for line in echo.run(*preview).said)
    refreshed = echo.run(*preview, "+refresh=true").said
    assert not any(line.startswith("The project's YAML") for line in refreshed)
    unfit = "No trial of the batch fits the present YAML, so all are new: z (a, now other)"
    assert any(line.startswith(unfit) for line in refreshed)


def test_a_flag_that_the_kept_yaml_lacks_is_told_with_the_word_that_takes_the_present_one(
    echo: Project,
) -> None:
    echo.run("-m", "x=1,2")
    batch, trial = echo.newest("batch")["id"], echo.newest("trial")["id"]
    path = echo.folder / "conf" / "operation" / "echo.yaml"
    path.write_text(f"{path.read_text()}wd: 0.1\nopt: {{lr: 1}}\n")
    for run, name in ((batch, "wd"), (batch, "opt.lr"), (trial, "wd")):
        (line,) = echo.run(f"+restart={run}", f"{name}=0.2", status=2).said
        assert line == (
            f"runner: {name}: the copy of the YAML that {run[:8]} was made with has no such flag; "
            "the project's present YAML has it, and +refresh=true takes that"
        )
    (line,) = echo.run(f"+restart={batch}", "wdd=0.0,0.1", status=2).said
    assert "unknown flag 'wdd'" in line
    (line,) = echo.run(f"+restart={batch}", "wd=0.0,0.1", status=2).said
    assert "+refresh=true takes that" in line
    (line,) = echo.run(f"+restart={batch}", "wdd=0.0", "+refresh=true", status=2).said
    assert "unknown flag 'wdd'; did you mean wd?" in line


def test_refresh_takes_the_present_yaml_from_then_on(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    batch = echo.newest("batch")["id"]
    change(echo, "z: a", "z: other")
    for words in (["+refresh=true"], []):
        result = echo.run(f"+restart={batch}", *words)
        assert result.lines == ["1 2 'other'", "2 2 'other'"]
        assert not any("+refresh=true" in line for line in result.said)
    assert len(echo.runs()) == 5


def test_given_flags_are_stronger_than_the_present_yaml(echo: Project) -> None:
    echo.run("-m", "x=1,2", "z=mine")
    batch = echo.newest("batch")["id"]
    change(echo, "y: 2", "y: 7")
    result = echo.run(f"+restart={batch}", "+refresh=true")
    assert result.lines == ["1 7 'mine'", "2 7 'mine'"]


def test_an_edited_command_is_told_as_it_stands_in_the_yaml(make_project: MakeProject) -> None:
    config = 'operation: {{command: [echo, {word}"${{x}}"]}}\nx: 0\n'
    project = make_project({"conf/config.yaml": config.format(word="")})
    project.run("-m", "x=1,2")
    project.write({"conf/config.yaml": config.format(word="now, ")})
    (line,) = [line for line in project.run("+restart=last:batch").said if "YAML has" in line]
    assert "operation.command ([echo, ${x}], now [echo, now, ${x}])" in line


def test_yaml_that_leaves_another_kind_of_operation_empty_is_compared(
    make_project: MakeProject,
) -> None:
    config = "operation: {{command: null, script: a.py}}\nx: 0\ny: {y}\n"
    project = make_project({"conf/config.yaml": config.format(y=1), "a.py": "x = y = 0\n"})
    project.run("-m", "x=1,2")
    project.write({"conf/config.yaml": config.format(y=2)})
    (line,) = [line for line in project.run("+restart=last:batch").said if "YAML has" in line]
    assert "y (1, now 2); to take the new values" in line


def test_edited_requirements_are_told_as_they_stand_in_the_yaml(make_project: MakeProject) -> None:
    config = "operation: {{command: [ls], requires: {files}}}\nx: 0\n"
    project = make_project({"conf/config.yaml": config.format(files="[a1]"), "a1": "", "a2": ""})
    project.run("-m", "x=1,2")
    project.write({"conf/config.yaml": config.format(files='"a${x}"')})
    for words in (["last:batch"], ["last"]):
        (line,) = [one for one in project.run(f"+restart={words[0]}").said if "YAML has" in one]
        assert "operation.requires ([a1], now [a${x}])" in line


def test_an_edited_sweep_that_an_override_has_replaced_is_silent(
    make_project: MakeProject,
) -> None:
    config = """
        operation: {{command: [echo, "${{x}}"]}}
        x: 0
        y: 0
        hydra: {{sweeper: {{params: {{x: "{x}", y: "{y}"}}}}}}
    """
    project = make_project({"conf/config.yaml": config.format(x="1,2", y="1")})
    project.run("-m")
    project.run("+restart=last:batch", "+needed=true", "x=1,2,3")
    project.write({"conf/config.yaml": config.format(x="1,2,4", y="1")})
    assert not any("YAML has changed" in line for line in project.run("+restart=last:batch").said)
    project.write({"conf/config.yaml": config.format(x="1,2,4", y="1,2")})
    (line,) = [line for line in project.run("+restart=last:batch").said if "YAML has" in line]
    assert 'hydra.sweeper.params.y ("1", now 1,2)' in line and "params.x" not in line


def test_an_edit_that_changes_no_flag_is_silent(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    batch = echo.newest("batch")["id"]
    change(echo, "z: a", "z: a # a comment")
    assert not any("refresh" in line for line in echo.run(f"+restart={batch}").said)


def test_a_restart_works_where_the_yaml_is_gone_or_broken(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    batch = echo.newest("batch")["id"]
    (echo.folder / "conf" / "operation" / "echo.yaml").write_text("x: [")
    assert echo.run(f"+restart={batch}").lines == ["1 2 'a'", "2 2 'a'"]


def test_single_runs_and_trials_have_their_copy_too(echo: Project) -> None:
    echo.run("x=1")
    run = echo.newest("run")["id"]
    echo.run("-m", "x=2,3")
    trial = by_flag(echo.runs(), "x")[2]["id"]
    change(echo, "z: a", "z: other")
    for id_, kept, fresh in (
        (run, "1 2 'a'", "1 2 'other'"),
        (trial, "2 2 'a'", "2 2 'other'"),
    ):
        restarted = echo.run(f"+restart={id_}")
        assert restarted.lines == [kept]
        assert any("z" in line and "+refresh=true" in line for line in restarted.said)
        assert echo.run(f"+restart={id_}", "+refresh=true").lines == [fresh]


def test_the_copy_is_kept_once_for_all_that_share_it(echo: Project) -> None:
    echo.run("-m", "x=range(0,5)", "+init_trials=true")
    echo.run("-m", "x=range(0,5)", "+init_trials=true")
    kept = [path for path in echo.store.rglob("quadratic.yaml") if path.is_file()]
    assert len(kept) == 1


def test_a_restart_under_changed_code_says_so(echo: Project) -> None:
    echo.run("-m", "x=1,2")
    batch = echo.newest("batch")["id"]
    assert not any("echo.py" in line for line in said(echo, batch))
    script = echo.folder / "echo.py"
    script.write_text(script.read_text() + "# changed\n")
    assert any("echo.py" in line and "changed" in line for line in said(echo, batch))


def test_a_restart_under_another_commit_says_so(echo: Project) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=echo.folder, check=True, capture_output=True)

    git("init")
    echo.write({"helper.py": "first = True\n"})
    (echo.folder / ".gitignore").write_text("runs/\n")
    git("add", ".")
    git("commit", "-m", "first")
    echo.run("-m", "x=1,2")
    batch = echo.newest("batch")["id"]
    assert not any("commit" in line for line in said(echo, batch))
    echo.write({"helper.py": "first = False\n"})
    git("commit", "--all", "-m", "second")
    assert any("commit" in line for line in said(echo, batch))


def said(project: Project, run_id: str) -> list[str]:
    """What the runner says on a restart, without the lines about trials."""
    lines = project.run(f"+restart={run_id}").said
    return [line for line in lines if " trial " not in line]


def test_a_change_of_the_operation_is_told(echo: Project) -> None:
    echo.write({"data.txt": "x", "other.py": "x = y = z = 0"})
    echo.run("-m", "x=1,2")
    batch = echo.newest("batch")["id"]
    change(echo, "  script: echo.py", "  script: other.py\n  requires: [data.txt]")
    (line,) = [line for line in echo.run(f"+restart={batch}").said if "+refresh=true" in line]
    assert "operation.script (echo.py, now other.py)" in line
    assert "operation.requires ([], now [data.txt])" in line


def test_a_change_of_which_lines_report_scalars_and_of_what_results_depend_on_is_told(
    echo: Project,
) -> None:
    echo.write({"more.py": ""})
    echo.run("-m", "x=1,2")
    batch = echo.newest("batch")["id"]
    added = "\n  scalars: '(?P<name>y)=(?P<value>[0-9]+)'\n  code: [more.py]"
    change(echo, "  script: echo.py", f"  script: echo.py{added}")
    for restarted in (batch, echo.newest("trial")["id"]):
        said = echo.run(f"+restart={restarted}").said
        (line,) = [line for line in said if "+refresh=true" in line]
        assert "operation.scalars (true, now (?P<name>y)=(?P<value>[0-9]+))" in line
        assert "operation.code ([], now [more.py])" in line


def test_a_change_of_what_is_swept_and_of_options_in_yaml_is_told(echo: Project) -> None:
    config = echo.folder / "conf" / "config.yaml"
    text = config.read_text()
    config.write_text(text + "  sweeper: {params: {x: '1,2'}, retries: 1}\n")
    echo.run("-m")
    batch = echo.newest("batch")["id"]
    config.write_text(text + "  sweeper: {params: {x: '1,2,3'}, retries: 2}\n")
    (line,) = [line for line in echo.run(f"+restart={batch}").said if "+refresh=true" in line]
    assert "hydra.sweeper.params.x (1,2, now 1,2,3)" in line
    assert "hydra.sweeper.retries (1, now 2)" in line
    assert not [
        line for line in echo.run(f"+restart={batch}", "+retries=3").said if "retries" in line
    ]


def test_a_flag_that_the_script_has_no_more_names_refresh_where_the_yaml_is_mended(
    echo: Project,
) -> None:
    echo.run("-m", "x=1,2")
    batch = echo.newest("batch")["id"]
    (echo.folder / "echo.py").write_text("x = 1\ny = 2\nprint(x, y)\n")
    told = echo.run(f"+restart={batch}", status=2).err
    assert "'z'" in told and "+refresh=true" not in told
    change(echo, "z: a\n", "")
    told = echo.run(f"+restart={batch}", status=2).err
    assert "+refresh=true takes the new values" in told and len(told.splitlines()) == 1
    assert echo.run(f"+restart={batch}", "+refresh=true").lines == ["1 2", "2 2"]


READS = {
    "conf/config.yaml": "operation: {script: reads.py}\nx: 1\nhydra: {launcher: {n_jobs: 1}}\n",
    "data.txt": "there",
    "reads.py": "x = 0\nprint(open('data.txt').read())\n",
}


def test_a_trial_that_fails_under_an_old_requires_says_that_it_has_been_mended(
    make_project: MakeProject,
) -> None:
    project = make_project(READS)
    project.run("-m", "x=1,2", status=1)
    project.run("x=3", status=1)
    batch, run = project.newest("batch")["id"], project.newest("run")["id"]
    mended = READS["conf/config.yaml"].replace("reads.py", "reads.py, requires: [data.txt]")
    project.write({"conf/config.yaml": mended})
    note = (
        ": operation.requires is [data.txt] in the project's present YAML; to take that: "
        "+refresh=true"
    )
    said = project.run(f"+restart={batch}", status=1).said
    (hint,) = (line for line in said if line.startswith("data.txt is in the project, and the"))
    assert hint.endswith(note)
    assert project.run(f"+restart={run}", status=1).said[-1].endswith(note)
    assert not [
        one for one in project.run(f"+restart={batch}", "+refresh=true").said if note in one
    ]
    assert project.run(f"+restart={run}", "+refresh=true").out == "there\n"


@pytest.mark.parametrize("refresh", [[], ["+refresh=true"]])
def test_a_sweep_in_the_yaml_that_an_earlier_start_replaced_is_told_where_it_changes(
    make_project: MakeProject, refresh: list[str]
) -> None:
    config = "operation: {script: x.py}\nx: 1\nhydra: {sweeper: {params: {x: '1,2'}}}\n"
    project = make_project({"conf/config.yaml": config, "x.py": "x = 0\nprint(x)\n"})
    project.run("-m")
    project.run("-m", "+restart=last:batch", "x=1,2,3", "+needed=true")
    project.write({"conf/config.yaml": config.replace("1,2", "1,2,3,4")})
    batch = project.newest("batch")["id"][:8]
    restart = ("-m", f"+restart={batch}", "+needed=true")
    told = (
        f"hydra.sweeper.params[x] in the YAML is 1,2,3,4 now, and has no effect: {batch} was given "
        "x=1,2,3; to sweep over the YAML's: x=1,2,3,4"
    )
    assert told in project.run(*restart, *refresh).said
    assert project.run(*restart, *refresh, "x=1,2,3,4").lines == ["4"]


LACKS = {
    "conf/config.yaml": """
        operation: {command: [cat, "${x}"]}
        x: a.txt
        y: 1
        hydra: {launcher: {n_jobs: 1}}
    """,
    "a.txt": "a\n",
    "b.txt": "b\n",
}


def require(project: Project, *names: str) -> None:
    """Write in the YAML that these are required."""
    config = LACKS["conf/config.yaml"]
    requires = f"requires: [{', '.join(names)}]"
    project.write({"conf/config.yaml": config.replace('"${x}"]', f'"${{x}}"], {requires}')})


def going_on(said: list[str]) -> list[str]:
    """The words that a batch's last line goes on with."""
    return shlex.split(said[-1].partition("to go on: runner ")[2])


def test_each_file_that_trials_lack_is_in_the_list_that_is_to_be_written(
    make_project: MakeProject,
) -> None:
    project = make_project(LACKS)
    said = project.run("-m", "x=a.txt,b.txt,a.txt.,./a.txt", status=1).said
    lists = [line.partition("name it in operation.")[2] for line in said if "name it in" in line]
    assert [line.partition(" (")[0] for line in lists] == [
        "requires: [a.txt]",
        "requires: [a.txt, b.txt]",
        "requires; a restart takes that by +refresh=true",  # a.txt. is nowhere: no list is told
        "requires: [a.txt, b.txt]",
    ]


def test_a_hint_that_says_nothing_new_after_another_trials_is_left_out(
    make_project: MakeProject,
) -> None:
    project = make_project(LACKS)
    said = project.run("-m", "x=a.txt,./a.txt,other.txt,b.txt,another.txt,./b.txt", status=1).said
    hints = [line for line in said if "the trial works in" in line]
    assert [line.partition(":")[0].partition(" ")[0] for line in hints] == ["a.txt", "a", "b.txt"]


def test_what_goes_on_after_a_file_was_lacking_takes_the_yaml_that_then_names_it(
    make_project: MakeProject,
) -> None:
    project = make_project(LACKS)
    said = project.run("-m", "x=a.txt,b.txt", status=1).said
    assert said[-1].endswith(" +needed=true +refresh=true")
    require(project, "a.txt")
    words = going_on(said)
    said = project.run(*words, status=1).said
    assert going_on(said) == words
    assert [line for line in said if "name it in operation.requires: [a.txt, b.txt] (" in line]
    require(project, "a.txt", "b.txt")
    assert project.run(*words).lines == ["b"]


def test_what_goes_on_after_a_file_was_nowhere_takes_the_yaml_that_then_names_it(
    make_project: MakeProject,
) -> None:
    project = make_project(LACKS)
    said = project.run("-m", "x=new.txt", status=1).said
    assert said[-1].endswith(" +needed=true +refresh=true")
    require(project, "new.txt")
    project.write({"new.txt": "new\n"})
    assert project.run(*going_on(said)).lines == ["new"]


def test_what_the_present_yaml_does_not_name_either_is_added_to_its_list(
    make_project: MakeProject,
) -> None:
    project = make_project(LACKS)
    project.run("-m", "x=a.txt,b.txt", status=1)
    require(project, "a.txt")
    said = project.run("+restart=last:batch", status=1).said
    (a,) = (line for line in said if line.startswith("a.txt is in the project"))
    (b,) = (line for line in said if line.startswith("b.txt is in the project"))
    assert ": operation.requires is [a.txt] in the project's present YAML; to take that: " in a
    assert ": name it in operation.requires: [a.txt, b.txt] (a restart takes it by " in b


@pytest.mark.parametrize("entry", ["./b.txt", '"${x}"', '"b.${oc.env:NONE,txt}"'])
def test_a_present_entry_that_may_name_the_file_is_told_as_it_stands_in_the_yaml(
    make_project: MakeProject, entry: str
) -> None:
    project = make_project(LACKS)
    project.run("-m", "x=b.txt", status=1)
    require(project, entry)
    said = project.run("+restart=last:batch", status=1).said
    (b,) = (line for line in said if line.startswith("b.txt is in the project"))
    written = entry.strip('"')
    assert f": operation.requires is [{written}] in the project's present YAML; to take" in b


@pytest.fixture
def wanting(make_project: MakeProject) -> Project:
    """Two completed trials and a failed one, which ran without a file that is required since."""
    config = """
        operation: {command: [sh, go.sh, "${x}"], requires: [go.sh]}
        x: 1
        hydra: {launcher: {n_jobs: 1}}
    """
    script = "cat ./a.txt; [ $1 != 3 ]\n"
    project = make_project({**LACKS, "conf/config.yaml": config, "go.sh": script})
    project.run("-m", "x=1,2,3", status=1)
    project.write({"conf/config.yaml": config.replace("[go.sh]", "[go.sh, ./a.txt]")})
    return project


WITHOUT = "ran without a.txt, which operation.requires names now; to run such again: +needed=strict"


@pytest.mark.parametrize("option", ["+needed=true", "+only=failed"])
def test_completed_trials_that_ran_without_a_file_that_is_required_now_are_told(
    wanting: Project, option: str
) -> None:
    told = f"2 of 2 trials skipped {WITHOUT}"
    again = ("+restart=last:batch", "+refresh=true")
    assert told in wanting.run(*again, option, status=1).said
    assert told in wanting.run(*again, option, "+print_trials=true").said
    said = wanting.run(*again, "+needed=strict", status=1).said
    assert not [line for line in said if "ran without" in line]


def test_so_are_those_that_a_new_start_or_one_of_a_single_trial_uses(wanting: Project) -> None:
    trial = by_flag(wanting.runs(), "x")[1]["id"]
    taken = f"2 of 2 runs taken {WITHOUT}"
    assert taken in wanting.run("-m", "x=1,2", "+needed=true", "+print_trials=true").said
    assert taken in wanting.run("-m", "x=1,2", "+needed=true").said
    assert f"The run that is taken {WITHOUT}" in wanting.run("x=1", "+needed=true").said
    said = wanting.run(f"+restart={trial}", "+needed=true", "+refresh=true").said
    assert f"The trial that is skipped {WITHOUT}" in said


def test_a_step_that_lacks_a_file_says_that_its_yaml_has_been_mended(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "defaults: [operation: null]\n",
            "conf/operation/both.yaml": "steps: {first: , then: {after: [first]}}\n",
            "conf/operation/first.yaml": "command: [cat, a.txt]\n",
            "conf/operation/then.yaml": "command: [cat, b.txt]\n",
            "a.txt": "a\n",
            "b.txt": "b\n",
        }
    )
    said = project.run("operation=both", status=1).said
    assert said[-1].endswith(" +needed=true +refresh=true")
    project.write(
        {"conf/operation/first.yaml": "{command: [cat, a.txt], requires: [b.txt, a.txt]}\n"}
    )
    said = project.run("+restart=last:batch", status=1).said
    (a,) = (line for line in said if line.startswith("a.txt is in the project"))
    assert ": operation.requires is [b.txt, a.txt] in the project's present YAML; to take" in a
    assert said[-1].endswith(" +needed=true +refresh=true")
    trial = next(run["id"] for run in project.runs() if run["step"] == "first")
    said = project.run(f"+restart={trial}", status=1).said
    (a,) = (line for line in said if line.startswith("a.txt is in the project"))
    assert ": operation.requires is [b.txt, a.txt] in the project's present YAML; to take" in a
    said = project.run("+restart=last:batch", "+refresh=true", status=1).said
    (b,) = (line for line in said if line.startswith("b.txt is in the project"))
    assert ": name it in operation.requires: [b.txt] (" in b


def test_a_restart_under_a_required_file_that_is_gone_names_refresh_where_the_yaml_is_mended(
    make_project: MakeProject,
) -> None:
    first = READS["conf/config.yaml"].replace("reads.py", "reads.py, requires: [data.txt]")
    project = make_project({**READS, "conf/config.yaml": first})
    project.run("x=3")
    project.run("-m", "x=1,2")
    (project.folder / "data.txt").rename(project.folder / "new.txt")
    mended = first.replace("[data.txt]", "[new.txt]")
    project.write(
        {"conf/config.yaml": mended, "reads.py": READS["reads.py"].replace("data", "new")}
    )
    for kind in ("batch", "run"):
        restart = f"+restart={project.newest(kind)['id']}"
        (line,) = project.run(restart, status=2).said
        assert "operation.requires): +refresh=true takes the new values" in line
        project.run(restart, "+refresh=true")


def test_after_a_failure_under_an_old_requires_going_on_takes_the_mended_one(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {command: [cat, "${x}"]}
                x: data.txt
                hydra: {launcher: {n_jobs: 1}}
            """,
            "data.txt": "here\n",
        }
    )
    project.run("-m", "x=data.txt,./data.txt", status=1)
    config = project.folder / "conf" / "config.yaml"
    config.write_text(config.read_text().replace("}\nx", ", requires: [data.txt]}\nx"))
    said = project.run("+restart=last:batch", "+only=failed", status=1).said
    assert said[-1].endswith(" +needed=true +refresh=true")
    project.run("+restart=last:batch", "+needed=true", "+refresh=true")


def test_going_on_does_not_take_new_values_of_flags(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {command: [cat, "${x}"]}
                x: data.txt
                y: 1
            """,
            "data.txt": "here\n",
        }
    )
    project.run("-m", "x=data.txt,./data.txt", status=1)
    config = project.folder / "conf" / "config.yaml"
    text = config.read_text().replace("}\nx", ", requires: [data.txt]}\nx")
    config.write_text(text.replace("y: 1", "y: 2"))
    said = project.run("+restart=last:batch", "+only=failed", status=1).said
    assert said[-1].endswith(" +needed=true")
    assert any("to take that: +refresh=true" in line for line in said)
