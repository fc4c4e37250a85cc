"""Transcripts in Markdown, and whether what a terminal shows is what one says.

A transcript is the text of all ```console blocks of a file: lines that begin with `$ ` are
typed, what follows is expected. An expected line matches what is printed literally, but

- eight hexadecimal digits stand for an id: any at first, the same one from then on, also
  where it is typed;
- a date and time stands for any;
- `...` within a line stands for anything, and as a line of its own for any lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_FILE = re.compile(
    r"^```\w+\n(?:#|<!--) (?P<path>[\w./-]+\.\w+)(?: -->)?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_ID = r"(?<![0-9a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{8}(?![0-9a-f])"
_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?"
_SPECIAL = re.compile(rf"(?P<id>{_ID})|(?P<time>{_TIME})|(?P<any>\.\.\.|…)")


@dataclass(frozen=True)
class Step:
    """A command and the lines that it is to print."""

    command: str
    expected: tuple[str, ...]


def read_transcript(markdown: str) -> list[Step]:
    """The steps of all console blocks, in their order."""
    steps: list[Step] = []
    for block in _BLOCK.findall(markdown):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append(Step(line[2:], ()))
            elif not steps:
                raise ValueError(f"a console block begins without a command: {line}")
            else:
                steps[-1] = Step(steps[-1].command, (*steps[-1].expected, line))
    return steps


def read_files(markdown: str) -> dict[str, str]:
    """The files of a page, by their path: code blocks whose first line is a comment that
    consists of a path with an ending (`# conf/config.yaml`)."""
    return {block["path"]: block["text"] for block in _FILE.finditer(markdown)}


def typed(command: str, ids: Mapping[str, str]) -> str:
    """The command with the ids that the transcript's ids turned out to be."""
    return re.sub(_ID, lambda match: ids.get(match[0], match[0]), command)


def match_ids(
    expected: Sequence[str], printed: Sequence[str], ids: Mapping[str, str]
) -> dict[str, str] | None:
    """What the ids stand for if the printed lines are as expected, else None.

    `ids` are those that are known already.
    """
    if not expected:
        return None if printed else dict(ids)
    if expected[0] in ("...", "…"):
        for start in range(len(printed) + 1):
            found = match_ids(expected[1:], printed[start:], ids)
            if found is not None:
                return found
        return None
    if not printed:
        return None
    bound = _match_line(expected[0], printed[0], ids)
    return None if bound is None else match_ids(expected[1:], printed[1:], bound)


def _match_line(expected: str, printed: str, ids: Mapping[str, str]) -> dict[str, str] | None:
    pattern, end, groups = "", 0, dict[str, str]()
    for special in _SPECIAL.finditer(expected):
        pattern += re.escape(expected[end : special.start()])
        end = special.end()
        written = special[0]
        if special["any"]:
            pattern += ".*"
        elif special["time"]:
            pattern += _TIME
        elif written in ids:
            pattern += ids[written]
        elif written in groups:
            pattern += f"(?P={groups[written]})"
        else:
            groups[written] = f"id{len(groups)}"
            pattern += f"(?P<{groups[written]}>[0-9a-f]{{8}})"
    match = re.fullmatch(pattern + re.escape(expected[end:]), printed.rstrip())
    if match is None:
        return None
    found = {written: match[group] for written, group in groups.items()}
    if set(found.values()) & set(ids.values()) or len(set(found.values())) < len(found):
        return None  # two ids of the transcript cannot be one run
    return {**ids, **found}
