"""A start that does something else than was probably meant says so, and what would do it."""

from __future__ import annotations

import pytest

from hydra_sweep_runner import Store
from hydra_sweep_runner.errors import Mistake
from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project

SCRIPT = """
    import argparse

    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--size", type=int, default=1)
    parser.add_argument("--layers", type=int, nargs="+", default=[1])
    parser.add_argument("--pair", type=int, nargs=2, default=[1, 2])
    parser.add_argument("--decay", type=float, default=0.0)
    given = parser.parse_args()
    if given.size > 1:
        raise SystemExit("too large")
"""
CONFIG = "operation: {script: train.py}\nlr: 0.1\nsize: 1\nhydra: {launcher: {n_jobs: 1}}\n"


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project({"train.py": SCRIPT, "conf/config.yaml": CONFIG})


def test_only_failed_of_a_changed_plan_says_why_nothing_runs(project: Project) -> None:
    project.run("-m", "size=1,2", status=1)
    said = project.run("+restart=last:batch", "+only=failed", "size=3").said
    assert said[0].endswith(": 1 trial: 1 new, 2 set aside")
    assert said[2] == (
        "Nothing is run, as no trial of the plan has failed; 1 new is created as pending; "
        "+needed=true in the place of +only=failed runs all that are not completed"
    )
    said = project.run("+restart=last:batch", "+only=failed", "size=1,2", status=1).said
    assert not any(line.startswith("Nothing is run") for line in said)


def test_on_a_terminal_the_line_that_goes_on_stands_there_before_the_first_trial(
    project: Project,
) -> None:
    _, screen = project.answer("-m", "lr=1,2", typed="", columns=200)
    lines = screen.splitlines()
    batch = project.newest("batch")["id"][:8]
    first = lines.index(f"Batch {batch}: 2 trials, 1 at a time")
    assert lines[first + 1] == f"If it is stopped or killed: runner +restart={batch} +needed=true"
    assert not any("killed" in line for line in project.run("-m", "lr=1,2").said)


def test_restarting_the_last_trial_names_the_whole_batch(project: Project) -> None:
    project.run("-m", "lr=1,2")
    batch = project.newest("batch")["id"]
    whole = f"the whole batch: runner +restart={batch[:8]}"
    told = f"{whole} (with +needed=true, what is not completed)"
    project.run("-m", "lr=5,6")  # a newer batch than that of the newest run
    project.run(f"+restart={project.show(batch)['trials'][0]}")
    said = project.run("+restart=last").said
    assert (
        f"The last run is a trial of a batch; it alone runs again though it is completed; {told}"
        in said
    )
    for option, how in (("+needed=true", told), ("+only=failed", f"{whole} +only=failed")):
        said = project.run("+restart=last", option).said
        assert said[0].startswith("Skipping: ")
        assert f"The last run is a trial of a batch; it alone is skipped; {how}" in said
        assert not any("runs again" in line for line in said)
    trial = project.newest("trial")["id"]
    assert told not in project.run(f"+restart={trial}").err
    project.run()
    assert told not in project.run("+restart=last").err
    project.run(f"+restart={project.show(batch)['trials'][0]}")
    project.delete(batch)
    said = project.run("+restart=last").said
    assert (
        "The last run is a trial of a batch that is not in the store any more; it alone runs again "
        "though it is completed"
    ) in said


def test_the_last_run_is_no_batch_that_had_nothing_to_run(project: Project) -> None:
    project.run("-m", "lr=1,2")
    trial = project.newest("trial")["id"]
    project.run("+restart=last:batch", "+needed=true")
    batch = project.newest("batch")["id"]
    assert [run["id"] for run in project.runs()][:2] == [batch, trial]
    assert f"Restarting {trial[:8]}" in project.run("+restart=last").said
    assert project.run("runs", "path", "last").lines == [project.show(trial)["dir"]]
    project.delete(*(run["id"] for run in project.runs("--kind", "trial")))
    (line,) = project.run("runs", "show", "last", status=2).said
    assert line == f"runner: last: there is none in {project.store}"


def test_new_yaml_that_no_trial_fits_is_told_with_what_takes_them_back(project: Project) -> None:
    project.run("-m", "lr=1,2")
    before = {run["id"] for run in project.runs("--kind", "trial")}
    config = project.folder / "conf" / "config.yaml"
    config.write_text(f"{CONFIG}decay: 0.5\n")
    said = project.run("+restart=last:batch", "+refresh=true").said
    told = (
        "No trial of the batch fits the present YAML, so all are new: decay (new: 0.5); to "
        "have the former ones back, take that back in the YAML and refresh once more"
    )
    assert told in said
    config.write_text(CONFIG)
    said = project.run("+restart=last:batch", "+refresh=true", "+needed=true").said
    assert said[0].endswith(": 2 trials: 2 to skip, 2 set aside")
    assert set(project.newest("batch")["trials"]) == before


def test_new_yaml_is_told_though_the_new_flag_is_given_at_once(project: Project) -> None:
    project.run("-m", "lr=1,2")
    config = project.folder / "conf" / "config.yaml"
    config.write_text(f"{CONFIG}decay: 0.0\n")
    words = ("+restart=last:batch", "+refresh=true", "decay=0.0,0.1")
    (line,) = [line for line in project.run(*words).said if "No trial of the batch fits" in line]
    assert "so all are new: decay (new: 0.0)" in line


def test_a_refresh_tells_new_yaml_apart_from_what_is_given(project: Project) -> None:
    project.run("-m", "lr=1,2")
    config = project.folder / "conf" / "config.yaml"
    config.write_text(f"{CONFIG}decay: 0.5\n")
    said = project.run("+restart=last:batch", "+refresh=true", "lr=3").said
    told = (
        "No trial of the batch fits the present YAML and what is given now, so all are new: decay "
        "(new: 0.5), lr (1, now 3); to have the former ones back, take that back in the YAML and "
        "refresh once more"
    )
    assert told in said


def test_completed_trials_that_run_again_are_counted_unless_it_was_said(project: Project) -> None:
    project.run("-m", "lr=1,2")
    told = (
        f"Batch {project.newest('batch')['id'][:8]}: 2 completed trials run again, and their "
        "results and scalars are made anew; to skip what is completed: +needed=true"
    )
    batch = project.newest("batch")["id"]
    for words in (["+print_trials=true"], []):
        status, screen = project.answer(f"+restart={batch}", *words, typed="")
        assert status == 0 and told in " ".join(screen.split())
    for option in ("+needed=true", "+only=failed", "+init_trials=true"):
        assert "run again" not in project.answer(f"+restart={batch}", option, typed="")[1]
    assert "run again" not in project.run(f"+restart={batch}").err  # scripts read their lines


def test_a_restart_that_is_to_create_and_has_nothing_new_says_so(project: Project) -> None:
    project.run("-m", "lr=1,2")
    told = f"Batch {project.newest('batch')['id'][:8]}: no trial is new, and +init_trials=true runs"
    assert any(
        line.startswith(told)
        for line in project.run("+restart=last:batch", "+init_trials=true").said
    )
    said = project.run("+restart=last:batch", "lr=1,2,3", "+init_trials=true").said
    assert not any(line.startswith(told) for line in said)


def test_a_run_that_goes_on_in_its_folder_with_other_flags_says_so(project: Project) -> None:
    project.run("lr=1")
    run = project.newest("run")["id"]
    assert "keeps its folder" not in project.run(f"+restart={run}", "lr=2").err  # it has no files
    (project.store / run / "checkpoint").touch()
    project.run(f"+restart={run}", "lr=1")
    said = project.run(f"+restart={run}", "lr=5").said
    told = f"{run[:8]} keeps its folder, whose files were made with other flags: lr (1, now 5); "
    assert any(line.startswith(told) for line in said)
    assert "keeps its folder" not in project.run(f"+restart={run}").err


def test_a_label_for_a_run_that_is_taken_from_the_store_is_told_as_not_given(
    project: Project,
) -> None:
    project.run("lr=1")
    run = project.newest("run")["id"][:8]
    said = project.run("lr=1", "+needed=true", "+label=x", "+tags=a").said
    assert f"Its label stays as before; to change that: runner runs label {run} …" in said
    assert f"Its tags stay as before; to change that: runner runs tag {run} …" in said


def test_a_text_like_a_range_is_told_to_be_one(make_project: MakeProject) -> None:
    project = make_project(
        {"train.py": "lr = 0.1\n", "conf/config.yaml": "operation: {script: train.py}\nlr: 0.1\n"}
    )
    told = (
        "lr=0.1..0.3 is one text: numbers of a range are swept by -m 'lr=range(0.1,0.3,STEP)', "
        "random ones by -m 'lr=interval(0.1,0.3)'"
    )
    assert told in project.run("-m", "lr=0.1..0.3").said
    assert told in project.run("lr=0.1..0.3").said
    assert told in project.run("-m", "lr=0.1..0.3", "+print_trials=true").said
    assert "is one text" not in project.run("lr=a..b").err


def test_of_long_values_the_part_that_has_changed_is_told(make_project: MakeProject) -> None:
    config = "operation: {{command: [echo, {0}, --end, {1}]}}\n"
    project = make_project({"conf/config.yaml": config.format("x" * 70, "old")})
    project.run()
    (project.folder / "conf" / "config.yaml").write_text(config.format("x" * 70, "new"))
    told = "operation.command (…xxx, --end, old], now …xxx, --end, new])"
    assert told in project.run("+restart=last").err


def test_files_of_a_batch_are_said_to_be_its_trials(project: Project) -> None:
    project.run("-m", "lr=1,2")
    batch = project.newest("batch")["id"][:8]
    result = project.run("runs", "files", batch)
    assert result.out == ""
    assert f"runner runs path {batch} FILE --trials" in result.err
    with pytest.raises(
        Mistake, match=rf"run.path\('m.txt'\) for run in store.runs\(batch='{batch}"
    ):
        Store(project.store).run(batch).path("m.txt")


def test_a_list_of_a_length_that_the_parser_refuses_is_a_mistake(project: Project) -> None:
    config = project.folder / "conf" / "config.yaml"
    config.write_text(f"{CONFIG}layers: [1]\npair: [1, 2]\n")
    for words, said in (
        (("layers=[]",), "layers=[]: --layers of train.py takes at least one value"),
        (("-m", "pair=[1,2],[3]"), "pair=[3]: --pair of train.py takes 2 values"),
    ):
        assert project.run(*words, status=2).said == [f"runner: {said}"]
    assert project.runs() == []


def test_a_list_rounds_long_numbers_as_far_as_they_still_differ(make_project: MakeProject) -> None:
    project = make_project(
        {
            "train.py": "lr = 0.1\nnear = 0.1\nprint(f'epoch: 1 loss: {lr / 3}')\n",
            "conf/config.yaml": "operation: {script: train.py}\nlr: 0.1\nnear: 0.1\n",
        }
    )
    lr = "lr=0.012345678901234567,0.98765432109876543"
    project.run("-m", lr, "near=0.12345678912,0.12345678999")
    shown = [line for line in project.run("runs", "list").out.splitlines() if "epoch" in line]
    assert len(shown) == 4
    for rounded in ("lr=0.0123457", "lr=0.987654", "near=0.123456789", "near=0.12345679"):
        assert sum(f"{rounded}," in line or f"{rounded} " in line for line in shown) == 2
    exact = {run["flags"]["lr"] for run in project.runs("--kind", "trial")}
    assert exact == {0.012345678901234567, 0.98765432109876543}


def test_a_counter_stands_in_a_column_without_a_point(make_project: MakeProject) -> None:
    project = make_project(
        {
            "train.py": "lr = 1.0\nprint(f'epoch: 1 loss: {lr}')\n",
            "conf/config.yaml": "operation: {script: train.py}\nlr: 1.0\n",
        }
    )
    project.run("-m", "lr=1.0,2.5")
    rows = project.run("runs", "list", "--columns", "epoch,lr", "--kind", "trial").out.splitlines()
    assert [row.split() for row in rows[1:]] == [["1", "2.5"], ["1", "1.0"]]


def test_the_help_of_a_project_without_groups_has_no_empty_heading(
    project: Project, make_project: MakeProject
) -> None:
    assert "groups" not in project.run("--help").out
    assert "lr: 0.1" in project.run("--help").out
    files = {"conf/config.yaml": CONFIG, "conf/model/small.yaml": "depth: 3\n"}
    assert "model: small" in make_project(files).run("--help").out


def test_a_restart_that_only_creates_runs_nothing_and_says_what_is_left(project: Project) -> None:
    project.run("-m", "lr=1,2")
    words = ("+restart=last:batch", "lr=1,2,3", "+init_trials=true")
    batch = project.newest("batch")["id"][:8]
    for more in (["+print_trials=true"], []):
        assert f"Batch {batch}: 3 trials: 2 to skip, 1 new" in project.run(*words, *more).said
    shown = project.newest("batch")
    assert (shown["status"], shown["reason"]) == ("completed", "1 of 3 trials not completed")
    project.run("+restart=last:batch", "+needed=true")
    assert project.newest("batch")["reason"] is None


def test_trials_that_keep_their_scalars_under_another_expression_are_told(
    project: Project,
) -> None:
    project.run("-m", "lr=1,2")
    config = project.folder / "conf" / "config.yaml"
    text = config.read_text()
    config.write_text(text.replace("script: ", "scalars: false, script: ").replace("\n  ", "\n  "))
    words = ("+restart=last:batch", "+needed=true", "+refresh=true")
    told = (
        "operation.scalars has changed: 2 completed trials skipped keep their scalars, as scalars "
        "are taken while a trial runs"
    )
    assert told in project.run(*words).said
    project.run("+restart=last:batch")
    assert told not in project.run(*words).said
