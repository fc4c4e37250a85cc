"""Scripts that are forked from a process which has imported what they need."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.execute.task import Task
from hydra_sweep_runner.model import FlagsTo, Status
from hydra_sweep_runner.operation.call import ScriptCall
from tests.execute.world import World, outcomes_of
from tests.installed import needs
from tests.scenarios.project import wait_until

HEAVY = """
    import os
    from pathlib import Path

    with Path(__file__).with_name("imports").open("a") as imports:
        imports.write(f"{os.getpid()}\\n")
    names = []
"""

LOOK = """
    import json, os, sys
    import heavy

    x = 0
    heavy.names.append(x)

    class Mine:
        pass

    def test():
        import pickle
        return pickle.loads(pickle.dumps(Mine())).__class__ is Mine

    print(json.dumps({
        "x": x, "name": __name__, "file": __file__, "argv": sys.argv, "path": sys.path[0],
        "main": sys.modules["__main__"].__dict__ is globals(), "pickles": test(),
        "cwd": os.getcwd(), "id": os.environ["RUNNER_RUN_ID"], "names": heavy.names,
        "runner": [name for name in sys.modules if name.split(".")[0] == "hydra_sweep_runner"],
        "stdin": sys.stdin.read(), "pid": os.getpid(), "tty": sys.stdout.isatty(),
    }))
    print("to the other", file=sys.stderr)
"""


def preloaded(task: Task, *modules: str) -> Task:
    assert isinstance(task.call, ScriptCall)
    return replace(task, call=replace(task.call, preload=modules))


def imports(world: World) -> list[str]:
    return (world.project / "imports").read_text().split()


def test_each_script_is_a_main_of_its_own(world: World) -> None:
    world.write("heavy.py", HEAVY)
    tasks = [preloaded(world.script(LOOK, x=n), "heavy") for n in range(3)]
    plain = world.script(LOOK, x=7)
    runs = world.ends(*tasks, plain)
    seen = [json.loads(world.log(run).splitlines()[0]) for run in runs]
    assert len(imports(world)) == 2  # once for all three, and once for the plain one
    assert len({one.pop("pid") for one in seen}) == 4
    for number, (one, run) in enumerate(zip(seen, runs, strict=True)):
        assert one.pop("x") == (7 if number == 3 else number)
        assert one.pop("names") == [7 if number == 3 else number]
        assert one.pop("id") == run.id
        assert one.pop("cwd") == str(world.folder(run))
        assert "to the other" in world.log(run)
    assert seen[0] == seen[1] == seen[2] == seen[3]
    assert (seen[3]["main"], seen[3]["pickles"], seen[3]["runner"]) == (True, True, [])


def test_arguments_reach_a_preloaded_script(world: World) -> None:
    world.write("heavy.py", HEAVY)
    text = "import sys\nprint(sys.argv[1:])\n"
    run = world.end(preloaded(world.script(text, FlagsTo.ARGS, lr=0.5, on=True), "heavy"))
    assert world.log(run) == "['--lr', '0.5', '--on']\n"


ENDS = {
    "import sys; sys.exit(3)": (3, "exit status 3"),
    "import os; os._exit(4)": (4, "exit status 4"),
    "raise ValueError('no good')": (1, "exit status 1"),
    "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)": (139, "SIGSEGV"),
    "import sys; sys.exit('so')": (1, "exit status 1"),
}


@pytest.mark.parametrize("text", ENDS)
def test_its_end_is_that_of_a_process_of_its_own(world: World, text: str) -> None:
    world.write("heavy.py", HEAVY)
    bad, good = world.script(text), None
    path = world.write("good.py", "import atexit\natexit.register(print, 'bye')\n")
    good = world.task(ScriptCall(path=str(path)), {})
    runs = world.ends(preloaded(bad, "heavy"), preloaded(good, "heavy"))
    status, reason = ENDS[text]
    assert runs[0].state.exit_status == status
    assert reason in (runs[0].state.reason or "")
    assert runs[1].state.status is Status.COMPLETED
    assert world.log(runs[1]) == "bye\n"


def test_a_traceback_begins_in_the_script(world: World) -> None:
    world.write("heavy.py", HEAVY)
    run = world.end(preloaded(world.script("def f():\n    1 / 0\nf()\n"), "heavy"))
    plain = world.end(world.script("def f():\n    1 / 0\nf()\n"))
    assert world.log(run) == world.log(plain)
    assert world.log(run).count("File ") == 2


def test_a_timeout_ends_its_whole_group(world: World) -> None:
    world.write("heavy.py", HEAVY)
    text = "import subprocess\nsubprocess.run(['sleep', '600'])\n"
    task = replace(preloaded(world.script(text), "heavy"), timeout_s=0.5)
    run = world.end(task)
    assert run.state.reason == "timeout after 0.5 s"
    assert run.state.exit_status == 124


@needs("numpy")
def test_scripts_do_not_draw_the_same(world: World) -> None:
    text = "import random, numpy\nprint(random.random(), numpy.random.random())\n"
    runs = world.ends(*(preloaded(world.script(text), "numpy", "random") for _ in range(3)))
    drawn = [world.log(run).split() for run in runs]
    assert len({one for one, _ in drawn}) == len({other for _, other in drawn}) == 3


def test_side_by_side(world: World) -> None:
    world.write("heavy.py", HEAVY)
    text = "x = 0\nimport time, heavy\ntime.sleep(0.05)\nprint(x)\n"
    tasks = [preloaded(world.script(text, x=n), "heavy") for n in range(8)]
    runs = world.ends(*tasks, n_jobs=3)
    assert [world.log(run) for run in runs] == [f"{n}\n" for n in range(8)]
    assert len(imports(world)) == 1


def test_multiprocessing_works_in_both_ways(world: World) -> None:
    world.write("heavy.py", HEAVY)
    text = """
        import multiprocessing

        def double(n):
            return n * factor

        factor = 2
        if __name__ == "__main__":
            for way in ("fork", "spawn"):
                with multiprocessing.get_context(way).Pool(1) as pool:
                    print(pool.map(double, [1, 2]))
    """
    run = world.end(preloaded(world.script(text, factor=3), "heavy"))
    assert world.log(run) == "[3, 6]\n[3, 6]\n"


@pytest.mark.parametrize(
    ("module", "text", "says"),
    [
        ("nosuch", "", "cannot import nosuch: ModuleNotFoundError: No module named 'nosuch'"),
        ("bad", "raise RuntimeError('not\\ntoday')", "cannot import bad: RuntimeError: not today"),
        ("gone", "import os; os._exit(1)", "the process died while it imported them"),
        (
            "torch",
            "class cuda:\n    is_initialized = staticmethod(lambda: True)\n",
            "importing torch initialises CUDA",
        ),
    ],
)
def test_what_cannot_be_preloaded_is_a_mistake(
    world: World, module: str, text: str, says: str
) -> None:
    if text:
        world.write(f"{module}.py", text)
    script = world.write("script.py", "")
    with world.executor() as executor, pytest.raises(Mistake, match=r"^operation\.preload: ") as it:
        executor.preload([module], str(script))
    assert says in str(it.value)


def test_no_process_of_it_is_left(world: World) -> None:
    world.write("heavy.py", HEAVY)
    world.end(preloaded(world.script("import heavy\n"), "heavy"))
    assert not psutil.pid_exists(int(imports(world)[0]))


def test_one_that_was_killed_is_started_again(world: World) -> None:
    world.write("heavy.py", HEAVY)
    first, second = (preloaded(world.script("import heavy\n"), "heavy") for _ in range(2))
    with world.executor() as executor:
        assert [one.run.state.status for one in outcomes_of(executor, first)] == [Status.COMPLETED]
        server = psutil.Process(int(imports(world)[0]))
        server.kill()
        wait_until(lambda: server.status() == psutil.STATUS_ZOMBIE)
        assert [one.run.state.status for one in outcomes_of(executor, second)] == [Status.COMPLETED]
    assert len(imports(world)) == 2


def test_a_project_s_own_module_named_runner_is_its_own(world: World, tmp_path: Path) -> None:
    world.write("heavy.py", HEAVY)
    world.write("runner.py", "here = True\n")
    run = world.end(preloaded(world.script("import runner\nprint(runner.here)\n"), "heavy"))
    assert world.log(run) == "True\n"
