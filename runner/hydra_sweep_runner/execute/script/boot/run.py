"""Runs a script as `__main__`.

Every trial pays for the modules imported here, so only modules that Python has loaded by itself are
imported. If the variable SCRIPT names the script, it takes its flags as globals: the assignments to
them in its source get the values in FLAGS.
"""

import marshal
import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

#: The script that FLAGS are for; scripts that it starts do not get them.
SCRIPT = "RUNNER_SCRIPT"
#: The flags for a script's globals: a marshalled dict, in hexadecimal digits, or `@` and the
#: path of a file with it. Both stay in the environment for multiprocessing's children.
FLAGS = "RUNNER_SCRIPT_FLAGS"
#: The script's code with these flags, if the runner has compiled it: marshalled, in hexadecimal
#: digits. The script does not see this variable.
CODE = "RUNNER_SCRIPT_CODE"
#: The module that these children import instead of the script's `__main__`.
AGAIN = "hydra_sweep_runner.execute.script.boot.again"

# Copied from `execute.variables` and `store.layout`, which must not be imported here.
_RUN_DIR = "RUNNER_RUN_DIR"
_PROJECT_DIR = "RUNNER_PROJECT_DIR"
_IMPORTS = ".runner/imports.marshal"
_EXIT = ".runner/exit.txt"

# Modules that Python imports at its start, and that a project may have.
_CUSTOM = {"sitecustomize", "usercustomize"}

#: The process that the run has started, and the run's folder: a process that the script starts as
#: itself notes nothing.
_noting: "tuple[int, str] | None" = None


def main() -> None:
    """Become the script that the first argument names."""
    path = sys.argv[1]
    sys.argv[:] = sys.argv[1:]
    note_imports_at_end(path, is_fresh=True)
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(path))  # noqa: PTH120
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    run_as_main(path)


def main_again() -> None:
    """Become the script that SCRIPT names, as `main` does: the script has started itself again."""
    path = os.environ[SCRIPT]
    sys.argv[0] = path
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(path))  # noqa: PTH120
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    run_as_main(path)


def run_as_main(path: str) -> None:
    """Run the script in a fresh `__main__`. Raises SystemExit or KeyboardInterrupt, for the
    interpreter to handle; any other exception is printed first."""
    module: Any = type(sys)("__main__")
    module.__file__ = path
    module.__builtins__ = sys.modules["builtins"]
    module.__loader__ = SourceFileLoader("__main__", path)
    module.__cached__ = None
    if sys.version_info < (3, 14):
        module.__annotations__ = {}
    try:
        if os.environ.get(SCRIPT) == path:
            module.__spec__ = _Spec(AGAIN, None)
            _make_importable()
        sys.modules["__main__"] = module
        given = os.environ.pop(CODE, None)
        code = marshal.loads(bytes.fromhex(given)) if given else code_of(path, flags_of(path))
        exec(code, module.__dict__)
    except SystemExit as error:
        _note_exit(error.code)
        raise
    except BaseException as error:
        _end_by(error)


def note_imports_at_end(path: str, *, is_fresh: bool) -> None:
    """Note in the run's folder, when the process ends, the modules of the project that the script
    at `path` has imported; if there are none, there is no note. A fresh process has imported only
    what Python imports at its start: if nothing is added, there is nothing to look through."""
    import atexit  # both modules are built into Python
    from time import time_ns

    run_dir, project_dir = os.environ.get(_RUN_DIR), os.environ.get(_PROJECT_DIR)
    if run_dir and project_dir:  # registered first, so that it runs last
        global _noting
        _noting = (os.getpid(), run_dir)
        known = frozenset(sys.modules) - _CUSTOM if is_fresh else frozenset()
        atexit.register(_note_imports, os.getpid(), path, project_dir, run_dir, time_ns(), known)


def _note_exit(code: object) -> None:
    """Note in the run's folder the text that the script gave to `sys.exit`."""
    if code is None or isinstance(code, int) or _noting is None or _noting[0] != os.getpid():
        return
    try:
        with open(f"{_noting[1]}/{_EXIT}", "wb") as noted:  # noqa: PTH123
            noted.write(str(code).encode("utf-8", "replace"))
    except Exception:  # the folder is gone, the disk is full, or there is no text
        return


def _note_imports(
    pid: int, path: str, project_dir: str, run_dir: str, since_ns: int, known: "frozenset[str]"
) -> None:
    if os.getpid() != pid or sys.modules.keys() <= known:
        return
    imported = _load("imported")["imported"](project_dir, run_dir, since_ns)
    found = [each for each in imported if f"{project_dir}/{each[0]}" != path]
    if not found:
        return
    try:
        with open(f"{run_dir}/{_IMPORTS}", "wb") as noted:  # noqa: PTH123
            marshal.dump(found, noted)
    except OSError:
        return  # the folder is gone, or the disk is full: the imports stay unknown


def run_again(namespace: "dict[str, Any]") -> None:
    """Run the script in the namespace of a child's `__mp_main__`, with the same flags."""
    path = os.environ[SCRIPT]
    namespace["__file__"] = path
    exec(code_of(path, flags_of(path)), namespace)


def flags_of(path: str) -> "dict[str, Any] | None":
    """The flags for the script's globals, by name; None if the script does not take its flags
    so."""
    if os.environ.get(SCRIPT) != path:
        return None
    text = os.environ[FLAGS]
    if text.startswith("@"):
        with open(text[1:], "rb") as file:  # noqa: PTH123
            return marshal.load(file)  # type: ignore[no-any-return]
    return marshal.loads(bytes.fromhex(text))  # type: ignore[no-any-return]


def code_of(path: str, flags: "dict[str, Any] | None") -> "Any":
    """The script's code, with the flags' values in the assignments to them."""
    with open(path, "rb") as file:  # noqa: PTH123
        source = file.read()
    if not flags:
        return compile(source, path, "exec", dont_inherit=True)
    return _load("tree")["code_with_values"](source, path, flags)


def _load(name: str) -> "dict[str, Any]":
    """The names in another module of this folder, which is found by its path, as this one is."""
    file = __file__.removesuffix("run.py") + f"{name}.py"
    namespace: dict[str, Any] = {"__name__": name}
    exec(SourceFileLoader(name, file).get_code(name), namespace)  # type: ignore[arg-type]
    return namespace


def _end_by(error: BaseException) -> "NoReturn":
    """Print the traceback from the script's first frame on, and exit as Python does."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    error.__traceback__ = trace
    last: Any = sys
    last.last_type, last.last_value, last.last_traceback = type(error), error, trace
    last.last_exc = error
    sys.excepthook(type(error), error, trace)
    if isinstance(error, KeyboardInterrupt):
        sys.excepthook = lambda *_: None  # printed already; Python now dies by SIGINT
        raise error
    raise SystemExit(1)


class _Spec(ModuleSpec):
    """A spec by which multiprocessing finds AGAIN; relative imports fail as without a spec."""

    parent = ""


def _make_importable() -> None:
    """Make AGAIN importable for multiprocessing's children, which get this sys.path."""
    root = os.path.abspath(__file__).rsplit(os.sep, 5)[0]  # noqa: PTH100
    if root not in sys.path:
        sys.path.append(root)
