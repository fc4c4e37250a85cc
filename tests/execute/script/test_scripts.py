"""A script runs as a real `__main__`, its flags given as globals or as arguments."""

from __future__ import annotations

import json
import marshal
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hydra_sweep_runner.execute.script.boot import main as boot_main
from hydra_sweep_runner.model import FlagsTo, Run, Status, Value
from hydra_sweep_runner.store import layout
from tests.execute.world import World

LOOK = """
import json, sys
print(json.dumps({
    "name": __name__, "file": __file__, "argv": sys.argv, "path": sys.path[0],
    "doc": __doc__, "package": __package__, "main": sys.modules["__main__"].__dict__ is globals(),
    "loader": type(__loader__).__name__, "annotations": "__annotations__" in globals(),
    "modules": sorted(m for m in sys.modules if m.partition(".")[0] not in ("json", "_json")),
}))
"""


def told(world: World, run: Run) -> object:
    """What a script printed as JSON."""
    assert run.state.status is Status.COMPLETED, world.log(run)
    return json.loads(world.log(run))


def test_a_script_finds_what_it_would_find_under_python(world: World) -> None:
    task = world.script(LOOK, FlagsTo.ARGS)
    script = world.project / "script.py"
    bare = json.loads(subprocess.check_output([sys.executable, str(script)]))
    ours = told(world, world.end(task))
    assert isinstance(ours, dict)
    extra = set(ours.pop("modules")) - set(bare.pop("modules"))
    assert ours == bare
    assert extra <= {"_struct", "atexit", "struct"}


def test_a_script_with_globals_has_no_more_modules_either(world: World) -> None:
    task = world.script("x = 0\nimport sys\nprint(len(sys.modules), file=sys.stderr)" + LOOK, x=1)
    script = world.project / "script.py"
    bare = json.loads(subprocess.check_output([sys.executable, str(script)], stderr=-3))
    text = world.log(world.end(task)).splitlines()[-1]
    assert set(json.loads(text)["modules"]) - set(bare["modules"]) <= {"_ast", "atexit"}


#: A short script is compiled by the runner, a long one in its own process.
LONG = "# a long script\n" * 2000


@pytest.mark.parametrize("source", ["x = 0\n", f"x = 0\n{LONG}"])
def test_a_warning_about_the_source_is_in_the_trials_output(world: World, source: str) -> None:
    task = world.script(f"{source}print(x is 1)", x=1)
    log = world.log(world.end(task))
    assert "SyntaxWarning" in log
    assert log.endswith("True\n")


def test_a_script_is_optimized_where_its_environment_says_so(world: World) -> None:
    task = world.script("x = 0\nassert x == 5\nprint(__debug__)", x=1)
    assert "AssertionError" in world.log(world.end(task))
    task = replace(task, environment={**task.environment, "PYTHONOPTIMIZE": "1"})
    assert world.log(world.end(task)) == "False\n"


def test_how_the_code_arrives_is_not_seen(world: World) -> None:
    look = "import os\nprint(sorted(name for name in os.environ if 'SCRIPT' in name))"
    run = world.end(world.script(f"x = 0\n{look}", x=1))
    assert world.log(run) == "['RUNNER_SCRIPT', 'RUNNER_SCRIPT_FLAGS']\n"
    run = world.end(world.script(look, FlagsTo.ARGS))
    assert world.log(run) == "[]\n"


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        2**80,
        1.5,
        -0.0,
        1e-300,
        float("inf"),
        True,
        None,
        "a'\"\n\\ü",
        [1, [2.0, "x"]],
        {"a": [1]},
    ],
)
@pytest.mark.parametrize("more", ["", LONG])
def test_a_global_takes_a_flags_value_exactly(world: World, value: Value, more: str) -> None:
    task = world.script(f"x = 'before'\nprint(repr(x))\n{more}", x=value)
    assert world.log(world.end(task)).strip() == repr(value)


def test_globals_are_replaced_wherever_the_module_assigns_literals_to_them(world: World) -> None:
    task = world.script(
        """
        from __future__ import annotations
        a = 1; b: int = 1
        c: float
        d = e = [0]
        (f, [g, h]), i = (1, [2, 3]), 4
        j, k = m = 5, 6
        n, *o = 7, 8
        if True:
            p = 9
        def q(): r = 10; return r
        r = q()
        print(a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, r)
        """,
        **dict.fromkeys("abceghkmnopr", -1),
    )
    expected = "-1 -1 -1 [0] -1 1 -1 -1 4 5 -1 -1 7 [8] 9 10"
    assert world.log(world.end(task)).strip() == expected


def test_what_is_computed_is_code_and_a_flag_does_not_take_its_place(world: World) -> None:
    task = world.script(
        """
        def f():
            print("called")
            return 0
        w = -1; x = w - 1
        y = z = f()
        w = w * 10
        print(w, x, y, z)
        """,
        w=1,
        x=1,
        y=2,
    )
    assert world.log(world.end(task)) == "called\n10 0 0 0\n"


def test_more_flags_than_an_environment_variable_holds_arrive(world: World) -> None:
    big: Value = ["x" * 200_000, 1]
    run = world.end(world.script("x = []\nprint(len(x[0]), x[1])", x=big))
    assert world.log(run) == "200000 1\n"


@pytest.mark.parametrize(("source", "expected"), [("import own", ["own.py"]), ("pass", [])])
def test_a_note_of_imports_that_an_earlier_attempt_has_left_is_not_taken(
    world: World, source: str, expected: list[str]
) -> None:
    world.write("own.py", "")
    task = world.script(source)
    run_dir = world.store.folder(task.run.id)
    (run_dir / layout.IMPORTS).write_bytes(marshal.dumps([("other.py", False)]))
    folders = {"RUNNER_RUN_DIR": str(run_dir), "RUNNER_PROJECT_DIR": str(world.project)}
    run = world.end(replace(task, environment={**task.environment, **folders}))
    assert list(run.provenance.imports) == expected


def test_arguments_arrive_in_sys_argv(world: World) -> None:
    flags: dict[str, Value] = {"lr": 1e-05, "n": -3, "s": "-x", "on": True, "off": False}
    flags |= {"none": None, "l": [1, "b", {"k": None}], "model.depth": 2}
    run = world.end(world.script("import sys\nprint(sys.argv[1:])", FlagsTo.ARGS, **flags))
    expected = ["--lr", "1e-05", "--n", "-3", "--s=-x", "--on", "--l", "1", "b", '{"k": null}']
    assert world.log(run).strip() == str([*expected, "--model.depth", "2"])


def test_argparse_gets_the_values_back(world: World) -> None:
    run = world.end(
        world.script(
            """
            import argparse
            p = argparse.ArgumentParser()
            p.add_argument("--lr", type=float)
            p.add_argument("--low", type=float)
            p.add_argument("--tiny", type=float)
            p.add_argument("--text")
            p.add_argument("--many", nargs="+", type=int)
            p.add_argument("--on", action="store_true")
            print(vars(p.parse_args()))
            """,
            FlagsTo.ARGS,
            lr=0.1,
            low=-0.5,
            tiny=-1e-20,
            text="--x y",
            many=[1, 2],
            on=True,
        )
    )
    assert world.log(run).strip() == str(
        {"lr": 0.1, "low": -0.5, "tiny": -1e-20, "text": "--x y", "many": [1, 2], "on": True}
    )


def test_classes_of_a_script_can_be_pickled(world: World) -> None:
    run = world.end(
        world.script(
            """
            import pickle
            x = 1
            class Model:
                def __init__(self): self.x = x
            data = pickle.dumps(Model())
            print(type(pickle.loads(data)) is Model, pickle.loads(data).x, b"__main__" in data)
            """,
            x=5,
        )
    )
    assert world.log(run) == "True 5 True\n"


@pytest.mark.parametrize("flags_to", [FlagsTo.GLOBALS, FlagsTo.ARGS])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_see_the_script_and_its_flags(
    world: World, method: str, flags_to: FlagsTo
) -> None:
    run = world.end(
        world.script(
            """
            import multiprocessing
            x = 1
            class Box:
                def __init__(self, v): self.v = v
            def f(box): return Box((box.v, x))
            if __name__ == "__main__":
                with multiprocessing.get_context(METHOD).Pool(2) as pool:
                    print([b.v for b in pool.map(f, [Box(1), Box(2)])])
            """.replace("METHOD", repr(method)),
            flags_to,
            x=7,
        )
    )
    seen = 7 if flags_to is FlagsTo.GLOBALS else 1
    assert world.log(run) == f"[(1, {seen}), (2, {seen})]\n"


def test_a_traceback_shows_the_scripts_own_lines_only(world: World) -> None:
    run = world.end(
        world.script(
            """
            # a comment
            x = 1
            def fail():
                raise ValueError(f"bad {x}")
            fail()
            """,
            x=9,
        )
    )
    path = world.project / "script.py"
    lines = [line for line in world.log(run).splitlines() if "^" not in line]
    assert lines == [
        "Traceback (most recent call last):",
        f'  File "{path}", line 5, in <module>',
        "    fail()",
        f'  File "{path}", line 4, in fail',
        '    raise ValueError(f"bad {x}")',
        "ValueError: bad 9",
    ]
    assert (run.state.status, run.state.exit_status) == (Status.ERROR, 1)
    assert run.state.reason == "exit status 1: ValueError: bad 9"


def test_a_syntax_error_is_shown_as_python_shows_it(world: World) -> None:
    task = world.script("x = (\n", FlagsTo.ARGS)
    script = world.project / "script.py"
    bare = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert world.log(world.end(task)) == bare.stderr


@pytest.mark.parametrize(
    ("text", "status", "output"),
    [
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit(3)", 3, ""),
        ("import sys; sys.exit('why')", 1, "why\n"),
        ("raise SystemExit(-1)", 255, ""),
        ("import os; os._exit(4)", 4, ""),
        ("import os; os._exit(0)", 0, ""),
        ("import atexit, sys\natexit.register(print, 'last')\nsys.exit(2)", 2, "last\n"),
        (
            "import threading, time\n"
            "def f():\n time.sleep(0.2); print('thread')\n"
            "threading.Thread(target=f).start()\nprint('main')",
            0,
            "main\nthread\n",
        ),
        (
            "import sys\nsys.excepthook = lambda *a: print('hook', a[1])\n1/0",
            1,
            "hook division by zero\n",
        ),
    ],
)
def test_a_script_ends_as_under_python(world: World, text: str, status: int, output: str) -> None:
    run = world.end(world.script(text))
    assert run.state.exit_status == status
    assert world.log(run) == output
    assert run.state.status is (Status.ERROR if status else Status.COMPLETED)


def test_an_interrupted_script_dies_by_the_signal(world: World) -> None:
    run = world.end(world.script("import os, signal\nos.kill(os.getpid(), signal.SIGINT)"))
    assert (run.state.exit_status, run.state.reason) == (130, "killed by signal 2 (SIGINT)")
    assert world.log(run).splitlines()[-1] == "KeyboardInterrupt"


def test_encoding_declarations_and_other_bytes_are_read_as_python_reads_them(world: World) -> None:
    task = world.script("x = 0")
    path = world.project / "script.py"
    path.write_bytes("# coding: latin-1\nx = 0\ny = 'ü'\nprint(ascii(y), x)\n".encode("latin-1"))
    (world.folder(task.run) / "nothing").touch()
    assert world.log(world.end(task)) == "'\\xfc' 0\n"


def test_modules_beside_the_script_are_importable_also_through_a_link(world: World) -> None:
    world.write("code/beside.py", "value = 5\n")
    world.write("code/real.py", "import beside\nprint(beside.value)\n")
    task = world.script("")
    path = world.project / "script.py"
    path.unlink()
    path.symlink_to(world.project / "code" / "real.py")
    assert world.log(world.end(task)) == "5\n"


def test_a_relative_import_fails_as_in_any_script(world: World) -> None:
    run = world.end(world.script("x = 0\nfrom . import y", x=1))
    assert "ImportError: attempted relative import with no known parent package" in world.log(run)


def test_a_script_started_by_a_script_gets_no_flags(world: World) -> None:
    world.write("other.py", "x = 0\nprint('other', x)\n")
    run = world.end(
        world.script(
            f"""
            import subprocess, sys
            x = 0
            for way in ([], [{boot_main.__file__!r}]):
                subprocess.run([sys.executable, *way, {str(world.project / "other.py")!r}])
            print(x)
            """,
            x=3,
        )
    )
    assert world.log(run) == "other 0\nother 0\n3\n"


def test_output_of_both_streams_is_live_and_in_order(world: World) -> None:
    run = world.end(
        world.script(
            """
            import sys, time
            for n in range(3):
                print("out", n); time.sleep(0.05)
                print("err", n, file=sys.stderr); time.sleep(0.05)
            """
        ),
        environment={**os.environ, "PYTHONUNBUFFERED": ""},
    )
    assert world.log(run) == "".join(f"out {n}\nerr {n}\n" for n in range(3))
    assert world.reporter.text("stdout") == "out 0\nout 1\nout 2\n"
    assert world.reporter.text("stderr") == "err 0\nerr 1\nerr 2\n"


def test_a_script_has_no_input_and_works_in_its_runs_folder(world: World) -> None:
    run = world.end(world.script("import os, sys\nprint(repr(sys.stdin.read()), os.getcwd())"))
    assert world.log(run) == f"'' {world.folder(run)}\n"


def test_the_bootstrap_costs_little(tmp_path: Path) -> None:
    """It imports little that Python has not imported itself."""
    script = tmp_path / "s.py"
    script.write_text("")
    command = [sys.executable, "-X", "importtime", boot_main.__file__, str(script)]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    names = [line.rpartition("|")[2].strip() for line in loaded.splitlines()]
    assert set(names[names.index("site") + 1 :]) <= {"atexit"}
