"""`report`, which a run's own code calls to report scalars. Imports next to nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import SupportsFloat

#: The environment variable with the path of the file that a run appends its scalars to.
VARIABLE = "RUNNER_SCALARS"


def report(
    scalars: Mapping[str, SupportsFloat] | None = None,
    /,
    *,
    step: SupportsFloat | None = None,
    **named: SupportsFloat,
) -> None:
    """Report scalars of the current run, by keyword or, for other names, in a mapping.

    Without a step, a report's step is the number of earlier reports of that name. Values that
    are no numbers are ignored. Outside a run the call does nothing. Raises OSError if the run's
    file cannot be written.

    >>> report(step=3, loss=0.25)
    >>> report({"val/loss": 0.3}, step=3)
    """
    path = os.environ.get(VARIABLE)
    if not path:
        return
    import json

    from hydra_sweep_runner.scalars.numbers import number_of

    content: dict[str, float] = {}
    at = None if step is None else number_of(step)
    if at is not None:
        content["step"] = int(at) if at.is_integer() else at
    for name, value in {**(scalars or {}), **named}.items():
        number = number_of(value)
        if number is not None:
            content[str(name)] = number
    line = f"{json.dumps(content)}\n".encode()
    # One write per line, so that the lines of several processes do not mix.
    how = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    try:
        file = os.open(path, how, 0o666)
    except FileNotFoundError:  # the run emptied its folder
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - no pathlib
        file = os.open(path, how, 0o666)
    try:
        os.write(file, line)
    finally:
        os.close(file)
