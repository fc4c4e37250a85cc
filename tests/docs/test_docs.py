"""The documentation says what is so."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from hydra_sweep_runner.record.fields import FIELDS
from tests.docs.options import PAGE, with_table
from tests.samples.terminal import play
from tests.samples.transcript import read_files

ROOT = Path(__file__).parents[2]

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("samples/*/*.md")])


def test_what_the_readme_shows_happens_in_the_sample_that_it_is_about(tmp_path: Path) -> None:
    folder = tmp_path / "digits"
    ignored = shutil.ignore_patterns("runs", "__pycache__")
    shutil.copytree(ROOT / "samples" / "digits", folder, ignore=ignored)
    play((ROOT / "README.md").read_text(encoding="utf-8"), folder)


PLAYED = [page for page in PAGES if page.parent.name == "docs" and "```console" in page.read_text()]


@pytest.mark.parametrize("page", PLAYED, ids=lambda page: page.name)
def test_what_a_page_shows_happens_in_a_folder_with_the_files_that_it_shows(
    page: Path, tmp_path: Path
) -> None:
    text = page.read_text(encoding="utf-8")
    for name, content in read_files(text).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    play(text, tmp_path)


def test_the_table_of_options_is_the_one_in_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_table(page) == page, "run python -m tests.docs.options"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


def _sections(page: str) -> dict[str, str]:
    """The sections of a page, by their titles."""
    _, *parts = re.split(r"^## ", (ROOT / "docs" / page).read_text("utf-8"), flags=re.MULTILINE)
    return {title: text for title, _, text in (part.partition("\n") for part in parts)}


def test_every_promise_on_the_page_on_reliability_has_a_test() -> None:
    promises, tests = _sections("reliability.md"), _sections("promises.md")
    assert list(promises) == list(tests)
    for title, text in promises.items():
        assert "**Promise.**" in text and "**How.**" in text, title
        assert re.search(r"`tests/[\w/]+\.py::\w+`", tests[title]), title


def test_every_test_of_a_promise_is_there() -> None:
    text = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert len(named) > 20
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not re.search(rf"^def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    ]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_for_users_name_no_tests(page: Path) -> None:
    if page.name in ("architecture.md", "decisions.md", "promises.md", "CONTRIBUTING.md"):
        return
    text = re.sub(r"<!--.*?-->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.findall(r"tests/[\w/.]+|::test_\w+|-m tests\b", text)


def test_the_page_on_the_store_has_every_key_of_the_json() -> None:
    text = (ROOT / "docs" / "store.md").read_text(encoding="utf-8")
    table = text[text.index("`runner runs list --json` gives") :]
    keys = [
        key
        for cell in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for key in cell.split(", ")
    ]
    assert sorted(key.strip("`") for key in keys) == sorted(field.name for field in FIELDS)
