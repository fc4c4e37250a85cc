"""Reads archives of runs: a folder, a `.tar.gz` or a `.zip`.

`members` refuses names and links that lead outside, before anything is written.
"""

from __future__ import annotations

import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from hydra_sweep_runner.errors import Mistake
from hydra_sweep_runner.store import layout, run_ids
from hydra_sweep_runner.store.archive.members import (
    Member,
    Type,
    check,
    check_size,
    stays_inside,
)

_MOST_TARGET_BYTES = 4096
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)
# Files that only the owner of a running run uses.
_OF_OWNER = frozenset({layout.LOCK, layout.STOP, layout.REPORTED, layout.FLAGS, layout.SESSION})


@contextmanager
def opened(source: Path, links: list[str]) -> Iterator[list[Member]]:
    """The checked members of an archive, which can be opened inside the context.

    If `source` is a folder, links that leave a run's folder are skipped and their paths appended to
    `links`. Raises Mistake for a file that is no archive, is incomplete, or is not safe to unpack.
    """
    try:
        if source.is_dir():
            yield check(_folder_members(source, links), str(source))
        elif not source.exists():
            raise Mistake(f"{source}: there is no such file or folder")
        elif zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive:
                yield check(_zip_members(archive, source), str(source))
        elif source.is_file() and tarfile.is_tarfile(source):
            with tarfile.open(source) as tar:
                yield check(_tar_members(tar, source), str(source))
        else:
            raise Mistake(f"{source}: not an archive; give a .tar.gz, a .zip or a folder of runs")
    except _BROKEN as error:
        raise Mistake(f"{source}: the archive is damaged: {error}") from error
    except (NotImplementedError, RuntimeError) as error:  # zipfile's: unknown method, password
        raise Mistake(f"{source}: an encrypted or foreign archive: {error}") from error
    except OSError as error:
        if error.filename is not None and Path(error.filename) != source:
            raise
        raise Mistake(f"{source}: cannot be read: {error.strerror or error}") from error


def inside(folder: Path, path: str, links: list[str]) -> Iterator[Member]:
    """The files of a folder that belong into an archive, as members below `path`: of a run's
    folder, or of another that goes along in it.

    Files that only a run's owner uses are left out. Links that leave the folder are skipped and
    their paths appended to `links`; a link that points into the folder is made relative.
    """
    for member in _walk(folder, path):
        if member.type is not Type.LINK:
            yield member
            continue
        target, below = member.target, member.path[len(path) + 1 :]
        if target.startswith(f"{folder}/"):
            target = os.path.relpath(target, (folder / below).parent)
        if stays_inside(below, target):
            yield replace(member, target=target)
        else:
            links.append(member.path)


def _folder_members(root: Path, links: list[str]) -> Iterator[Member]:
    tops = [folder for folder in root.iterdir() if run_ids.is_id(folder.name)]
    copies = root / layout.SNAPSHOTS
    tops += copies.iterdir() if copies.is_dir() else ()
    for folder in sorted(tops):
        if folder.is_dir() and not folder.is_symlink():
            yield from inside(folder, folder.relative_to(root).as_posix(), links)


def _walk(folder: Path, path: str) -> Iterator[Member]:
    yield Member(path=path, type=Type.FOLDER, mode=0o755)
    is_copy = path.startswith(layout.SNAPSHOTS)
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        name = f"{path}/{entry.name}"
        about = entry.stat(follow_symlinks=False)
        mode, mtime_s = stat.S_IMODE(about.st_mode), about.st_mtime
        if stat.S_ISDIR(about.st_mode):
            yield from _walk(Path(entry.path), name)
        elif stat.S_ISLNK(about.st_mode):
            target = str(Path(entry.path).readlink())
            yield Member(path=name, type=Type.LINK, mode=0o777, mtime_s=mtime_s, target=target)
        elif stat.S_ISREG(about.st_mode) and not _is_skipped(name, is_copy=is_copy):
            yield Member(
                path=name,
                type=Type.FILE,
                mode=mode,
                mtime_s=mtime_s,
                size_bytes=about.st_size,
                open=partial(_open, entry.path),
            )


def _open(path: str) -> BinaryIO:
    return Path(path).open("rb")


def _is_skipped(name: str, *, is_copy: bool) -> bool:
    """Whether a file is not archived: the owner's files, and files that file browsers leave in a
    copy of the YAML."""
    if is_copy:
        file = Path(name)
        return file.name.startswith(".") and file.suffix not in (".yaml", ".yml")
    return name.partition("/")[2] in _OF_OWNER


def _tar_members(tar: tarfile.TarFile, source: Path) -> Iterator[Member]:
    size = source.stat().st_size
    total = 0
    for info in tar:
        total += info.size
        check_size(total, size, str(source))
        path = info.name.removeprefix("./").rstrip("/")
        if path in ("", "."):
            continue
        if info.isdir():
            kind = Type.FOLDER
        elif info.issym():
            kind = Type.LINK
        elif info.isreg():
            kind = Type.FILE
        else:
            raise Mistake(f"{source}: {info.name!r} is neither a file, a folder nor a link")

        def open_file(info: tarfile.TarInfo = info) -> BinaryIO:
            return cast("BinaryIO", tar.extractfile(info))

        yield Member(
            path=path,
            type=kind,
            mode=info.mode,
            mtime_s=info.mtime,
            size_bytes=info.size,
            target=info.linkname,
            open=open_file,
        )


def _zip_members(archive: zipfile.ZipFile, source: Path) -> Iterator[Member]:
    size = source.stat().st_size
    total = 0
    for info in archive.infolist():
        total += info.file_size
        check_size(total, size, str(source))
        mode = info.external_attr >> 16
        path = info.filename.removeprefix("./").rstrip("/")
        if path in ("", "."):
            continue
        target = ""
        kind = Type.FOLDER if info.is_dir() else Type.FILE
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
            raise Mistake(f"{source}: {info.filename!r} is neither a file, a folder nor a link")
        if stat.S_ISLNK(mode):
            kind = Type.LINK
            with archive.open(info) as link:
                target = os.fsdecode(link.read(_MOST_TARGET_BYTES))

        def open_file(info: zipfile.ZipInfo = info) -> BinaryIO:
            return cast("BinaryIO", archive.open(info))

        yield Member(
            path=path,
            type=kind,
            mode=stat.S_IMODE(mode) or 0o644,
            size_bytes=info.file_size,
            target=target,
            open=open_file,
        )
