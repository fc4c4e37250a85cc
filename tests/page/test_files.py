"""Files and logs of runs: paths lead nowhere but into runs, and no content does harm."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from hydra_sweep_runner.model import Status
from hydra_sweep_runner.page.logs import MOST_BYTES, read_piece
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.system.clock import now
from tests.page.conftest import client_of, open_page
from tests.scenarios.project import Project
from tests.stores import run_of


@pytest.fixture
def held(project: Project, tmp_path: Path) -> tuple[TestClient, str, Path]:
    """The page, a run's id, and its folder, which holds links to all kinds of places."""
    run = project.newest("run")["id"]
    folder = project.store / run
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "out").symlink_to(tmp_path / "secret.txt")
    (folder / "up").symlink_to("..")
    (folder / "loop").symlink_to("loop")
    (folder / "snapshots").symlink_to("../.snapshots")
    other = project.newest("trial")["id"]
    (folder / "of_another").symlink_to(f"../{other}/model.txt")
    os.mkfifo(folder / "pipe")
    return client_of(open_page(project)), run, folder


@pytest.mark.parametrize(
    "path",
    [
        *("out", "loop", "pipe", ".", "up", "../../conf/config.yaml", "/etc/passwd", "nothing"),
        *("up/../../secret.txt", "snapshots", "x\0y", "../" * 12 + "etc/passwd", ".runner"),
    ],
)
@pytest.mark.parametrize("address", ["/download", "/api/file"])
def test_a_path_leads_nowhere_but_into_runs(
    held: tuple[TestClient, str, Path], path: str, address: str
) -> None:
    page, run, _ = held
    answer = page.get(address, params={"id": run, "path": path})
    assert answer.status_code in (400, 503), answer.text
    assert "error" in answer.json() and "secret" not in answer.text.replace("secret.txt", "")


def test_a_link_into_another_run_is_followed(held: tuple[TestClient, str, Path]) -> None:
    page, run, _ = held
    answer = page.get("/api/file", params={"id": run, "path": "of_another"})
    assert answer.json()["text"] == "weights"


def test_a_file_comes_as_it_is_and_is_never_a_page(held: tuple[TestClient, str, Path]) -> None:
    page, run, folder = held
    content = b"<script>alert(1)</script>" + bytes(range(256)) * 3000
    for name in ("page.html", "picture.svg", "x.js", 'a"b\n.txt'):
        (folder / name).write_bytes(content)
        answer = page.get("/download", params={"id": run, "path": name})
        assert answer.content == content
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment;")
    (folder / "plot.png").write_bytes(content)
    picture = page.get("/download", params={"id": run, "path": "plot.png"})
    assert picture.headers["content-type"] == "image/png"
    assert "content-disposition" not in picture.headers


def test_files_are_listed_with_sizes_and_where_links_lead(
    held: tuple[TestClient, str, Path],
) -> None:
    page, run, _ = held
    found = {
        file["path"]: file for file in page.get("/api/files", params={"id": run}).json()["files"]
    }
    assert (found["model.txt"]["size"], found["model.txt"]["link"]) == (7, None)
    assert found["up"]["link"] == ".." and not found["pipe"]["is_regular"]


def log_of(folder: Path, data: bytes) -> RunStore:
    store = RunStore.open(folder / "runs", create=True)
    store.create(run_of("a" * 32, Status.COMPLETED, started=now()))
    (store.folder("a" * 32) / ".runner" / "output.log").write_bytes(data)
    return store


@given(text=st.text(max_size=200), most=st.integers(4, 40))
def test_a_log_that_is_read_in_pieces_is_the_log(
    tmp_path_factory: pytest.TempPathFactory, text: str, most: int
) -> None:
    data = text.encode("utf-8", "replace")
    store = log_of(tmp_path_factory.mktemp("log"), data)
    pieces: list[str] = []
    offset = 0
    while True:
        piece = read_piece(store, "a" * 32, offset=offset, file=None, most=most)
        assert piece.begin == offset
        pieces.append(piece.text)
        offset = piece.end
        if piece.end == piece.size:
            break
    assert "".join(pieces) == data.decode()


@given(data=st.binary(max_size=200), most=st.integers(4, 40))
def test_a_log_of_any_bytes_comes_to_its_end(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, most: int
) -> None:
    store = log_of(tmp_path_factory.mktemp("log"), data)
    offset, rounds = 0, 0
    while offset < len(data):
        piece = read_piece(store, "a" * 32, offset=offset, file=None, most=most)
        assert piece.end > offset
        offset, rounds = piece.end, rounds + 1
    assert rounds <= len(data)


def test_of_a_long_log_the_end_comes_first_and_no_piece_is_long(tmp_path: Path) -> None:
    store = log_of(tmp_path, b"x" * 10_000_000 + b"\nlast line\n")
    last = read_piece(store, "a" * 32, offset=None, file=None)
    assert last.text.endswith("\nlast line\n") and len(last.text) <= MOST_BYTES
    first = read_piece(store, "a" * 32, offset=0, file=None)
    assert len(first.text) == MOST_BYTES


def test_a_log_that_begins_anew_is_told_from_the_one_before(tmp_path: Path) -> None:
    store = log_of(tmp_path, b"one\n")
    before = read_piece(store, "a" * 32, offset=None, file=None)
    log = store.folder("a" * 32) / ".runner" / "output.log"
    fresh = log.with_name("fresh")
    fresh.write_bytes(b"two, longer\n")
    fresh.rename(log)
    after = read_piece(store, "a" * 32, offset=before.end, file=before.file)
    assert (after.text, after.begin, after.file != before.file) == ("two, longer\n", 0, True)


def test_a_log_is_waited_for_until_it_grows_or_the_run_has_ended(project: Project) -> None:
    project.write(
        {
            "conf/config.yaml": "operation: {script: wait.py}\n",
            "wait.py": """
                import os, time
                print("first", flush=True)
                go = os.path.join(os.environ["RUNNER_PROJECT_DIR"], "go")
                while not os.path.exists(go):
                    time.sleep(0.02)
                print("second", flush=True)
            """,
        }
    )

    def ask(**given: Any) -> Any:
        return page.get("/api/log", params={"id": run, **given}).json()

    with client_of(open_page(project)) as page, project.at_work() as process:
        while not (found := project.runs("--status", "running")):
            pass
        run = found[0]["id"]
        piece = ask(offset=0, wait=1)
        assert (piece["text"], piece["ended"]) == ("first\n", False)
        (project.folder / "go").touch()
        text = ""
        while not piece["ended"]:
            piece = ask(offset=piece["end"], file=piece["file"], wait=1)
            text += piece["text"]
        assert text == "second\n"
        process.wait(timeout=30)
