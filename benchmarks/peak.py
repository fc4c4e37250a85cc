"""Run a command and write its peak memory, in bytes: `python peak.py FILE COMMAND…`.

A small process: the resident set that the kernel tells of a child is at least the one that
its parent had when it forked.
"""

import os
import sys

pid = os.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(pid, 0)
unit = 1 if sys.platform == "darwin" else 1024
with open(sys.argv[1], "w") as file:  # noqa: PTH123 (pathlib is memory, too)
    file.write(str(usage.ru_maxrss * unit))
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
