"""A Hydra program's trial on the page: its log and its files lie in its output folder."""

from __future__ import annotations

from pathlib import Path

from tests.hydra.program import make_program
from tests.hydra.test_output import PROGRAM, sweep
from tests.page.conftest import client_of, open_page


def test_the_page_shows_the_log_and_the_files_of_a_trial(tmp_path: Path) -> None:
    files = {"train.py": PROGRAM, "conf/config.yaml": "lr: 0.1\nwait: null\n"}
    program = make_program(tmp_path / "program", files)
    (trial,) = sweep(program, "basic", "lr=0.1")
    with client_of(open_page(program, read_only=True)) as page:
        asked = {"id": trial["id"]}
        assert "trained with lr 0.1" in page.get("/api/log", params=asked).json()["text"]
        names = [file["path"] for file in page.get("/api/files", params=asked).json()["files"]]
        assert {"metrics.csv", "train.log", "checkpoints/last.ckpt"} <= set(names)
        shown = page.get("/api/file", params={**asked, "path": "metrics.csv"})
        assert shown.json()["text"] == "lr\n0.1\n"
        outside = page.get("/api/file", params={**asked, "path": "../../../train.py"})
        assert outside.status_code >= 400
