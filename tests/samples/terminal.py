"""Typing a transcript into a real shell and comparing what it prints.

A line that is nothing but a command and its words is carried out by a fork, see
`tests.scenarios.forked`: all others are bash's, those with a pipe, a variable or a pattern.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.samples.transcript import match_ids, read_transcript, typed
from tests.scenarios.forked import run_typed


def printed_by(command: str, folder: Path) -> list[str]:
    """What a shell in `folder` prints for a command, both streams together."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": programs}
    forked = run_typed(command, folder, environment, merged=True)
    if forked is not None:
        return forked.lines
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return ended.stdout.splitlines()


def play(markdown: str, folder: Path) -> None:
    """Type all steps of a transcript in `folder`; an AssertionError shows the first that
    prints something else than what stands there."""
    steps = read_transcript(markdown)
    assert steps
    ids: dict[str, str] = {}
    for step in steps:
        command = typed(step.command, ids)
        printed = printed_by(command, folder)
        found = match_ids(step.expected, printed, ids)
        said = "\n".join(["$ " + command, *printed, "-- expected --", *step.expected])
        assert found is not None, said
        ids = found
