"""What a process is started with: streams, encodings, Python's own variables, a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wild.cases import Folder

FILES = {
    "conf/config.yaml": """
        operation: {script: main.py}
        x: 1
        hydra: {launcher: {n_jobs: 1}}
    """,
    "main.py": """
        x = 1
        print("x", x)
    """,
    "conf/function.yaml": """
        operation: {function: work.train}
        x: 1
        hydra: {launcher: {n_jobs: 2}}
    """,
    "work.py": """
        import helper

        def train(x):
            print("x", x)
            return helper.same(x)
    """,
    "helper.py": """
        def same(x):
            return x
    """,
    "conf/program.yaml": "x: 1\n",
    "train.py": """
        import hydra

        @hydra.main(version_base=None, config_path="conf", config_name="program")
        def main(cfg):
            print("x", cfg.x)

        if __name__ == "__main__":
            main()
    """,
}

KINDS = {
    "script": "runner -m x=1,2",
    "function": "runner --config-name=function -m x=1,2",
    "program": "python -W ignore train.py -m hydra/sweeper=runner x=1,2",
    "forked program": "python -W ignore train.py -m hydra/sweeper=runner x=1,2 "
    "hydra/launcher=runner",
}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path, FILES)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_like_dev_null(folder: Folder, closed: str) -> None:
    typed = folder.bash(f"{KINDS['script']} {closed}")

    assert folder.statuses() == ["completed"] * 2
    assert ("x 2" in typed.out) == (closed in ("2>&-", "<&-"))


@pytest.mark.parametrize("kind", ["function", "program", "forked program"])
def test_so_it_is_for_every_kind_of_operation(folder: Folder, kind: str) -> None:
    folder.bash(f"{KINDS[kind]} <&- >&- 2>&-")

    assert folder.statuses() == ["completed"] * 2


def test_nothing_is_printed_into_a_file_that_got_a_closed_streams_number(folder: Folder) -> None:
    folder.bash("runner x=1 >&- 2>&-")

    for path in folder.path.rglob("*"):
        if path.is_file() and path.suffix == ".json":
            assert not path.read_text().startswith("x 1")


def test_lists_and_mistakes_do_without_the_stream_that_they_are_for(folder: Folder) -> None:
    folder.bash("runner x=1")

    folder.bash("runner runs list >&-")
    folder.bash("runner nope=1 2>&-", status=2)


@pytest.mark.parametrize("where", [">/dev/full", "2>/dev/full", ">/dev/full 2>&1", "| true"])
@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_stream_that_cannot_be_written_to_stops_no_trial(
    folder: Folder, where: str, jobs: int
) -> None:
    folder.write({"main.py": "x = 1\nfor n in range(30_000):\n    print('line', n)\n"})

    words = f"-m x=1,2,3 hydra.launcher.n_jobs={jobs} {where}"
    typed = folder.bash(f"set -o pipefail; runner {words}")

    assert folder.statuses() == ["completed"] * 3
    if where in (">/dev/full", "| true"):
        (said,) = [line for line in typed.said if "standard output is given up" in line]
        assert said.endswith("the trials' logs have it all")
    for trial in folder.trials():
        assert Path(trial["dir"], ".runner", "output.log").read_text().endswith("line 29999\n")


@pytest.mark.parametrize("words", ["runs list", "-m x=1,2 +print_trials=true", "--cfg job"])
def test_what_was_asked_for_and_cannot_be_written_is_told_in_one_line(
    folder: Folder, words: str
) -> None:
    folder.bash("runner x=1")

    typed = folder.bash(f"runner {words} >/dev/full", status=74)

    assert typed.said == ["runner: standard output cannot be written: No space left on device"]


def test_a_pipe_that_does_not_wait_gets_everything(folder: Folder) -> None:
    """As node and others leave the pipes that they share."""
    folder.write({"main.py": "x = 1\nfor n in range(30_000):\n    print('line', n)\n"})
    start = (
        "import os, time; os.set_blocking(1, False); pid = os.fork()\n"
        "if pid: os.execvp('runner', ['runner', '-m', 'x=1,2'])\n"
        "for _ in range(100): os.set_blocking(1, False); time.sleep(0.02)"
    )
    typed = folder.bash(f'python -c "{start}" | (sleep 1; cat)')

    assert typed.lines == [f"line {n}" for _ in range(2) for n in range(30_000)]


def test_what_the_encoding_of_a_stream_lacks_is_escaped(folder: Folder) -> None:
    folder.write({"main.py": "x = 1\n"})

    typed = folder.bash("runner -m \"x='Größe'\"", PYTHONIOENCODING="ascii")
    listed = folder.bash("runner runs list", PYTHONIOENCODING="ascii")

    assert r"(x=Gr\xf6\xdfe)" in typed.err
    assert r"x=Gr\xf6\xdfe" in listed.out


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONSAFEPATH": "1"},
        {"PYTHONOPTIMIZE": "2"},
        {"PYTHONSTARTUP": "/nowhere"},
        {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONDEVMODE": "1"},
        {"PYTHONWARNINGS": "ignore", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        {"PYTHONPYCACHEPREFIX": "/proc/nowhere"},
        {"PYTHONINSPECT": "1"},
        {"HOME": "/nonexistent"},
        {"TMPDIR": "/nonexistent"},
        {"TERM": "dumb", "COLUMNS": "0"},
    ],
    ids=lambda variables: "+".join(variables),
)
def test_whatever_pythons_variables_say_the_trials_run(
    folder: Folder, variables: dict[str, str]
) -> None:
    folder.bash(f"{KINDS['script']} && {KINDS['function']}", **variables)

    assert folder.statuses() == ["completed"] * 4
    assert folder.results()[2:] == [1, 2]


def test_without_a_home_a_user_or_a_terminal_the_trials_run(folder: Folder) -> None:
    folder.bash("env -u HOME -u USER -u LOGNAME -u TERM -u LANG runner -m x=1,2")

    assert folder.statuses() == ["completed"] * 2


def test_under_pythoninspect_a_failure_is_a_failure(folder: Folder) -> None:
    folder.write({"main.py": "x = 1\nraise SystemExit(3)\n"})

    folder.bash("runner x=1", status=3, PYTHONINSPECT="1")

    assert folder.statuses() == ["error"]


@pytest.mark.parametrize("words", ["-m x=1,2", "x=1", "runs list"])
def test_a_folder_that_is_gone_is_told_in_one_line(folder: Folder, words: str) -> None:
    typed = folder.bash(f"mkdir gone; cd gone; rmdir ../gone; runner {words}", status=2)

    assert typed.said[-1].startswith("runner: the current folder is gone")
    assert len([line for line in typed.said if line.startswith("runner")]) == 1


@pytest.mark.parametrize("handled", ["SIGCHLD", "SIGPIPE", "SIGTERM", "SIGALRM"])
def test_signals_that_whoever_started_us_ignores_change_nothing(
    folder: Folder, handled: str
) -> None:
    start = (
        f"import os, signal; signal.signal(signal.{handled}, signal.SIG_IGN); "
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32)); "
        "os.execvp('runner', ['runner', '--config-name=function', '-m', 'x=1,2'])"
    )
    folder.bash(f'python -c "{start}"')

    assert folder.results() == [1, 2]


def test_a_runner_within_a_trial_hands_nothing_of_that_trial_to_its_own(folder: Folder) -> None:
    folder.write(
        {
            "conf/env.yaml": """
                operation: {command: [sh, -c, "env | grep ^RUNNER_ | cut -d= -f1 | sort"]}
                x: 1
            """,
            "conf/dict.yaml": """
                operation: {function: tell.names}
            """,
            "tell.py": """
                import os

                def names():
                    return sorted(name for name in os.environ if name.startswith("RUNNER_"))
            """,
        }
    )
    names = "BATCH_ID INPUTS PROJECT_DIR RANDOM_SEED REPEAT RESTARTED RUN_DIR RUN_ID SCALARS"
    outer = {f"RUNNER_{name}": "/of/another" for name in names.split()}

    expected = [
        f"RUNNER_{name}"
        for name in ("PROJECT_DIR", "RANDOM_SEED", "RESTARTED", "RUN_DIR", "RUN_ID", "SCALARS")
    ]
    assert folder.bash("runner --config-name=env", **outer).lines == expected
    folder.bash("runner --config-name=dict", **outer)
    assert folder.results()[-1] == ["RUNNER_FUNCTION", *expected]
