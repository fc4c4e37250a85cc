"""A trial of a function ends as Python ends a process: what it left is waited for, in its log."""

from __future__ import annotations

from pathlib import Path

from tests.wild.cases import WarmFolder

CONFIG = "operation: {function: work.train}\nx: 1\nhydra: {launcher: {n_jobs: 1}}\n"


def logs(folder: WarmFolder) -> dict[int, str]:
    """The trials' logs, by their flag x."""
    return {
        trial["flags"]["x"]: Path(trial["dir"], ".runner", "output.log").read_text()
        for trial in folder.trials()
    }


def test_threads_pools_and_exit_functions_end_in_the_trials_own_log(tmp_path: Path) -> None:
    work = """
        import atexit, threading, time
        from concurrent.futures import ThreadPoolExecutor

        def late(what, x):
            time.sleep(0.2)
            print(what, x, flush=True)

        def train(x):
            atexit.register(print, "at exit of", x, flush=True)
            threading.Thread(target=late, args=("thread of", x)).start()
            train.pool = ThreadPoolExecutor()
            train.pool.submit(late, "pool of", x)
            return x
    """
    folder = WarmFolder(tmp_path, {"conf/config.yaml": CONFIG, "work.py": work})
    folder.bash("runner -m x=1,2")

    assert folder.results() == [1, 2]
    for x, log in logs(folder).items():
        expected = {f"thread of {x}", f"pool of {x}", f"at exit of {x}"}
        assert set(log.splitlines()) == expected


def test_an_alarm_that_goes_off_while_the_worker_waits_answers_for_no_trial(
    tmp_path: Path,
) -> None:
    work = """
        import signal

        def ring(*_):
            raise RuntimeError("the limit of x=1")

        def train(x):
            if x == 1:
                signal.signal(signal.SIGALRM, ring)
                signal.setitimer(signal.ITIMER_REAL, 0.3)
            return x
    """
    folder = WarmFolder(tmp_path, {"conf/config.yaml": CONFIG, "work.py": work})
    folder.bash("runner -m x=1,4 hydra.launcher.stagger_s=1")
    assert folder.results() == [1, 4]


def test_a_daemon_threads_lines_are_in_no_other_trials_log(tmp_path: Path) -> None:
    work = """
        import threading, time

        def progress(x):
            for n in range(100):
                print(f"progress of x={x}", flush=True)
                time.sleep(0.02)

        def train(x):
            if x == 1:
                threading.Thread(target=progress, args=(x,), daemon=True).start()
            else:
                time.sleep(0.5)
            return x
    """
    folder = WarmFolder(tmp_path, {"conf/config.yaml": CONFIG, "work.py": work})
    folder.bash("runner -m x=1,2")
    assert "progress" not in logs(folder)[2]


def test_what_a_module_does_when_it_is_imported_holds_in_every_trial(tmp_path: Path) -> None:
    work = """
        import os, signal
        os.environ["MODE"] = "fast"
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        HERE = os.getcwd()

        def train(x):
            ignored = signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN
            same = HERE == os.environ["RUNNER_PROJECT_DIR"]
            return [os.environ.get("MODE"), ignored, same]
    """
    folder = WarmFolder(tmp_path, {"conf/config.yaml": CONFIG, "work.py": work})
    folder.bash("runner -m x=1,2,3 hydra.launcher.n_jobs=2")
    assert folder.results() == [["fast", True, True]] * 3
