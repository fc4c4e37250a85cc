"""A function is called in a warm process; whatever it does to that is its own affair."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.task import Hint
from hydra_sweep_runner.model import Result, Run, Status
from hydra_sweep_runner.operation.kinds.kind import Signature
from tests.execute.world import FlagsConfig, World, outcomes_of


@pytest.fixture
def lib(world: World) -> Path:
    return world.write(
        "lib.py",
        """
        import os, signal, sys, threading, time

        print("imported")

        def give(**flags): return flags
        def config(cfg): return [type(cfg).__name__, cfg.model.depth, "hydra" in cfg]
        def none(): pass
        def fail(x): raise ValueError(f"bad {x}\\nreally")
        def missing(x): return open("no-such-file")
        def leave(code): sys.exit(code)
        def exit_now(code): os._exit(code)
        def crash(): os.kill(os.getpid(), signal.SIGSEGV)
        def interrupt(): raise KeyboardInterrupt
        def lock(): return threading.Lock()
        def pair(): return (1, {2})
        def pid(): return os.getpid()
        def say(text): print(text); print(text, file=sys.stderr); os.system(f"echo {text}")

        class Odd(Exception):
            def __init__(self, a, b): super().__init__("odd"); self.lock = threading.Lock()
            def __reduce__(self): raise TypeError("no")
        def odd(): raise Odd(1, 2)

        class Mute(Exception):
            def __str__(self): raise RuntimeError
        def mute(): raise Mute

        class Model:
            @staticmethod
            def fit(x: int): return x * 2

        def spoil():
            os.environ["SPOILED"] = "1"; os.environ.pop("HOME")
            os.chdir("/"); sys.argv.append("x"); sys.path.insert(0, "/spoiled")
            sys.stdout.close(); os.close(1); os.close(2); sys.stdin = None
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        def look():
            print("alive")
            return [os.environ.get("SPOILED"), os.environ.get("HOME"), os.getcwd(), sys.argv,
                    sys.path[0], "/spoiled" in sys.path, sys.stdin.read(),
                    signal.getsignal(signal.SIGINT) is signal.default_int_handler]

        def fork():
            if os.fork() == 0: return "child"
            os.wait(); return "parent"

        not_callable = 5
        """,
    )


def status(run: Run) -> tuple[str, int | None, str | None]:
    """How a run ended, in short."""
    return run.state.status.value, run.state.exit_status, run.state.reason


def test_flags_arrive_as_keywords_and_what_is_returned_is_kept(world: World, lib: Path) -> None:
    run = world.end(world.function("lib.give", x=1, model={"depth": [2.5, None]}, s="${x}"))
    assert run.result == Result(value={"x": 1, "model": {"depth": [2.5, None]}, "s": 1})
    assert status(run) == ("completed", 0, None)


def test_a_function_of_cfg_gets_the_configuration_of_the_flags(world: World, lib: Path) -> None:
    run = world.end(world.function("lib.config", as_config=True, model={"depth": 3}))
    assert run.result == Result(value=["DictConfig", 3, False])


def test_a_function_that_returns_nothing_has_a_result_of_none(world: World, lib: Path) -> None:
    assert world.end(world.function("lib.none")).result == Result(value=None)


def test_what_json_cannot_hold_is_stored_beside_the_record(world: World, lib: Path) -> None:
    run = world.end(world.function("lib.pair"))
    assert run.result == Result(stored=True)
    assert world.store.read_result(run.id) == (1, {2})


def test_what_cannot_be_kept_at_all_is_an_error(world: World, lib: Path) -> None:
    run = world.end(world.function("lib.lock"))
    assert run.result is None
    assert status(run)[:2] == ("error", 1)
    assert (run.state.reason or "").startswith("returned a lock, which cannot be kept: TypeError")


def test_an_exception_is_told_with_the_users_frames_only(world: World, lib: Path) -> None:
    run = world.end(world.function("lib.fail", x=3))
    assert status(run) == ("error", 1, "ValueError: bad 3 really")
    lines = [line for line in world.log(run).splitlines() if "^" not in line]
    assert lines[:3] == [
        "imported",
        "Traceback (most recent call last):",
        f'  File "{lib}", line 8, in fail',
    ]
    assert lines[4:] == ["ValueError: bad 3", "really"]


@pytest.mark.parametrize(
    ("function", "flags", "expected"),
    [
        ("leave", {"code": None}, ("completed", 0, None)),
        ("leave", {"code": 3}, ("error", 3, "exit status 3")),
        ("leave", {"code": "why"}, ("error", 1, "exit status 1: why")),
        ("exit_now", {"code": 0}, ("error", None, "its process exited before it returned")),
        ("exit_now", {"code": 4}, ("error", 4, "exit status 4")),
        ("crash", {}, ("error", 139, "killed by signal 11 (SIGSEGV)")),
        ("interrupt", {}, ("error", 130, "KeyboardInterrupt")),
        ("odd", {}, ("error", 1, "Odd: odd")),
        ("mute", {}, ("error", 1, "Mute")),
    ],
)
def test_however_a_call_ends_it_is_recorded_and_the_next_one_runs(
    world: World, lib: Path, function: str, flags: dict[str, Any], expected: object
) -> None:
    first, second = world.ends(
        world.function(f"lib.{function}", **flags), world.function("lib.give", x=1)
    )
    assert status(first) == expected
    assert second.result == Result(value={"x": 1})


def test_a_worker_that_lives_is_used_again_and_one_that_died_is_replaced(
    world: World, lib: Path
) -> None:
    names = ["pid", "fail", "pid", "exit_now", "pid"]
    flags: list[dict[str, Any]] = [{}, {"x": 1}, {}, {"code": 1}, {}]
    tasks = [world.function(f"lib.{n}", **f) for n, f in zip(names, flags, strict=True)]
    first, _, second, _, third = (run.result for run in world.ends(*tasks))
    assert first == second != third


def test_every_call_starts_in_the_same_surroundings(world: World, lib: Path) -> None:
    tasks = [world.function("lib.spoil"), world.function("lib.look")]
    spoiled, look = world.ends(*tasks)
    assert spoiled.state.status is Status.COMPLETED
    folder = str(world.folder(look))
    assert look.result == Result(
        value=[None, os.environ["HOME"], folder, ["lib.look"], str(world.project), False, "", True]
    )
    assert world.log(look) == "alive\n"


def test_output_of_all_kinds_goes_to_the_trials_own_log(world: World, lib: Path) -> None:
    one, two = world.ends(world.function("lib.say", text="a"), world.function("lib.say", text="b"))
    assert sorted(world.log(one).split()) == ["a", "a", "a", "imported"]
    assert world.log(two).split() == ["b", "b", "b"]


def test_a_child_that_comes_out_of_the_function_too_ends_there(world: World, lib: Path) -> None:
    assert world.end(world.function("lib.fork")).result == Result(value="parent")


def test_methods_of_a_modules_classes_can_be_called(world: World, lib: Path) -> None:
    assert world.end(world.function("lib.Model.fit", x=4)).result == Result(value=8)


def test_hydras_files_and_job_log_are_in_the_runs_folder(world: World) -> None:
    world.write("lib.py", "import logging\ndef f(x): logging.getLogger('a').warning('hello')\n")
    run = world.end(world.function("lib.f", x=1))
    hydra = world.folder(run) / ".hydra"
    assert (hydra / "config.yaml").exists()
    assert "hello" in (world.folder(run) / "job.log").read_text()
    assert "[WARNING] - hello" in world.log(run)


def test_a_file_that_is_not_found_gets_a_hint(world: World, lib: Path) -> None:
    task = world.function("lib.missing", x=1)
    outcome = world.execute(task)[0]
    assert outcome.run.state.reason == (
        "FileNotFoundError: [Errno 2] No such file or directory: 'no-such-file'"
    )
    assert outcome.hint == Hint(
        f"a file was not found: the trial works in {task.working_dir}; if it is a file of "
        f"the project in {world.project}, name it in operation.requires; a restart takes that by "
        "+refresh=true",
        in_yaml=True,
    )


def test_a_file_to_be_written_into_a_folder_that_is_not_there_gets_another_hint(
    world: World,
) -> None:
    (world.project / "outputs").mkdir()  # naming it in `requires` would share it among all trials
    world.write("lib.py", "def f(x):\n    open('outputs/model.txt', 'w')\n")
    task = world.function("lib.f", x=1)
    assert world.execute(task)[0].hint == Hint(
        f"the trial works in {task.working_dir}, where there is no folder outputs: to write there, "
        "make it first by os.makedirs('outputs', exist_ok=True); what is to be read from the "
        "project is named in operation.requires"
    )
    (world.project / "outputs/model.txt").touch()  # which it may have been meant to read
    hint = world.execute(world.function("lib.f", x=2))[0].hint
    assert hint is not None and hint.lacks == "outputs"


def test_what_a_trial_misses_because_its_folder_was_deleted_is_told_so(world: World) -> None:
    world.write(
        "lib.py",
        "import os, shutil\ndef f(x):\n    shutil.rmtree(os.getcwd())\n    open('w.txt', 'w')\n",
    )
    task = world.function("lib.f", x=1)
    hint = world.execute(task)[0].hint
    assert hint is not None
    assert hint.line == (
        f"the folder {task.run.id[:8]} of the trial was deleted while it was at work"
    )


class Unloadable(FlagsConfig):
    """A configuration that a worker cannot unpickle."""

    def __reduce__(self) -> Any:
        return ([].index, (1,))


def test_a_configuration_that_does_not_reach_the_worker_is_told(world: World, lib: Path) -> None:
    task = replace(world.function("lib.none"), config=Unloadable({}, ""))
    first, second = world.ends(task, world.function("lib.none"))
    assert status(first) == ("error", 1, "ValueError: 1 is not in list")
    assert second.state.status is Status.COMPLETED


def test_a_worker_that_was_killed_while_idle_is_not_waited_for(world: World, lib: Path) -> None:
    with world.executor() as executor:
        first = outcomes_of(executor, world.function("lib.pid"))[0]
        assert first.run.result is not None
        os.kill(first.run.result.value, signal.SIGKILL)
        while Path(f"/proc/{first.run.result.value}").exists():
            pass
        second = outcomes_of(executor, world.function("lib.give", x=1))[0]
    assert second.run.result == Result(value={"x": 1})


# Looking at a function before anything is recorded


def test_a_probe_tells_how_a_function_is_called(world: World) -> None:
    path = world.write(
        "pkg/mod.py",
        """
        def f(a, b=1, *, c): ...
        def g(cfg): ...
        def h(cfg, **more): ...
        class K:
            def __init__(self, x): ...
        """,
    )
    with world.executor() as executor:
        probed = [
            replace(executor.probe(f"pkg.mod.{n}", str(world.project)), resolvers=())
            for n in "fghK"
        ]
    source = str(path)
    assert probed == [
        Signature(
            parameters=parameters,
            required=required,
            takes_config=takes_config,
            takes_any=takes_any,
            source_file=source,
        )
        for parameters, required, takes_config, takes_any in [
            (("a", "b", "c"), ("a", "c"), False, False),
            (("cfg",), ("cfg",), True, False),
            (("cfg",), ("cfg",), False, True),
            (("x",), ("x",), False, False),
        ]
    ]


def test_builtins_can_be_probed(world: World) -> None:
    with world.executor() as executor:
        assert executor.probe("builtins.dict", str(world.project)).takes_any


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("nowhere.f", "function nowhere.f cannot be imported: ModuleNotFoundError: No module"),
        ("lib.nothing", "function lib.nothing cannot be imported: AttributeError: module 'lib'"),
        ("lib.not_callable", "function lib.not_callable is no function but a int"),
        ("broken.f", "function broken.f cannot be imported: SyntaxError: "),
        ("needy.f", "function needy.f cannot be imported: ModuleNotFoundError: No module named 'q"),
        ("deadly.f", "function deadly.f cannot be imported: exit status 3"),
        ("leaving.f", "function leaving.f cannot be imported: SystemExit: 2"),
        ("f", "function f cannot be imported: ValueError: Empty module name"),
    ],
)
def test_what_cannot_be_imported_is_a_mistake_in_one_line(
    world: World, lib: Path, target: str, expected: str
) -> None:
    world.write("broken.py", "def f(:")
    world.write("needy.py", "import quite_missing")
    world.write("deadly.py", "import os; os._exit(3)")
    world.write("leaving.py", "import sys; sys.exit(2)")
    with world.executor() as executor:
        with pytest.raises(Mistake) as caught:
            executor.probe(target, str(world.project))
        assert str(caught.value).startswith(expected)
        assert "\n" not in str(caught.value)
        assert executor.probe("lib.give", str(world.project)).takes_any


def test_the_worker_that_was_probed_is_warm_for_the_first_trial(world: World) -> None:
    world.write("lib.py", "import os\nprint('imported')\ndef pid(): return os.getpid()\n")
    with world.executor() as executor:
        executor.probe("lib.pid", str(world.project))
        outcomes = outcomes_of(executor, world.function("lib.pid"))
    assert world.log(outcomes[0].run) == ""


def test_what_a_function_registers_for_the_end_of_its_process_runs_there(world: World) -> None:
    world.write(
        "lib.py",
        """
        import atexit, pathlib
        def f(path): atexit.register(pathlib.Path(path).touch)
        """,
    )
    mark = world.project / "mark"
    world.end(world.function("lib.f", path=str(mark)))
    assert mark.exists()
