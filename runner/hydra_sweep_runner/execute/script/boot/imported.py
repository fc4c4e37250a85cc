"""Finds the modules of a project that this process has imported: code that made a run, beside the
files that its operation names.

Like all of this folder it imports only modules that Python has loaded by itself.
"""

import os
import sys

_INSTALLED = ("site-packages", "dist-packages")


def imported(project_dir: str, run_dir: str, since_ns: int) -> "list[tuple[str, bool]]":
    """The files of imported modules that are in the project, relative to its folder, each with
    whether it changed after `since_ns` (nanoseconds since the epoch): the code that ran may then be
    another. Installed and hidden files and those in the run's own folder are left out; links are
    resolved."""
    roots = {f"{project_dir}/", f"{os.path.realpath(project_dir)}/"}
    found = {}
    for module in list(sys.modules.values()):
        path = getattr(module, "__dict__", {}).get("__file__")
        if type(path) is not str:
            continue
        if path.startswith(f"{run_dir}/"):
            path = os.path.realpath(path)
        root = next((root for root in roots if path.startswith(root)), None)
        if root is None or path.startswith(f"{run_dir}/"):
            continue
        name = path[len(root) :]
        if not any(part in _INSTALLED or part[:1] == "." for part in name.split("/")):
            found[name] = _changed_ns(path) > since_ns
    return list(found.items())


def _changed_ns(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - pathlib is not loaded
    except OSError:  # the file was removed
        return sys.maxsize
