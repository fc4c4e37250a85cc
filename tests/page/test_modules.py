"""The page's modules that only turn values into values, in the browser that runs them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.page.browser import needs_browser, open_browser, served, tab
from tests.scenarios.project import Project

pytestmark = needs_browser


@pytest.fixture(scope="module")
def page(origin: Project) -> Iterator[Page]:
    with open_browser() as browser, served(origin) as address, tab(browser, address) as opened:
        yield opened


def call(page: Page, module: str, function: str, *given: Any) -> Any:
    """What a function of a module gives."""
    script = "async ([m, f, given]) => (await import(`/static/js/${m}.js`))[f](...given)"
    return page.evaluate(script, [module, function, list(given)])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (3, "3"),
        (0.1, "0.1"),
        (1 / 3, "0.333333"),
        (-0.00012345678, "-0.000123457"),
        (1.5e-9, "1.5e-9"),
        (2.0e22, "2e+22"),
        (123456789.5, "1.23457e+8"),
        (100000, "100000"),
        ("text", "text"),
    ],
)
def test_numbers_have_six_digits(page: Page, value: Any, shown: str) -> None:
    assert call(page, "words", "number", value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, ""),
        (0.04, "0.0 s"),
        (59.4, "59 s"),
        (60, "1 m 0 s"),
        (3599.6, "1 h 0 m"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations_are_in_two_units_at_the_most(page: Page, seconds: Any, shown: str) -> None:
    assert call(page, "words", "duration", seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (123_456, "123 kB"), (5e9, "5.0 GB")],
)
def test_sizes_are_in_the_unit_that_fits(page: Page, count: float, shown: str) -> None:
    assert call(page, "words", "bytes", count) == shown


def test_an_address_that_is_written_is_read_as_it_was(page: Page) -> None:
    state = {
        "batch": "77b01c52",
        "where": "lr < 0.1 and 'a&b' in tags + x%2",
        "brush": ['["lr",0.1,1]', '["a b",["x&y","ü"]]'],
        "status": ["error", "running"],
        "pick": ["3f2a9c1d"],
        "sort": "val/loss",
    }
    address = call(page, "address", "written", state)
    read = call(page, "address", "parse", address.removeprefix("/"))
    assert {name: value for name, value in read.items() if value} == state
    assert call(page, "address", "written", call(page, "address", "parse", "")) == "/"


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        ("?batch=77b01c52&view=plots&tab=log&scale=log&status=error&status=running&brush=x", []),
        ("?bach=77b01c52", ["bach: nothing in an address has that name (did you mean batch?)"]),
        ("?qqqqqq=1&qqqqqq=2", ["qqqqqq: nothing in an address has that name"]),
        (
            "?view=plotz",
            ["view=plotz: give one of table, plots, curves, plan (did you mean plots?)"],
        ),
        ("?tab=diffs", ["tab=diffs: give one of about, log, files, diff (did you mean diff?)"]),
        ("?view=", []),
    ],
)
def test_what_an_address_says_that_shows_nothing_is_told(
    page: Page, address: str, lines: list[str]
) -> None:
    assert call(page, "address", "misunderstood", address) == lines


def test_an_address_names_a_batch_by_eight_digits_or_more(page: Page) -> None:
    full = "77b01c52" * 4
    named = [call(page, "address", "names", text, full) for text in ("77b01c52", full)]
    others = [call(page, "address", "names", text, full) for text in ("7", "last:batch", None)]
    assert (named, others) == ([True, True], [False, False, False])


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain", "plain"),
        ("10%\r50%\rdone\r", "done"),
        ("\x1b[1;31mred\x1b[0m \x1b]0;title\x07text", "red text"),
        ("a\x00b\x08\x7f", "a␀b␈␡"),
        ("\u202eturned", "\ufffdturned"),
        ("x" * 4001, "x" * 4000 + "… (1 more characters)"),
    ],
)
def test_a_line_is_what_was_to_be_seen_last(page: Page, line: str, shown: str) -> None:
    assert call(page, "logtext", "shownLine", line) == shown


def test_a_node_stands_to_the_right_of_all_that_it_takes_from(page: Page) -> None:
    edges = [[0, 1], [0, 2], [1, 3], [2, 3], [0, 4]]
    assert call(page, "layers", "columnsOf", 5, edges) == [[0], [1, 2, 4], [3]]
    assert call(page, "layers", "columnsOf", 2, []) == [[0, 1]]
    loop = call(page, "layers", "columnsOf", 2, [[0, 1], [1, 0]])  # a damaged record could say so
    assert sorted(node for column in loop for node in column) == [0, 1]


@pytest.mark.parametrize(
    ("start", "end", "heights", "passed"),
    [
        ((0, 0), (1, 3), [1, 4], []),
        ((0, 0), (2, 0), [1, 1, 1], [(1, 1)]),  # below the only one
        ((0, 0), (2, 3), [1, 4, 4], [(1, 2)]),
        ((0, 3), (2, 0), [4, 4, 1], [(1, 2)]),
        ((0, 5), (2, 5), [6, 2, 6], [(1, 5.5)]),  # nothing is in the way
        ((0, 0), (3, 1), [1, 1, 2, 2], [(1, 1), (2, 1)]),
        ((2, 0), (0, 0), [1, 1, 1], []),  # a damaged record could say so
    ],
)
def test_an_edge_passes_the_columns_between_its_ends_through_gaps(
    page: Page, start: Any, end: Any, heights: list[int], passed: Any
) -> None:
    ends = ({"x": x, "y": y} for x, y in (start, end))
    found = call(page, "layers", "passing", *ends, heights)
    assert [(one["x"], one["y"]) for one in found] == [pytest.approx(pair) for pair in passed]


#: Draws a bar of buttons and a select twice; gives what is left of the first drawing.
DRAWN_TWICE = """async (second) => {
  const { el, redraw } = await import("/static/js/dom.js");
  const place = document.createElement("div");
  document.body.append(place);
  const acted = [];
  const draw = (names, count, chosen) => {
    const field = el("select", {}, ...["a", "b"].map((value) => el("option", { value }, value)));
    field.value = chosen;
    const button = (name) => {
      const onclick = () => acted.push(`${name} ${count}`);
      return el("button", { "data-is": name, onclick }, `${name} (${count})`);
    };
    redraw(place, ...names.map(button), field);
  };
  draw(["stop", "tag"], 1, "a");
  const [stop, tag] = place.querySelectorAll("button");
  const select = place.querySelector("select");
  tag.focus();
  draw(second, 2, "b");
  stop.click();
  tag.click();
  const found = {
    texts: [...place.querySelectorAll("button")].map((one) => one.textContent),
    stays: [stop.isConnected, tag.isConnected, select.isConnected],
    focused: document.activeElement === tag,
    value: select.value,
    acted,
  };
  place.remove();
  return found;
}"""


def test_what_is_drawn_again_keeps_its_elements_and_acts_as_the_new_ones(page: Page) -> None:
    found = page.evaluate(DRAWN_TWICE, ["stop", "tag"])
    assert found["texts"] == ["stop (2)", "tag (2)"]
    assert found["stays"] == [True, True, True]
    assert found["focused"] and found["value"] == "b"
    assert found["acted"] == ["stop 2", "tag 2"]


def test_a_button_never_becomes_another_one_under_the_pointer(page: Page) -> None:
    found = page.evaluate(DRAWN_TWICE, ["delete", "tag"])
    assert found["texts"] == ["delete (2)", "tag (2)"]
    assert found["stays"][:2] == [False, True]
    assert found["acted"] == ["stop 1", "tag 2"]  # what was pressed has done what it said
