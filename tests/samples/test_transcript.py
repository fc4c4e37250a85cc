"""The matcher of transcripts tells right from wrong."""

from __future__ import annotations

import pytest

from tests.samples.transcript import Step, match_ids, read_files, read_transcript, typed


def test_steps_are_read_from_console_blocks_only() -> None:
    text = """
words

```console
$ one
first
$ two
```

```sh
$ not this
```

```console
$ three
a

b
```
"""
    assert read_transcript(text) == [
        Step("one", ("first",)),
        Step("two", ()),
        Step("three", ("a", "", "b")),
    ]


def test_a_block_begins_with_a_command() -> None:
    with pytest.raises(ValueError, match="without a command: oops"):
        read_transcript("```console\noops\n```\n")


@pytest.mark.parametrize(
    ("expected", "printed", "ids"),
    [
        ([], [], {}),
        (["a"], ["a"], {}),
        (["a.c"], ["a.c"], {}),
        (["...", "z"], ["x", "y", "z"], {}),
        (["a", "..."], ["a"], {}),
        (["a ... c"], ["a b b c"], {}),
        (["run 3f2a9c1d (x)"], ["run 01234567 (x)"], {"3f2a9c1d": "01234567"}),
        (
            ["3f2a9c1d and 3f2a9c1d", "1f2a9c1d"],
            ["01234567 and 01234567", "aaaaaaaa"],
            {"3f2a9c1d": "01234567", "1f2a9c1d": "aaaaaaaa"},
        ),
        (["at 2026-01-31 12:00:00."], ["at 2031-12-01 01:02:03."], {}),
    ],
)
def test_what_is_as_expected(expected: list[str], printed: list[str], ids: dict[str, str]) -> None:
    assert match_ids(expected, printed, {}) == ids


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        (["a"], []),
        ([], ["a"]),
        (["a"], ["a", "b"]),
        (["a.c"], ["abc"]),
        (["...", "z"], ["x", "y"]),
        (["run 3f2a9c1d"], ["run 0123456"]),
        (["3f2a9c1d 3f2a9c1d"], ["01234567 76543210"]),
        (["3f2a9c1d 4f2a9c1d"], ["01234567 01234567"]),
        (["3f2a9c1d", "3f2a9c1d"], ["01234567", "76543210"]),
        (["at 2026-01-31 12:00:00"], ["at noon"]),
    ],
)
def test_what_is_not_as_expected(expected: list[str], printed: list[str]) -> None:
    assert match_ids(expected, printed, {}) is None


def test_known_ids_hold_and_are_typed() -> None:
    ids = {"3f2a9c1d": "01234567"}
    assert match_ids(["3f2a9c1d"], ["01234567"], ids) == ids
    assert match_ids(["3f2a9c1d"], ["76543210"], ids) is None
    assert typed("runner +restart=3f2a9c1d x=1", ids) == "runner +restart=01234567 x=1"


def test_files_are_blocks_that_begin_with_their_path() -> None:
    text = """
```python
# src/train.py
lr = 0.1
```

```yaml
# not a path
x: 1
```

```console
$ # conf/x.yaml
```
"""
    assert read_files(text) == {"src/train.py": "lr = 0.1\n"}
