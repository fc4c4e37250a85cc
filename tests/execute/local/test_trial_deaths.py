"""A trial's death is its own: it ends with a line that says why, and the others go on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from hydra_sweep_runner.errors import StoreFailed
from hydra_sweep_runner.execute.attempt.stop_signals import Graces
from hydra_sweep_runner.execute.task import Task
from hydra_sweep_runner.model import Status
from tests.execute.world import World, outcomes_of
from tests.scenarios.project import wait_until

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what descends from what")


Make = Callable[[World, str], Task]


def as_script(world: World, text: str) -> Task:
    """A task that runs these lines as a script."""
    return world.script(text)


def as_function(world: World, text: str) -> Task:
    """A task that runs these lines as a function's body."""
    body = "".join(f"    {line}\n" for line in text.splitlines())
    world.write("deadly.py", f"def f():\n{body}")
    return world.function("deadly.f")


AS = pytest.mark.parametrize("make", [as_script, as_function], ids=["script", "function"])


@AS
@pytest.mark.parametrize(
    ("text", "exit_status", "reason"),
    [
        ("import os; os._exit(7)", 7, "exit status 7"),
        ("import sys; sys.exit(3)", 3, "exit status 3"),
        ("import sys; sys.exit('')", 1, "exit status 1"),
        ("import ctypes; ctypes.string_at(0)", 139, "killed by signal 11 (SIGSEGV)"),
        (
            "import os; os.kill(os.getpid(), 9)",
            137,
            "killed by signal 9 (SIGKILL), perhaps out of memory",
        ),
        ("import os; os.abort()", 134, "killed by signal 6 (SIGABRT)"),
    ],
)
def test_a_death_is_told_and_the_others_go_on(
    world: World, make: Make, text: str, exit_status: int, reason: str
) -> None:
    deadly, good = make(world, text), world.shell("echo fine")
    before = world.shell("echo before")
    runs = world.ends(before, deadly, good)
    assert [run.state.status for run in runs] == [
        Status.COMPLETED,
        Status.ERROR,
        Status.COMPLETED,
    ]
    assert (runs[1].state.exit_status, runs[1].state.reason) == (exit_status, reason)


def test_an_exit_before_the_function_has_returned_is_no_success(world: World) -> None:
    run = world.end(as_function(world, "import os; os._exit(0)"))
    assert (run.state.status, run.state.exit_status) == (Status.ERROR, None)
    assert run.state.reason == "its process exited before it returned"


UNPICKLABLE = """
class Bad(Exception):
    def __reduce__(self): raise TypeError("not me")
    def __str__(self): raise ValueError("nor my text")
raise Bad
"""


@AS
def test_an_exception_that_cannot_be_pickled_or_shown_is_told(world: World, make: Make) -> None:
    first, second = world.ends(make(world, UNPICKLABLE), world.shell("exit 0"))
    assert (first.state.status, first.state.exit_status) == (Status.ERROR, 1)
    assert first.state.reason in ("exit status 1: Bad: <exception str() failed>", "Bad")
    assert second.state.status is Status.COMPLETED


def test_a_result_that_cannot_be_pickled_is_an_error_that_says_so(world: World) -> None:
    world.write(
        "lib.py", "def f():\n    import threading\n    return threading.Lock()\ndef g(): ..."
    )
    first, second = world.ends(world.function("lib.f"), world.function("lib.g"))
    assert (first.state.status, first.state.exit_status) == (Status.ERROR, 1)
    assert first.state.reason is not None
    assert first.state.reason.startswith("returned a lock, which cannot be kept: TypeError: ")
    assert second.state.status is Status.COMPLETED


@AS
@pytest.mark.parametrize("close", ["os.close(1); os.close(2)", "sys.stdout.close()"])
def test_output_that_is_closed_stops_nobody(world: World, make: Make, close: str) -> None:
    text = f"import os, sys\nprint('before', flush=True)\n{close}\nopen('done', 'w').close()"
    first, second = world.ends(make(world, text), world.function("math.sqrt", x=4.0))
    assert first.state.status is Status.COMPLETED
    assert world.log(first) == "before\n"
    assert (world.folder(first) / "done").exists()
    assert second.state.status is Status.ERROR  # it takes no keywords: it was called


def test_a_function_that_closes_what_is_not_its_own_is_told_apart_from_a_crash(
    world: World,
) -> None:
    text = "import os, time\nos.closerange(3, 256)\ntime.sleep(60)"
    first, second = world.ends(as_function(world, text), world.shell("exit 0"))
    assert first.state.status is Status.ERROR
    assert first.state.reason == "it closed the connection to the runner"
    assert second.state.status is Status.COMPLETED


# Floods

FLOOD = r'''
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.execute.world import Keeper, World, outcomes_of
world = World(Path(sys.argv[2]))
class Nowhere(Keeper):
    def output(self, stream, data): pass
    def block(self, pieces, head):
        for _ in pieces: pass
world.reporter = Nowhere()
script = """
import os
x = 0
for n in range(x):
    os.write(1 + n % 2, b"0123456789abcde\\n" * 4096)
"""
small, large = [world.script(script, x=n) for n in (1, int(sys.argv[3]) // 65536)]
n_jobs = int(sys.argv[4])
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
world.end(small, n_jobs=n_jobs)
before = peak()
run = world.end(large, n_jobs=n_jobs)
assert run.state.status.value == "completed", run.state
print(peak() - before, (world.folder(run) / ".runner/output.log").stat().st_size)
'''


@pytest.mark.parametrize(
    "size", [50_000_000, pytest.param(1_000_000_000, marks=pytest.mark.long)], ids=["50MB", "1GB"]
)
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_flood_of_output_takes_no_memory(tmp_path: Path, size: int, n_jobs: int) -> None:
    root = str(Path(__file__).parents[3])
    words = [sys.executable, "-c", FLOOD, root, str(tmp_path), str(size), str(n_jobs)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    grown, kept = (int(word) for word in done.stdout.split())
    assert kept == size // 65536 * 65536
    assert grown < 20_000_000


# What a trial leaves behind

LEAVE = {
    "child": "import subprocess\npid = subprocess.Popen(['sleep', '600']).pid",
    "session": "import subprocess\n"
    "pid = subprocess.Popen(['sleep', '600'], start_new_session=True).pid",
    "daemon": "import subprocess\npid = int(subprocess.check_output("
    "['sh', '-c', 'setsid sleep 600 >/dev/null 2>&1 & echo $!']))",
    "daemons child": "import subprocess, time, pathlib\nsubprocess.check_output("
    "['sh', '-c', 'setsid sh -c \"setsid sleep 600 & echo \\\\$! > left; wait\" "
    ">/dev/null 2>&1 &'])\n"
    "while not pathlib.Path('left').exists() or not pathlib.Path('left').read_text():\n"
    "    time.sleep(0.01)\n"
    "pid = int(pathlib.Path('left').read_text())",
}
KEEP = "open('pid', 'w').write(str(pid))"


def left_by(world: World, task: Task) -> int:
    return int((world.folder(task.run) / "pid").read_text())


@linux
@pytest.mark.parametrize("how", LEAVE)
def test_what_a_script_leaves_behind_ends_with_it(world: World, how: str) -> None:
    task = world.script(f"{LEAVE[how]}\n{KEEP}")
    with world.executor() as executor:
        (outcome,) = outcomes_of(executor, task)
        assert outcome.run.state.status is Status.COMPLETED
        wait_until(lambda: not psutil.pid_exists(left_by(world, task)))


@linux
@AS
@pytest.mark.parametrize(
    ("how", "end"),
    [*((how, "os._exit(5)") for how in LEAVE), ("daemon", "print('ready'); time.sleep(600)")],
)
def test_what_a_dead_trial_has_started_ends_with_it(
    world: World, make: Make, how: str, end: str
) -> None:
    task = make(world, f"{LEAVE[how]}\n{KEEP}\nimport os, time\n{end}")
    with world.executor(graces=Graces(interrupt_s=0.1, terminate_s=0.1)) as executor:
        world.reporter.on_output = lambda data: executor.stop()
        (outcome,) = outcomes_of(executor, task)
        assert outcome.run.state.exit_status == (None if "sleep" in end else 5)
        wait_until(lambda: not psutil.pid_exists(left_by(world, task)))


@linux
@pytest.mark.parametrize("how", LEAVE)
def test_what_a_function_leaves_behind_ends_with_the_batch(world: World, how: str) -> None:
    task = as_function(world, f"{LEAVE[how]}\n{KEEP}")
    assert world.end(task).state.status is Status.COMPLETED
    wait_until(lambda: not psutil.pid_exists(left_by(world, task)))


@linux
def test_the_end_of_one_trial_leaves_what_others_have_started(world: World) -> None:
    first = world.script(
        f"{LEAVE['daemon']}\n{KEEP}\nimport time\ntime.sleep(1)\n"
        "import os\nopen('seen', 'w').write(str(os.path.exists(f'/proc/{pid}')))"
    )
    tasks = [first, *[world.shell("sleep 0.1") for _ in range(5)]]
    runs = world.ends(*tasks, n_jobs=2)
    assert {run.state.status for run in runs} == {Status.COMPLETED}
    assert (world.folder(first.run) / "seen").read_text() == "True"


def test_flags_that_did_not_fit_into_the_environment_are_gone_after_the_trial(
    world: World,
) -> None:
    text = """
    import os, pathlib, stat
    x = ""
    path = pathlib.Path(".runner/flags.marshal")
    print(len(x), stat.S_IMODE(path.stat().st_mode))
    """
    task = world.script(text, x="y" * 200_000)
    stale = world.folder(task.run) / ".runner" / "flags.marshal"
    stale.write_bytes(b"of an attempt that was killed with its runner")
    run = world.end(task)
    assert world.log(run) == f"200000 {0o600}\n"
    assert not stale.exists()


def test_flags_that_cannot_be_removed_are_told_and_the_run_is_not_left_as_running(
    world: World,
) -> None:
    path = ".runner/flags.marshal"
    text = f"import os; x = ''; os.remove({path!r}); os.mkdir({path!r})"
    task = world.script(text, x="y" * 200_000)
    with pytest.raises(StoreFailed, match=f"^cannot remove .*{path}: .+"):
        world.end(task)
    assert world.store.read(task.run.id).state.status is Status.TERMINATED


def test_a_script_may_do_with_its_folder_what_it_likes_where_nothing_of_ours_is_kept(
    world: World,
) -> None:
    task = world.script("x = ''\nimport os; os.mkdir('.runner/flags.marshal')", x="short")
    assert world.end(task).state.status is Status.COMPLETED
