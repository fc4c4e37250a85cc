"""A trial's output: all of it kept, each stream's bytes known again, memory bounded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hydra_sweep_runner.execute.attempt import log
from hydra_sweep_runner.execute.attempt.log import Output, set_aside
from hydra_sweep_runner.terminal.reporter import Stream


def feed(out: Output, chunks: list[tuple[Stream, bytes]]) -> None:
    """Write chunks to the pipes, each taken in before the next."""
    for stream, data in chunks:
        number = 0 if stream == "stdout" else 1
        os.write(out.writers[number], data)
        out.read(out.readers[number])


def joined(pieces: list[tuple[Stream, bytes]]) -> list[tuple[Stream, bytes]]:
    """Neighbours of one stream as one."""
    found: list[tuple[Stream, bytes]] = []
    for stream, data in pieces:
        if found and found[-1][0] == stream:
            data = found.pop()[1] + data
        found.append((stream, data))
    return found


@pytest.mark.parametrize("most", [2, 7, 1 << 16])
def test_the_pieces_are_what_came_in_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(log, "_MOST_RUNS_IN_MEMORY", most)
    chunks: list[tuple[Stream, bytes]] = [("stderr", b"first")]
    for n in range(50):
        chunks += [("stdout", b"o%d\n" % n), ("stderr", b"e" * n)] if n % 3 else [("stderr", b"x")]
    chunks = [(stream, data) for stream, data in chunks if data]
    out = Output(tmp_path / "log", None)
    feed(out, chunks)
    assert joined(list(out.pieces())) == joined(chunks)
    assert (tmp_path / "log").read_bytes() == b"".join(data for _, data in chunks)
    assert out.tail(5) == (tmp_path / "log").read_bytes()[-5:]
    out.close()


def test_a_large_run_comes_in_pieces_of_a_bounded_size(tmp_path: Path) -> None:
    out = Output(tmp_path / "log", None)
    feed(out, [("stdout", b"x" * 50_000)] * 5)
    pieces = list(out.pieces())
    assert max(len(data) for _, data in pieces) <= 1 << 16
    assert sum(len(data) for _, data in pieces) == 250_000
    out.close()


def test_draining_does_not_wait_for_whoever_holds_the_pipe(tmp_path: Path) -> None:
    out = Output(tmp_path / "log", None)
    held = os.dup(out.writers[0])
    os.write(held, b"left")
    out.forget_writers()
    out.drain()
    assert list(out.pieces()) == [("stdout", b"left")]
    assert len(out.readers) == 1  # stderr has ended
    out.close()
    os.close(held)


def test_a_log_that_cannot_be_written_holds_nothing_up(tmp_path: Path) -> None:
    shown: list[tuple[Stream, bytes]] = []
    log = tmp_path / "log"
    log.symlink_to("/dev/full")
    out = Output(log, lambda stream, data: shown.append((stream, data)))
    feed(out, [("stdout", b"a"), ("stderr", b"b")])
    assert shown == [("stdout", b"a"), ("stderr", b"b")]
    assert out.error is not None
    out.close()


def test_logs_are_set_aside_under_numbers_that_count_up(tmp_path: Path) -> None:
    assert set_aside(tmp_path) is None
    (tmp_path / ".runner").mkdir()
    for n in (1, 2, 3):
        (tmp_path / ".runner/output.log").write_text(str(n))
        assert set_aside(tmp_path) == f"000{n}.log"
    logs = tmp_path / ".runner" / "logs"
    (logs / "0001.log").unlink()
    (logs / "notes.txt").touch()
    (tmp_path / ".runner/output.log").write_text("4")
    assert set_aside(tmp_path) == "0004.log"
    assert (logs / "0003.log").read_text() == "3"
