"""`runner runs diff`: the differences between two runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra_sweep_runner.commands.runs.files import File, find_folders, list_files
from hydra_sweep_runner.commands.runs.selecting import rows_of
from hydra_sweep_runner.dataclass import dataclass
from hydra_sweep_runner.errors import StoreFailed
from hydra_sweep_runner.model import Operation, Run, Value
from hydra_sweep_runner.operation.flags import MISSING, Missing, differences
from hydra_sweep_runner.query.run_row import RunRow
from hydra_sweep_runner.record import floats
from hydra_sweep_runner.record.text import to_plain
from hydra_sweep_runner.store import layout
from hydra_sweep_runner.store.logs import job_log
from hydra_sweep_runner.store.runs import RunStore
from hydra_sweep_runner.terminal.exact import json_text
from hydra_sweep_runner.terminal.render import (
    escape,
    render_value,
    short,
    shown_change,
    shown_value,
)

_CHUNK_BYTES = 1 << 20

#: Maps names to the values in the two runs; MISSING if a run does not have it.
Pairs = Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The differences between two runs, by subject: `flags` (those of upstream by dotted names),
    `scalars` (last values), `code`, `versions`, `environment`, `files` (sizes in bytes, or targets
    of links)."""

    one: str
    other: str
    subjects: Mapping[str, Pairs]

    def json(self) -> str:
        """The differences as JSON: the ids, and for each subject an object of pairs by name; null
        for what a run does not have."""
        subjects = {
            subject: {
                name: [None if v is MISSING else v for v in pair] for name, pair in pairs.items()
            }
            for subject, pairs in self.subjects.items()
        }
        ids = {"a": self.one, "b": self.other}
        return json_text(floats.spell(to_plain({**ids, **subjects})))

    def lines(self) -> list[str]:
        """A line for each difference, below its subject; for files of equal size, that their
        content differs."""
        if not any(self.subjects.values()):
            return [f"{short(self.one)} and {short(self.other)} do not differ"]
        lines = [f"{short(self.one)} -> {short(self.other)}"]
        for subject, pairs in self.subjects.items():
            if pairs:
                lines.append(f"{subject}:")
                shown = _change_of_files if subject == "files" else _change
                lines += [f"  {escape(name)}: {shown(*pair)}" for name, pair in pairs.items()]
        return lines


def diff_runs(store: RunStore, one: str, other: str) -> Difference:
    """The differences between two runs. Raises UnreadableRecord and StoreFailed."""
    first, second = store.read(one), store.read(other)
    flags = differences(first.flags, second.flags)
    code = _differing(_code(first), _code(second))
    if _is_filled_in(first.operation, second.operation, flags.values()):
        del code["operation.target"]
    return Difference(
        one=one,
        other=other,
        subjects={
            "flags": {
                **flags,
                **_upstream(*rows_of(store, (one, other))),
            },
            "scalars": differences(_scalars(first), _scalars(second)),
            "code": code,
            "versions": _differing(first.provenance.versions, second.provenance.versions),
            "environment": _differing(_environment(first), _environment(second)),
            "files": _files(_files_of(store, first), _files_of(store, second)),
        },
    )


def _upstream(one: RunRow, other: RunRow) -> Pairs:
    """The flags upstream that differ, `prepare.rows`, of the steps that both take files from."""
    first, second = ({name.partition(".")[0] for name in row.upstream} for row in (one, other))
    both = first & second
    return differences(
        *(
            {name: value for name, value in row.upstream.items() if name.partition(".")[0] in both}
            for row in (one, other)
        )
    )


def _scalars(run: Run) -> dict[str, Any]:
    return {name: scalar.last for name, scalar in run.scalars.items()}


def _code(run: Run) -> dict[str, Any]:
    code = run.provenance
    operation = to_plain(run.operation)
    return _known(
        {
            **{f"operation.{name}": value for name, value in operation.items()},
            "commit": code.commit,
            "uncommitted changes": code.dirty,
            **code.files,
        }
    )


def _is_filled_in(one: Operation, other: Operation, changed: Iterable[tuple[Any, Any]]) -> bool:
    """Whether the arguments of two commands differ in nothing but the values of flags that have
    `changed`, which are in their places."""
    first, second = one.target, other.target
    if first == second or isinstance(first, str) or isinstance(second, str):
        return False
    texts = [tuple(map(_as_argument, pair)) for pair in changed if MISSING not in pair]
    return len(first) == len(second) and all(
        a == b or any(a.replace(was, now) == b for was, now in texts)
        for a, b in zip(first, second, strict=True)
    )


def _as_argument(value: Value) -> str:
    return value if isinstance(value, str) else render_value(value)


def _environment(run: Run) -> dict[str, Any]:
    process = run.state.process
    host = None if process is None else process.host
    return _known({"host": host, **run.recipe.environment})


def _known(entries: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that are not None, which says here that nothing is known."""
    return {name: value for name, value in entries.items() if value is not None}


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = dict.fromkeys([*one, *other])
    pairs = {name: (one.get(name, MISSING), other.get(name, MISSING)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@dataclass(frozen=True, kw_only=True)
class _Files:
    """The operation's own files in a run's folder, by path."""

    folder: Path
    by_path: Mapping[str, File]


def _files_of(store: RunStore, run: Run) -> _Files:
    """The files of a run, without its log, and without Hydra's copies of the configuration, which
    only repeat the flags."""
    folder = find_folders(store, run).main
    log = job_log(str(store.root), run)
    return _Files(
        folder=folder,
        by_path={
            file.path: file
            for file in list_files(folder)
            if not file.path.startswith(f"{layout.HYDRA}/") and str(folder / file.path) != log
        },
    )


def _files(one: _Files, other: _Files) -> dict[str, tuple[Any, Any]]:
    first, second = one.by_path, other.by_path
    return {
        path: (_about(first.get(path)), _about(second.get(path)))
        for path in sorted({*first, *second})
        if not _is_same(one.folder, first.get(path), other.folder, second.get(path))
    }


def _about(file: File | None) -> int | str | Missing:
    if file is None:
        return MISSING
    return file.size_bytes if file.link is None else f"-> {file.link}"


def _is_same(one: Path, first: File | None, other: Path, second: File | None) -> bool:
    if first is None or second is None or _about(first) != _about(second):
        return False
    if first.link is not None or not (first.is_regular and second.is_regular):
        return first.is_regular == second.is_regular
    return _has_same_bytes(one / first.path, other / second.path)


def _has_same_bytes(one: Path, other: Path) -> bool:
    try:
        with one.open("rb") as first, other.open("rb") as second:
            while True:
                pieces: Sequence[bytes] = (first.read(_CHUNK_BYTES), second.read(_CHUNK_BYTES))
                if pieces[0] != pieces[1]:
                    return False
                if not pieces[0]:
                    return True
    except OSError as error:
        raise StoreFailed(f"cannot read {error.filename}: {error.strerror}") from error


def _change_of_files(one: Any, other: Any) -> str:
    if isinstance(one, int) and isinstance(other, int) and one != other:
        return f"{one} -> {other} bytes"
    return _change(one, other)


def _change(one: Any, other: Any) -> str:
    if one == other and isinstance(one, int):
        return f"{one} bytes each, with other content"
    if one is MISSING or other is MISSING:
        return f"{_shown(one)} -> {_shown(other)}"
    return " -> ".join(shown_change(to_plain(one), to_plain(other)))


def _shown(value: Any) -> str:
    return "(none)" if value is MISSING else shown_value(to_plain(value))
