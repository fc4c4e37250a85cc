"""A batch: what is recorded, in which order its trials run, how failures are told."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tests.scenarios.conftest import MakeProject
from tests.scenarios.project import Project, by_flag, ids, without_ids

#: Ends with its flag as exit status, after a word on each stream.
EXITS = {
    "conf/config.yaml": """
        operation: {script: exits.py}
        status: 0
        hydra: {launcher: {n_jobs: 1}}
    """,
    "exits.py": """
        import sys

        status = 0
        print(f"ending with {status}")
        sys.exit(status)
    """,
}


@pytest.fixture(scope="module")
def swept(make_project: MakeProject) -> tuple[Project, list[str]]:
    """A batch of four trials, the second of which fails, and what it printed."""
    project = make_project(EXITS)
    return project, project.terminal("-m", "status=0,3,1", "+random_seed=5", status=1)


def test_a_batch_is_recorded_before_its_first_trial_starts(make_project: MakeProject) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {script: look.py}
                x: 0
                hydra: {launcher: {n_jobs: 1}}
            """,
            "look.py": """
                import os, subprocess, sys

                x = 0
                if x == 1:
                    batch = os.environ["RUNNER_BATCH_ID"]
                    show = [sys.executable, "-m", "hydra_sweep_runner"]
                    show += ["runs", "show", batch, "--json"]
                    project = os.environ["RUNNER_PROJECT_DIR"]
                    with open("seen.json", "wb") as seen:
                        subprocess.run(show, cwd=project, check=True, stdout=seen)
            """,
        }
    )
    project.run("-m", "x=1,2", "+random_seed=9", "+label=early")
    (seen,) = [json.loads(path.read_text()) for path in project.store.glob("*/seen.json")]
    after = project.newest("batch")
    assert seen["status"] == "running"
    assert seen["trials"] == after["trials"]
    assert len(seen["trials"]) == 2
    assert seen["flags"] == {"x": [1, 2]}
    assert (seen["random_seed"], seen["label"]) == (9, "early")


def test_a_failing_trial_does_not_stop_the_others(swept: tuple[Project, list[str]]) -> None:
    project, _ = swept
    trials = by_flag(project.runs(), "status")
    assert {flag: trial["status"] for flag, trial in trials.items()} == {
        0: "completed",
        3: "error",
        1: "error",
    }
    assert {flag: trial["exit_status"] for flag, trial in trials.items()} == {0: 0, 3: 3, 1: 1}


def test_a_batch_with_a_failed_trial_is_an_error(swept: tuple[Project, list[str]]) -> None:
    project, _ = swept
    assert project.newest("batch")["status"] == "error"


def test_a_failure_is_told_with_its_status_and_its_log(
    swept: tuple[Project, list[str]],
) -> None:
    project, printed = swept
    failed = by_flag(project.runs(), "status")[3]
    line, again = [line for line in printed if "failed: exit status 3" in line]
    assert line == again
    match = re.fullmatch(r"Trial ([0-9a-f]{8}) failed: exit status 3 \(log: (\S+)\) .*", line)
    assert match is not None
    assert failed["id"].startswith(match[1])
    assert "ending with 3" in (project.folder / match[2]).read_text()


def test_all_failures_are_told_again_at_the_end(swept: tuple[Project, list[str]]) -> None:
    project, printed = swept
    failed = [by_flag(project.runs(), "status")[status] for status in (3, 1)]
    assert printed[-3:-1] == [
        f"Trial {run['id'][:8]} failed: exit status {run['exit_status']} "
        f"(log: runs/{run['id']}/.runner/output.log) ({told})"
        for run, told in zip(failed, ("status=3", "status=1"), strict=True)
    ]


def test_with_live_output_a_failures_output_is_not_shown_twice(
    swept: tuple[Project, list[str]],
) -> None:
    _, printed = swept
    assert [line.strip() for line in printed].count("ending with 3") == 1


def test_a_failure_among_trials_at_work_comes_with_the_end_of_its_output(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {script: fails.py}
                x: 0
                hydra: {launcher: {n_jobs: 2}}
            """,
            "fails.py": r"""
                import sys
                x = 0
                for n in range(50):
                    print(f"line {n} of {x}")
                print("50%\r100%\r\n\tcol\x1b[31mour\x1b[0m \x07" + "y" * 300)
                sys.exit(x)
            """,
        }
    )
    said = project.run("-m", "x=0,4", status=1).said
    first = next(n for n, line in enumerate(said) if "failed: exit status 4" in line)
    assert said[first + 1 : first + 11] == [
        *(f"  line {n} of 4" for n in range(42, 50)),
        "  100%",
        f"          colour \\x07{'y' * 140}…",
    ]
    assert said[-1].startswith("Batch")


def test_of_many_failures_twenty_are_told_again(make_project: MakeProject) -> None:
    project = make_project(EXITS)
    numbers = ",".join(str(n) for n in range(1, 24))
    printed = project.terminal(
        "-m", f"status={numbers}", "hydra.launcher.n_jobs=4", "hydra.sweeper.store=kept", status=1
    )
    batch = json.loads(project.run("runs", "list", "--json", "--store=kept").out)[0]["id"]
    end = printed[-22:]
    assert all(f"failed: exit status {n + 1} (log: kept/" in end[n] for n in range(20))
    shown = f"runner runs show {next(w for w in printed[-1].split() if w.endswith(':'))[:8]}"
    assert end[20] == f"3 more trials failed: {shown} --store={project.folder}/kept"
    assert batch


def test_the_last_line_counts_and_says_how_to_go_on(swept: tuple[Project, list[str]]) -> None:
    project, printed = swept
    batch = project.newest("batch")["id"][:8]
    assert printed[-1] == (
        f"Batch {batch}: 3 trials, 1 completed, 2 failed; "
        f"to go on: runner +restart={batch} +needed=true"
    )


def test_the_record_of_a_batch_lists_its_trials_in_plan_order(
    swept: tuple[Project, list[str]],
) -> None:
    project, _ = swept
    runs = project.runs()
    batch = project.newest("batch")
    trials = by_flag(runs, "status")
    assert batch["trials"] == [trials[status]["id"] for status in (0, 3, 1)]
    assert batch["flags"] == {"status": [0, 3, 1]}
    assert batch["operation"] == "exits.py"
    assert batch["random_seed"] == 5
    for trial in trials.values():
        assert trial["generated_by"] == batch["id"]
        assert trial["batches"] == [batch["id"]]


def test_trials_have_seeds_of_their_own_derived_from_the_batchs(
    make_project: MakeProject, swept: tuple[Project, list[str]]
) -> None:
    project, _ = swept
    seeds = {
        flag: trial["random_seed"] for flag, trial in by_flag(project.runs(), "status").items()
    }
    assert len(set(seeds.values())) == 3
    other = make_project(EXITS)
    other.run("-m", "status=3,0", "+random_seed=5", "+init_trials=true")
    again = by_flag(other.runs(), "status")
    assert {flag: again[flag]["random_seed"] for flag in (0, 3)} == {
        flag: seeds[flag] for flag in (0, 3)
    }


def test_a_seed_is_drawn_and_recorded_if_none_is_given(echo: Project) -> None:
    echo.run("-m", "x=1,2", "+init_trials=true")
    echo.run("-m", "x=1,2", "+init_trials=true")
    first, second = [run["random_seed"] for run in echo.runs() if run["kind"] == "batch"]
    assert first != second
    assert all(0 <= seed < 2**32 for seed in (first, second))


def test_label_and_tags_are_kept_and_do_not_change_identity(echo: Project) -> None:
    echo.run("-m", "x=1,2", "+label=first try", "+tags=[quick,today]")
    before = echo.newest("batch")
    assert (before["label"], before["tags"]) == ("first try", ["quick", "today"])
    echo.run(f"+restart={before['id']}", "+label=second try")
    after = echo.newest("batch")
    assert (after["label"], after["tags"]) == ("second try", ["quick", "today"])
    assert after["trials"] == before["trials"]
    assert len(echo.runs()) == 3


def test_one_value_for_each_flag_is_a_batch_too_with_m(echo: Project) -> None:
    printed = without_ids(echo.terminal("-m", "x=5"))
    assert printed == [
        "Batch: 1 trial, 1 at a time",
        "Initialized trial (x=5, y=2, z=a)",
        "Running trial: echo.py (x=5, y=2, z=a)",
        "5 2 'a'",
        "Batch: 1 trial, 1 completed",
    ]
    assert [run["kind"] for run in echo.runs()] == ["trial", "batch"]


def test_options_never_reach_the_operation(echo: Project) -> None:
    echo.run("-m", "x=1,2", "+max_trials=2", "+label=here", "+tags=[t]", "+random_seed=1")
    for trial in echo.runs()[:2]:
        assert list(trial["flags"]) == ["x", "y", "z"]
        written = (echo.store / trial["id"] / ".hydra" / "overrides.yaml").read_text()
        assert written.split() == ["-", f"x={trial['flags']['x']}"]


def test_trials_run_side_by_side_start_in_order_and_do_not_mix_their_output(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {script: slow.py}\nx: 0\n",
            "slow.py": """
                import sys, time

                x = 0
                for part in ("begin", "middle", "end"):
                    print(x, part, flush=True)
                    print(x, part, "aside", file=sys.stderr, flush=True)
                    time.sleep(0.15)
            """,
        }
    )
    printed = project.terminal("-m", "x=range(0,4)", "hydra.launcher.n_jobs=2")
    own = [line for line in printed if re.match(r"\d (begin|middle|end)", line)]
    blocks = [own[start : start + 6] for start in range(0, len(own), 6)]
    assert sorted(block[0][0] for block in blocks) == ["0", "1", "2", "3"]
    for block in blocks:
        trial = block[0][0]
        parts = ("begin", "middle", "end")
        said = [f"{trial} {part}{more}" for part in parts for more in ("", " aside")]
        assert block == said
        first = printed.index(block[0])
        assert printed[first : first + 6] == block

    runs = project.runs()
    trials = by_flag(runs, "x")
    started = [trials[x]["started"] for x in range(4)]
    assert started == sorted(started)
    assert trials[1]["started"] < trials[0]["stopped"]
    assert trials[2]["started"] >= min(trials[0]["stopped"], trials[1]["stopped"])
    assert project.newest("batch")["trials"] == [trials[x]["id"] for x in range(4)]


def test_the_same_lines_are_printed_for_a_restart(echo: Project) -> None:
    first = echo.terminal("-m", "x=1,2")
    batch = echo.newest("batch")["id"]
    again = echo.terminal(f"+restart={batch[:6]}")
    assert first[0] == f"Batch {batch[:8]}: 2 trials, 1 at a time"
    about = f"Batch {batch[:8]}: 2 trials: 2 to run"
    assert again == [about, f"Restarting {batch[:8]}", *first[1:]]


def test_only_given_flags_are_shown_where_there_are_more_than_eight(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": """
                operation: {command: ["true", "${h}"]}
                a: 1
                b: 2
                c: 3
                d: 4
                e: 5
                f: 6
                g: 7
                h: 8
                i: 9
                hydra: {launcher: {n_jobs: 1}}
            """
        }
    )
    assert without_ids(project.terminal("-m", "h=0,1", "+init_trials=true")) == [
        "Batch: 2 trials",
        "Initialized trial (h=0)",
        "Initialized trial (h=1)",
    ]
    assert without_ids(project.terminal("-m", "~i", "h=0", "+init_trials=true")) == [
        "Batch: 1 trial",
        "Initialized trial (a=1, b=2, c=3, d=4, e=5, f=6, g=7, h=0)",
    ]


def test_control_characters_in_values_are_never_printed_raw(echo: Project) -> None:
    sweep = ("-m", r"z='a\b',c", "y=2")
    evil = "z='\x1b[31m','b\tc'"
    for words in (sweep, ("-m", evil)):
        preview = echo.run(*words, "+print_trials=true")
        made = echo.run(*words, "+init_trials=true")
        listed = echo.run("runs", "list")
        for text in (preview.out, preview.err, made.out, made.err, listed.out, listed.err):
            assert all(char.isprintable() or char == "\n" for char in text)
    assert {run["flags"]["z"] for run in echo.runs() if run["kind"] == "trial"} == {
        r"a\b",
        "c",
        "\x1b[31m",
        "b\tc",
    }


def test_a_sweep_in_a_hydra_program_that_knows_nothing_of_us(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "x: 1\nname: a\n",
            "app.py": """
                import hydra

                @hydra.main(version_base=None, config_path="conf", config_name="config")
                def main(cfg):
                    print("x is", cfg.x)

                if __name__ == "__main__":
                    main()
            """,
        }
    )

    def app(*words: str) -> list[str]:
        command = [sys.executable, "app.py", "-m", "hydra/sweeper=runner", *words]
        ended = subprocess.run(
            command, cwd=project.folder, capture_output=True, text=True, check=True
        )
        return [line for line in ended.stdout.splitlines() if line.startswith("x is")]

    assert app("x=1,2") == ["x is 1", "x is 2"]
    batch = project.newest("batch")
    before = set(ids(project.runs()))
    assert app(f"+restart={batch['id']}", "x=2,3") == ["x is 2", "x is 3"]
    runs = project.runs()
    assert set(ids(runs)) > before
    assert len(runs) == 4
    assert set(by_flag(runs, "x")) == {1, 2, 3}


def test_pending_trials_that_a_restart_has_deleted_are_not_missed_by_the_next(
    make_project: MakeProject,
) -> None:
    project = make_project(
        {
            "conf/config.yaml": "operation: {command: ['true']}\nx: 1\n"
            "hydra: {launcher: {n_jobs: 1}}\n"
        }
    )
    project.run("-m", "x=1,2", "+init_trials=true")
    batch = project.newest("batch")["id"]
    project.run(f"+restart={batch}", "x=3,4", "+init_trials=true")
    said = project.run(f"+restart={batch}").err
    assert "deleted" not in said
    assert {run["status"] for run in project.runs()} == {"completed"}
