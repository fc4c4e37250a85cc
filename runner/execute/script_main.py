"""Executed as a file: `python script_main.py PATH [ARGUMENT…]` becomes that script.

What that takes is in `script_run`, because Python compiles this file anew for every trial.
"""

import sys

if __name__ == "__main__":
    from script_run import main  # type: ignore[import-not-found]  # this file's folder is where Python looks first

    del sys.modules["script_run"]  # the script may have a module of that name
    main()
