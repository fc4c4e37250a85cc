"""`operation.script`: a Python file of the project, run as `__main__`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.model import FlagsTo, Operation, Target, Value
from hydra_sweep_runner.operation.call import ScriptCall, Values
from hydra_sweep_runner.operation.flags import flatten
from hydra_sweep_runner.operation.kinds.kind import Checked, Inspector, read_text


class ScriptKind:
    """The target is the file's path, relative to the project."""

    own_keys = frozenset({"preload"})
    is_hydra_job = False
    may_register_resolvers = False
    names_its_flags = False

    def read_target(self, value: object) -> str:
        """The path in the YAML. Raises Mistake."""
        return read_text("script", value)

    def default_name(self, target: Target) -> str:
        """The file's name."""
        return PurePosixPath(str(target)).name

    def check(
        self, operation: Operation, flag_names: Sequence[str], inspector: Inspector
    ) -> Checked:
        """Raise Mistake for a missing file, for a flag that the script does not take, as far as its
        source tells, and for a module that cannot be preloaded."""
        path = inspector.project_dir / str(operation.target)
        if not inspector.is_file(path):
            what = "is no file" if inspector.exists(path) else "does not exist"
            raise Mistake(
                f"operation.script: {operation.target} {what} (looked in "
                f"{inspector.project_dir}): give a Python file of the project"
            )
        flags_to = inspector.flags_to(path, operation.flags_to, flag_names)
        if operation.preload:
            inspector.preload(operation.preload, path)

        if flags_to is FlagsTo.GLOBALS:
            return Checked(sources=(path,), call=partial(_with_globals, path, operation.preload))

        def call(values: Values) -> ScriptCall:
            given = inspector.arguments(path, flatten(dict(values.flags)))
            return ScriptCall(path=str(path), arguments=given, preload=operation.preload)

        def check_flag(name: str, value: Value) -> None:
            inspector.arguments(path, {name: value})

        return Checked(sources=(path,), call=call, check_flag=check_flag)


def _with_globals(path: Path, preload: tuple[str, ...], values: Values) -> ScriptCall:
    return ScriptCall(path=str(path), flags=flatten(dict(values.flags)), preload=preload)
