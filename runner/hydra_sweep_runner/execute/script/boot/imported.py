"""Which modules of a project this process has imported: what a run was made by, beside the
files that its operation names.

Like all of this folder it imports nothing that Python has not loaded by itself.
"""

import os
import sys

_INSTALLED = ("site-packages", "dist-packages")


def imported(project_dir: str, run_dir: str, since_ns: int) -> "list[tuple[str, bool]]":
    """The files of imported modules that lie in the project, relative to its folder, each with
    whether it was changed after `since_ns` (nanoseconds since the epoch): then the code that
    ran may be another. What is installed, hidden or in the run's own folder does not count;
    what is a link there is what it leads to."""
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
    except OSError:  # it is not there any more
        return sys.maxsize
