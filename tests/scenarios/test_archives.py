"""`runner runs export` and `runner runs import`."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenarios.project import Project

ID = "3f2a9c1d" * 4


@pytest.fixture(scope="module")
def origin(copy_optimizers: Callable[[], Project]) -> Project:
    """A batch of two, one trial of which has links; nothing changes it."""
    project = copy_optimizers()
    project.run("-m", "x=1,2")
    trial = Path(project.newest("trial")["dir"])
    (trial / "sub").mkdir()
    (trial / "sub" / "weights").write_bytes(os.urandom(3000))
    (trial / "inner").symlink_to("sub/weights")
    (trial / "absolute").symlink_to(trial / "sub" / "weights")
    (trial / "outer").symlink_to("/etc/hosts")
    (trial / "sideways").symlink_to("../other")
    return project


@pytest.mark.parametrize("name", ["all.tar.gz", "all.zip", "folder"])
def test_runs_are_restarted_where_they_are_imported(
    name: str, origin: Project, echo: Project, tmp_path: Path
) -> None:
    archive = tmp_path / name
    said = origin.run("runs", "export", str(archive)).said
    trial = origin.newest("trial")
    assert said[-1] == "Exported 3 run(s)"
    assert "outer" in said[0] and "sideways" in said[0] and "inner" not in said[0]
    assert echo.run("runs", "import", str(archive)).said[-1] == "Imported 3 run(s)"
    moving = {"dir": None, "log": None}
    assert [run | moving for run in echo.runs()] == [run | moving for run in origin.runs()]
    folder = echo.store / trial["id"]
    there = Path(trial["dir"])
    assert (folder / "sub" / "weights").read_bytes() == (there / "sub" / "weights").read_bytes()
    assert str((folder / "inner").readlink()) == "sub/weights"
    assert str((folder / "absolute").readlink()) == "sub/weights"
    assert not (folder / "outer").is_symlink() and not (folder / "sideways").is_symlink()
    (echo.folder / "conf" / "config.yaml").unlink()  # the copy of the YAML came along
    (echo.folder / "conf" / "config.yaml").write_text("{}")
    batch = echo.newest("batch")
    assert echo.run(f"+restart={batch['id']}").said[-1].endswith("2 completed")
    left = echo.run("runs", "import", str(archive)).said
    assert "there already, and left" in left[0]
    assert left[-1] == "Imported 0 run(s)"


def test_filters_choose_what_is_exported(origin: Project, tmp_path: Path) -> None:
    said = origin.run("runs", "export", str(tmp_path / "one.zip"), "--where", "x == 1").said
    assert said[-1] == "Exported 1 run(s)"
    refused = origin.run("runs", "export", str(tmp_path / "one.zip"), status=2)
    assert "is there already" in refused.err
    refused = origin.run("runs", "export", str(tmp_path / "one.rar"), status=2)
    assert ".tar.gz or .zip" in refused.err


def test_where_all_that_is_meant_is_damaged_no_file_is_made(
    copy_optimizers: Callable[[], Project], tmp_path: Path
) -> None:
    project = copy_optimizers()
    project.run("x=1")
    run = project.newest("run")
    (Path(run["dir"]) / ".runner" / "record.json").write_bytes(b"{")
    for archive in (tmp_path / "one.zip", tmp_path / "folder"):
        (line,) = project.run("runs", "export", str(archive), status=2).said
        told = f"{run['id'][:8]}: unreadable, and not exported; nothing was exported"
        assert line == f"runner: {told}"
        assert not archive.exists()


def test_a_store_that_the_yaml_names_is_told_where_its_project_is_imported(
    copy_optimizers: Callable[[], Project], echo: Project
) -> None:
    project = copy_optimizers()
    project.run("x=1", "hydra.sweeper.store=kept")
    config = project.folder / "conf" / "config.yaml"
    config.write_text("hydra: {sweeper: {store: kept}}\n")
    (line,) = echo.run("runs", "import", str(project.folder), status=2).said
    kept = project.folder / "kept"
    assert line.endswith(f"there are no runs in it; the store is {kept}: runner runs import {kept}")
    assert echo.run("runs", "import", str(kept)).said == ["Imported 1 run(s)"]


def test_a_batch_goes_along_with_its_trials_or_a_line_says_how(
    origin: Project, echo: Project, tmp_path: Path
) -> None:
    batch = origin.newest("batch")
    said = origin.run("runs", "export", str(tmp_path / "a.zip"), "--batch", batch["id"]).said
    how = f"runner runs export DEST {batch['id'][:8]} --trials"
    assert [line.endswith(how) for line in said if "batch" in line] == [True]
    assert said[-1] == "Exported 2 run(s)"
    archive = str(tmp_path / "b.zip")
    said = origin.run("runs", "export", archive, batch["id"][:8], "--trials").said
    assert said[-1] == "Exported 3 run(s)"
    echo.run("runs", "import", archive)
    assert {run["id"] for run in echo.runs()} == {batch["id"], *batch["trials"]}
    assert echo.run(f"+restart={batch['id']}", "+needed=true").said[-1].endswith("2 completed")
    alone = origin.run("runs", "export", str(tmp_path / "c.zip"), batch["trials"][0]).said
    assert alone[-1] == "Exported 1 run(s)"


def test_a_batch_that_is_exported_without_trials_says_so(origin: Project, tmp_path: Path) -> None:
    batch = origin.newest("batch")
    one = f"{batch['id'][:8]} is a batch, exported without"
    for ids, told in (
        ([batch["id"]], [f"{one} 2 of its 2 trials; to take them along: --trials"]),
        (
            [batch["id"], batch["trials"][0]],
            [f"{one} 1 of its 2 trials; to take them along: --trials"],
        ),
        ([batch["id"], *batch["trials"]], []),
        ([batch["id"], "--trials"], []),
        ([], []),
    ):
        archive = str(tmp_path / f"{len(ids)}-{len(told)}-{ids[-1:]}.zip")
        said = origin.run("runs", "export", archive, *ids).said
        assert [line for line in said if "batch" in line] == told
        assert said[-1].startswith("Exported ")


def _tar(path: Path, *infos: tarfile.TarInfo, content: bytes = b"") -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info in infos:
            info.size = len(content) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(content))
    return path


def _info(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


HOSTILE: dict[str, tuple[list[tarfile.TarInfo], str]] = {
    "absolute": ([_info("/tmp/evil")], "leads outside"),
    "parent": ([_info(f"{ID}/../../evil")], "leads outside"),
    "link": ([_info(f"{ID}/a", tarfile.SYMTYPE, "../../evil")], "leads outside"),
    "absolute link": ([_info(f"{ID}/a", tarfile.SYMTYPE, "/etc")], "leads outside"),
    "run as link": ([_info(ID, tarfile.SYMTYPE, "..")], "leads outside"),
    "hard link": ([_info(f"{ID}/a", tarfile.LNKTYPE, "/etc/passwd")], "neither a file"),
    "device": ([_info(f"{ID}/a", tarfile.CHRTYPE)], "neither a file"),
    "pipe": ([_info(f"{ID}/a", tarfile.FIFOTYPE)], "neither a file"),
    "twice": ([_info(f"{ID}/a"), _info(f"{ID}/a")], "twice"),
    "through a link": (
        [_info(f"{ID}/a", tarfile.SYMTYPE, "b"), _info(f"{ID}/a/c")],
        "no folder",
    ),
    "foreign": ([_info("README")], "nothing that runner runs export writes"),
    "no record": ([_info(f"{ID}/a")], "has no record"),
    "damaged record": ([_info(f"{ID}/.runner/record.json")], "record.json"),
    "empty": ([], "no runs in it"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_told_in_a_line_and_changes_nothing(
    name: str, echo: Project, tmp_path: Path
) -> None:
    infos, told = HOSTILE[name]
    archive = _tar(tmp_path / "evil.tar.gz", *infos)
    before = echo.tree()
    refused = echo.run("runs", "import", str(archive), status=2)
    assert told in refused.said[-1]
    assert "Traceback" not in refused.err
    assert echo.tree() == before


def test_a_bomb_is_told(echo: Project, tmp_path: Path) -> None:
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr(f"{ID}/zeros", bytes(300 << 20))
    refused = echo.run("runs", "import", str(archive), status=2)
    assert "times its size" in refused.said[-1]


def test_a_link_in_a_zip_may_not_lead_out(echo: Project, tmp_path: Path) -> None:
    archive = tmp_path / "links.zip"
    info = zipfile.ZipInfo(f"{ID}/a")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(info, "../../..")
    refused = echo.run("runs", "import", str(archive), status=2)
    assert "leads outside" in refused.said[-1]


@pytest.mark.parametrize(
    "name", ["cut.tar.gz", "cut.zip", "none.tar.gz", "text.tar.gz", "text.zip", "text.txt"]
)
def test_an_archive_that_is_not_whole_leaves_no_half_run(
    name: str, origin: Project, echo: Project, tmp_path: Path
) -> None:
    archive = tmp_path / name
    if name.startswith("cut"):
        origin.run("runs", "export", str(archive))
        data = bytearray(archive.read_bytes())
        if name.endswith("zip"):
            data[len(data) // 3 : len(data) // 3 + 400] = bytes(400)
        archive.write_bytes(data[: len(data) if name.endswith("zip") else len(data) // 2])
    elif name.startswith("text"):
        archive.write_text("these are no runs\n")
    refused = echo.run("runs", "import", str(archive), status=2)
    assert len(refused.said) == 1 and name in refused.err
    assert not echo.store.exists() or echo.runs() == []


def test_a_store_that_was_copied_is_imported(
    origin: Project, echo: Project, tmp_path: Path
) -> None:
    shutil.copytree(origin.store, tmp_path / "copy", symlinks=True)
    assert echo.run("runs", "import", str(tmp_path / "copy")).said[-1] == "Imported 3 run(s)"
