"""Executed as a file: `python main.py PATH [ARGUMENT…]` becomes that script.

Python compiles this file anew for every trial, so it only loads `run`, whose bytecode is cached.
`run` is found by its path, not by name: this folder is first on `sys.path` until the script's own
folder replaces it, and a project may have a `run.py` of its own.
"""

import sys

if __name__ == "__main__":
    from _frozen_importlib_external import SourceFileLoader

    name = "hydra_sweep_runner.execute.script.boot.run"
    file = __file__.removesuffix("main.py") + "run.py"
    run = type(sys)(name)
    run.__file__ = file
    exec(SourceFileLoader(name, file).get_code(name), run.__dict__)  # type: ignore[arg-type]
    run.main()
