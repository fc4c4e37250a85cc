"""The reason of a run that ended with an exit status: `exit status 1: ValueError: no good`. Pure.

Behind the status stands what the process said last about its end: the text that it gave to
`sys.exit`, its exception, or a parser's error. It is there only if it is known.
"""

from __future__ import annotations

import re

#: The most characters of what stands behind the status.
_MOST = 300
_HEAD = re.compile(r"(exit status \d+)(?:: (.+))?", re.DOTALL)
#: What argparse and click print last before they exit with status 2.
_REFUSED = re.compile(r"(\S.*: )?[Ee]rror: \S.*")
#: The exit status of a parser that refuses its arguments.
_USAGE = 2


def of_status(code: int, said: object = "") -> str:
    """The reason of a process that exited with this status, with the first line of what it said.
    The text of `said`, an argument of `sys.exit`, may be anything, or fail."""
    line = _first_line(said)
    return f"exit status {code}: {line}" if line else f"exit status {code}"


def parted(reason: str) -> tuple[str, str]:
    """The reason up to the exit status, and what stands behind it, perhaps nothing."""
    found = _HEAD.fullmatch(reason)
    return (reason, "") if found is None else (found[1], found[2] or "")


def refusal(lines: list[str], code: int | None) -> str:
    """The line of a parser's error, if output with these last lines ends with one: `train.py:
    error: argument --lr: invalid float value: 'x'`; else an empty text."""
    last = next((line for line in reversed(lines) if line.strip()), "")
    return last.strip() if code == _USAGE and _REFUSED.fullmatch(last.strip()) else ""


def _first_line(said: object) -> str:
    try:
        lines = str(said).splitlines()
    except Exception:
        return ""
    line = next((" ".join(line.split()) for line in lines if line.strip()), "")
    return line if len(line) <= _MOST else f"{line[: _MOST - 1]}…"
