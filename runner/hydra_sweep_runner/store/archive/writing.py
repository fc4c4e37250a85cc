"""Writes runs to an archive, or from an archive into a store."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tarfile
import time
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.store import disk
from hydra_sweep_runner.store.archive.members import Member, Type

_EARLIEST_ZIP_S = 315_619_200  # 1980-01-02: zip cannot store earlier years
_CHUNK_BYTES = 1 << 20


def write_tar(members: Iterable[Member], file: BinaryIO) -> None:
    """Write members as a `.tar.gz`. Raises OSError."""
    with tarfile.open(fileobj=file, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for member in members:
            info = tarfile.TarInfo(member.path)
            info.mode, info.mtime = member.mode, int(member.mtime_s)
            if member.type is Type.FOLDER:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            elif member.type is Type.LINK:
                info.type, info.linkname = tarfile.SYMTYPE, member.target
                tar.addfile(info)
            elif member.open is not None:
                with member.open() as content:
                    info.size = _size(content)
                    tar.addfile(info, content)


def write_zip(members: Iterable[Member], file: BinaryIO) -> None:
    """Write members as a `.zip`. Raises OSError."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            at = time.gmtime(max(member.mtime_s, _EARLIEST_ZIP_S))[:6]
            name = f"{member.path}/" if member.type is Type.FOLDER else member.path
            info = zipfile.ZipInfo(name, date_time=at)
            info.compress_type = zipfile.ZIP_DEFLATED
            kinds = {Type.FILE: stat.S_IFREG, Type.FOLDER: stat.S_IFDIR, Type.LINK: stat.S_IFLNK}
            info.external_attr = (kinds[member.type] | member.mode) << 16
            if member.type is Type.FOLDER:
                archive.writestr(info, b"")
            elif member.type is Type.LINK:
                archive.writestr(info, os.fsencode(member.target))
            elif member.open is not None:
                with member.open() as content, archive.open(info, "w", force_zip64=True) as target:
                    shutil.copyfileobj(content, target, _CHUNK_BYTES)


def _size(content: BinaryIO) -> int:
    """The present size of an open file: a run's file may have grown since it was listed."""
    size = content.seek(0, os.SEEK_END)
    content.seek(0)
    return size


def place(members: Iterable[Member], folder: Path) -> None:
    """Write the members of one run below an empty folder, and sync them to the disk.

    Raises Mistake for a file that is longer than the archive says, and OSError.
    """
    folders = [folder]
    times: list[tuple[Path, float]] = []
    for member in members:
        path = folder / member.below if member.below else folder
        if member.type is Type.FOLDER:
            path.mkdir(parents=True, exist_ok=True)
            folders.append(path)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if member.type is Type.LINK:
            path.symlink_to(member.target)
        else:
            _place_file(member, path)
            times.append((path, member.mtime_s))
    for path, mtime_s in times:
        if mtime_s > 0:
            with suppress(OSError, OverflowError):
                os.utime(path, (mtime_s, mtime_s))
    for made in folders:
        disk.sync_folder(made)


def _place_file(member: Member, path: Path) -> None:
    content = io.BytesIO() if member.open is None else member.open()
    left = member.size_bytes
    with content, path.open("xb") as file:
        while piece := content.read(_CHUNK_BYTES):
            left -= len(piece)
            if left < 0:
                raise Mistake(f"{member.path}: longer than the archive says")
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o644 | (member.mode & 0o111))
