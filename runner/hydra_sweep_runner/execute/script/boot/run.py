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
#: The module that these children import instead of the script's `__main__`.
AGAIN = "hydra_sweep_runner.execute.script.boot.again"

# Copied from `execute.variables` and `store.layout`, which must not be imported here.
_RUN_DIR = "RUNNER_RUN_DIR"
_PROJECT_DIR = "RUNNER_PROJECT_DIR"
_IMPORTS = ".runner/imports.marshal"

_ONLY_AST = 0x400  # ast.PyCF_ONLY_AST
_ROWS = ("Tuple", "List")


def main() -> None:
    """Become the script that the first argument names."""
    _die_with_parent()
    path = sys.argv[1]
    sys.argv[:] = sys.argv[1:]
    note_imports_at_end()
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
        exec(code_of(path, flags_of(path)), module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        _end_by(error)


def note_imports_at_end() -> None:
    """Note the imported modules in the run's folder when the process ends."""
    import atexit  # both modules are built into Python
    from time import time_ns

    run_dir, project_dir = os.environ.get(_RUN_DIR), os.environ.get(_PROJECT_DIR)
    if run_dir and project_dir:  # registered first, so that it runs last
        atexit.register(_note_imports, os.getpid(), project_dir, run_dir, time_ns())


def _note_imports(pid: int, project_dir: str, run_dir: str, since_ns: int) -> None:
    if os.getpid() != pid:
        return
    file = __file__.removesuffix("run.py") + "imported.py"
    namespace: dict[str, Any] = {"__name__": "imported"}
    exec(SourceFileLoader("imported", file).get_code("imported"), namespace)  # type: ignore[arg-type]
    found = namespace["imported"](project_dir, run_dir, since_ns)
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
    tree = compile(source, path, "exec", _ONLY_AST, dont_inherit=True)
    return compile(with_values(tree, flags), path, "exec", dont_inherit=True)


def with_values(tree: "Any", flags: "dict[str, Any]") -> "Any":
    """The module's tree, changed in place. Every node keeps its place in the source.

    In `a = b = value`, the value is still evaluated; flags among the targets are assigned
    afterwards.
    """
    tree.body = _with_values(tree.body, flags)
    return tree


def _with_values(statements: "list[Any]", flags: "dict[str, Any]") -> "list[Any]":
    body = []
    for node in statements:
        body.append(node)
        kind = type(node).__name__
        if kind == "AnnAssign" and type(node.target).__name__ == "Name":
            if node.target.id in flags and names_in(node):
                node.value = _constant(flags[node.target.id], node.target)
        elif kind == "Assign" and len(node.targets) == 1:
            node.value = _replaced(node.targets[0], node.value, flags)
        elif kind == "Assign":
            body.extend(
                type(node)([name], _constant(flags[name.id], name), **_place(node))
                for name in names_in(node)
                if name.id in flags
            )
        elif _is_main_guard(node):
            node.body = _with_values(node.body, flags)
    return body


def top_level(statements: "list[Any]") -> "list[Any]":
    """The statements that run once, in any case, when a module is run, including those below `if
    __name__ == "__main__":`."""
    found = []
    for node in statements:
        found.append(node)
        if _is_main_guard(node):
            found.extend(top_level(node.body))
    return found


def _is_main_guard(node: "Any") -> bool:
    if type(node).__name__ != "If" or type(node.test).__name__ != "Compare":
        return False
    sides = [node.test.left, *node.test.comparators]
    names = [getattr(side, "id", getattr(side, "value", None)) for side in sides]
    is_equal = [type(each).__name__ for each in node.test.ops] == ["Eq"]
    return is_equal and names in (["__name__", "__main__"], ["__main__", "__name__"])


def names_in(node: "Any") -> "list[Any]":
    """The Name nodes that a statement of the module declares, or assigns a literal to."""
    kind = type(node).__name__
    if kind == "Assign":
        return [name for each in node.targets for name in _names(each, node.value)]
    return _names(node.target, node.value) if kind == "AnnAssign" else []


def _is_literal(value: "Any") -> bool:
    """Whether a value is written as a literal: an expression of other values is code."""
    kind = type(value).__name__
    if kind in _ROWS or kind == "Set":
        return all(_is_literal(each) for each in value.elts)
    if kind == "Dict":
        return all(_is_literal(each) for each in value.keys + value.values)
    if kind == "UnaryOp":
        return type(value.op).__name__ in ("USub", "UAdd") and _is_literal(value.operand)
    return kind == "Constant"


def _names(target: "Any", value: "Any") -> "list[Any]":
    if type(target).__name__ == "Name":
        return [target] if value is None or _is_literal(value) else []
    return [name for pair in _pairs(target, value) for name in _names(*pair)]


def _pairs(target: "Any", value: "Any") -> "list[tuple[Any, Any]]":
    """The targets and values of `a, b = 1, 2`, paired; empty if they cannot be paired."""
    if type(target).__name__ not in _ROWS or type(value).__name__ not in _ROWS:
        return []
    stars = [1 for each in target.elts + value.elts if type(each).__name__ == "Starred"]
    if stars or len(target.elts) != len(value.elts):
        return []
    return list(zip(target.elts, value.elts))  # noqa: B905 - they are of one length


def _replaced(target: "Any", value: "Any", flags: "dict[str, Any]") -> "Any":
    if type(target).__name__ == "Name" and target.id in flags and _is_literal(value):
        return _constant(flags[target.id], value)
    pairs = _pairs(target, value)
    if pairs:
        value.elts = [_replaced(*pair, flags) for pair in pairs]
    return value


def _constant(value: "Any", at: "Any") -> "Any":
    """A node that evaluates to a flag's value, at another node's place in the source."""
    import _ast

    place = _place(at)
    if isinstance(value, list):
        return _ast.List([_constant(each, at) for each in value], _ast.Load(), **place)
    if isinstance(value, dict):
        keys = [_constant(key, at) for key in value]
        return _ast.Dict(keys, [_constant(each, at) for each in value.values()], **place)
    return _ast.Constant(value, **place)


def _place(node: "Any") -> "dict[str, Any]":
    names = ("lineno", "col_offset", "end_lineno", "end_col_offset")
    return {name: getattr(node, name) for name in names}


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


def _die_with_parent() -> None:
    """Have Linux kill this process when its parent dies; without ctypes, which is slow to
    import."""
    try:
        import _ctypes

        itself: Any = None
        prctl = _ctypes.dlsym(_ctypes.dlopen(itself, 0), "prctl")
        _ctypes.call_function(prctl, (1, 9))  # PR_SET_PDEATHSIG, SIGKILL
    except Exception:
        return  # then only the server ends this process group
