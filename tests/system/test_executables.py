"""What is told of a file that the system does not start: each is tried, and is not started."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hydra_sweep_runner.system.executables import why_not_started

PATH = "/usr/bin:/bin"


def made(folder: Path, name: str, content: bytes, mode: int = 0o755) -> Path:
    path = folder / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("name", "content", "mode", "why"),
    [
        ("a.sh", b"#!/bin/sh\n", 0o644, "it has no permission to be executed: chmod +x ./a.sh"),
        (
            "a.sh",
            b"#!/bin/sh\r\necho hi\r\n",
            0o755,
            "its lines end as on Windows, and the carriage return is taken for a part of the "
            "interpreter's name, /bin/sh: sed -i 's/\\r$//' ./a.sh",
        ),
        (
            "a.py",
            b"#!/usr/bin/env python3\r\n",
            0o755,
            "its lines end as on Windows, and the carriage return is taken for a part of the "
            "interpreter's name, /usr/bin/env: sed -i 's/\\r$//' ./a.py",
        ),
        (
            "a.py",
            b"#!/usr/bin/pyhton3 -u\n",
            0o755,
            "the interpreter that its first line names, /usr/bin/pyhton3, is not there",
        ),
        (
            "a.py",
            b"#! /usr/bin/env pyhton3\n",
            0o755,
            "the interpreter that its first line names, pyhton3, is not in PATH",
        ),
        (
            "a.sh",
            b"echo hi\n",
            0o755,
            "its first line names no interpreter: begin it with #!/bin/sh, or write "
            "operation.command: [sh, ./a.sh, …]",
        ),
        (
            "a.py",
            b"print(1)\n",
            0o755,
            "its first line names no interpreter: begin it with #!/usr/bin/env python3, or write "
            "operation.command: [python, ./a.py, …]",
        ),
        (
            "a.sh",
            b"#!\necho hi\n",
            0o755,
            "its first line names no interpreter: begin it with #!/bin/sh, or write "
            "operation.command: [sh, ./a.sh, …]",
        ),
    ],
)
def test_what_keeps_the_system_from_starting_a_file(
    tmp_path: Path, name: str, content: bytes, mode: int, why: str
) -> None:
    path = made(tmp_path, name, content, mode)
    assert why_not_started(path, f"./{name}", PATH) == why
    try:
        started = subprocess.run([path], check=False, capture_output=True, env={"PATH": PATH})
    except OSError:
        return
    assert started.returncode == 127  # as `env` ends, which was started


@pytest.mark.parametrize(
    "content",
    [b"#!/bin/sh\n", b"#!/usr/bin/env sh\n", b"#!/usr/bin/env -S sh -e\n", b"#! /bin/sh -e\n"],
)
def test_nothing_is_told_of_a_file_that_can_be_started(tmp_path: Path, content: bytes) -> None:
    path = made(tmp_path, "a.sh", content)
    subprocess.run([path], check=True, env={"PATH": PATH})
    assert why_not_started(path, "./a.sh", PATH) is None


def test_nothing_is_told_of_what_is_not_known(tmp_path: Path) -> None:
    assert why_not_started(tmp_path / "gone.sh", "./gone.sh", PATH) is None
    assert why_not_started(tmp_path, "./", PATH) is None
    assert why_not_started(made(tmp_path, "a", b"\x7fELF\0\0"), "./a", PATH) is None
    assert why_not_started(made(tmp_path, "b", b"#!sh\n"), "./b", PATH) is None
