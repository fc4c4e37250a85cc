"""The page as people use it, in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect

from tests.page.browser import (
    confirm,
    count,
    needs_browser,
    rectangles,
    rows,
    served,
    tab,
)
from tests.scenarios.pipelines import FILES as STUDY
from tests.scenarios.project import Project, wait_until

pytestmark = needs_browser


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with tab(browser, address) as opened:
        yield opened


def test_it_shows_the_newest_batch_with_the_best_marked(page: Page, origin: Project) -> None:
    batch = origin.newest("batch")
    expect(page.locator(".entry.here")).to_contain_text(batch["id"][:8])
    assert count(page) == "6 runs" and len(rows(page)) == 6
    best = json.loads(origin.run("compare", batch["id"], "--json", "-n", "1").out)[0]["id"]
    expect(page.locator(".tabulator-row.best")).to_have_attribute("data-id", best)
    expect(page.locator(".best-run")).to_contain_text("best 0.00666667")
    expect(page.locator("#choose-objective")).to_have_value("loss")
    headers = page.locator(".tabulator-header .sort").all_inner_texts()
    wanted = ["id", "status", "reason", "lr", "depth", "loss", "acc"]
    assert [h.strip() for h in headers][:7] == wanted
    assert page.url.endswith(f"/?batch={batch['id'][:8]}")


def test_a_filter_is_typed_after_a_slash_and_stands_in_the_address(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("lr < 0.1 and depth > 2")
    expect(page.locator("#count")).to_have_text("2 runs")
    assert "where=lr" in page.url
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#count")).to_have_text("6 runs")


def test_the_other_filters_have_fields_and_stand_in_the_address(
    browser: Browser, address: str, origin: Project
) -> None:
    chosen = [run["id"] for run in origin.runs("--where", "lr < 0.1") if run["kind"] == "trial"]
    origin.run("runs", "tag", *chosen[:2], "+good")
    with tab(browser, address) as page:
        page.locator("#more-filters").click()
        page.locator("#fields input[name=tag]").fill("good")  # it applies as one types
        expect(page.locator("#count")).to_have_text("2 runs")
        assert "tag=good" in page.url
        page.locator("#fields input[name=since]").fill("yesterday-ish")
        page.keyboard.press("Enter")
        expect(page.locator("#where-error")).to_contain_text("yesterday-ish")
        page.locator("#fields input[name=since]").fill("2h")
        page.keyboard.press("Enter")
        expect(page.locator("#where-error")).to_be_hidden()
        page.locator("#fields select[name=kind]").select_option("run")
        expect(page.locator("#count")).to_have_text("0 runs")
    origin.run("runs", "tag", *chosen[:2], "-good")


def test_what_does_not_parse_is_told_and_what_was_shown_stays(
    browser: Browser, address: str
) -> None:
    with tab(browser, address) as page:
        page.locator("#where").fill("lr <")
        expect(page.locator("#where-error")).to_contain_text("does not parse")
        assert count(page) == "6 runs"
        page.locator("#where").fill("lrr < 1")
        expect(page.locator("#where-error")).to_contain_text("did you mean lr?")
        page.locator("#where").fill("lr < 0.1")
        expect(page.locator("#where-error")).to_be_hidden()
        expect(page.locator("#count")).to_have_text("3 runs")
    with tab(browser, f"{address}/?where=((&view=plots") as page:
        expect(page.locator("#where-error")).to_contain_text("does not parse")
        assert len(rows(page)) == 7
        page.locator(".entry.all").click()
        expect(page.locator("#count")).to_have_text("7 runs")


def test_an_address_that_is_wrong_shows_the_runs_and_says_what_is_wrong(
    browser: Browser, address: str
) -> None:
    with tab(browser, f"{address}/?batch=abcd0123", is_clean=False) as page:  # a 404
        expect(page.locator("#where-error")).to_contain_text("abcd0123")
        expect(page.locator("#where-error")).to_contain_text("These are all runs")
        assert len(rows(page)) == 7
    with tab(browser, f"{address}/?objective=nothing&sort=lr&kind=batch") as page:
        expect(page.locator("#where-error")).to_contain_text("nothing")
        assert count(page) == "1 run"


def test_each_mistake_in_an_address_has_a_line(browser: Browser, address: str) -> None:
    wrong = "batch=nonsense&where=lrr<1&status=done&since=2h&view=plott"
    # what is shown instead is asked for after the answer to what is wrong, which is a 400
    with tab(browser, f"{address}/?{wrong}", is_clean=False) as page:
        lines = page.locator("#where-error span")
        expect(lines).to_have_count(5)
        texts = [line.inner_text() for line in lines.all()]
        for part, text in zip(
            ("nonsense", "status done", "lrr", "view=plott"), texts, strict=False
        ):
            assert part in text
        assert texts[-1] == "These are all runs"
        assert len(rows(page)) == 7


def test_a_batch_named_in_other_words_has_its_title_though_the_filter_is_wrong(
    browser: Browser, address: str, origin: Project
) -> None:
    batch = origin.newest("batch")["id"][:8]
    for name in ("last:batch", batch[:4]):
        with tab(browser, f"{address}/?batch={name}&where=lr<<0.1") as page:
            expect(page.locator("#where-error")).to_contain_text("does not parse")
            expect(page.locator("h1")).to_contain_text(batch)
            assert len(rows(page)) == 6


def test_a_plan_of_no_batch_is_that_of_the_newest(
    browser: Browser, address: str, origin: Project
) -> None:
    batch = origin.newest("batch")["id"][:8]
    with tab(browser, f"{address}/?view=plan") as page:
        expect(page.locator("h1")).to_contain_text(batch)
        expect(page.locator(".square")).to_have_count(6)
        assert page.url == f"{address}/?batch={batch}&view=plan"
        page.locator(".entry.all").click()
        expect(page.locator("#count")).to_have_text("7 runs")
        page.keyboard.press("4")
        expect(page.locator(".square")).to_have_count(6)
        assert page.url == f"{address}/?batch={batch}&view=plan"
        page.go_back()
        expect(page.locator("#count")).to_have_text("7 runs")


@pytest.mark.parametrize("typed", ["last:batch", "{id:.5}", "{id}"])
def test_a_batch_is_named_in_the_address_as_in_a_command(
    browser: Browser, address: str, origin: Project, typed: str
) -> None:
    batch = origin.newest("batch")["id"]
    with tab(browser, f"{address}/?batch={typed.format(id=batch)}&view=plan") as page:
        expect(page.locator("h1")).to_contain_text(batch[:8])
        expect(page.locator(".entry.here")).to_contain_text(batch[:8])
        expect(page.locator(".square")).to_have_count(6)
        assert page.url.startswith(f"{address}/?batch={batch[:8]}")
        assert count(page) == "6 runs"


def test_above_all_runs_there_are_no_buttons_of_a_batch(
    browser: Browser, address: str, origin: Project
) -> None:
    digit = origin.newest("batch")["id"][0]
    with tab(browser, f"{address}/?batch={digit}") as page:
        expect(page.locator("#where-error")).to_contain_text("These are all runs")
        expect(page.locator("h1")).to_have_text(f"Batch {digit} is not there")
        expect(page.locator("#head .buttons")).to_have_count(0)
        expect(page.locator(".entry.here")).to_have_count(0)


def test_what_an_address_misspells_is_told_beside_the_runs(browser: Browser, address: str) -> None:
    for wrong, line in (
        ("bach=1234abcd", "did you mean batch?"),
        ("view=plotz", "did you mean plots?"),
        ("operation=trian.py", "operation has: train.py"),
    ):
        with tab(browser, f"{address}/?{wrong}") as page:
            expect(page.locator("#where-error")).to_contain_text(line)
            expect(page.locator("#where")).to_have_attribute("aria-invalid", "false")
            page.locator(".entry.all").click()
            expect(page.locator("#where-error")).to_be_hidden()
            expect(page.locator("#count")).to_have_text("7 runs")


def test_the_last_run_is_opened_by_that_word(
    browser: Browser, address: str, origin: Project
) -> None:
    run = origin.newest("run")["id"]
    with tab(browser, f"{address}/?kind=run&run=last") as page:
        expect(page.locator("#drawer")).to_contain_text(run)
        expect(page.locator(f".tabulator-row.open[data-id='{run}']")).to_have_count(1)
        assert f"run={run[:8]}" in page.url


def test_what_is_the_best_is_chosen_and_given_up(browser: Browser, address: str) -> None:
    with tab(browser, f"{address}/?kind=run") as page:
        choice = page.locator("#choose-objective")
        choice.select_option("-loss")
        expect(page.locator(".best-run")).to_be_visible()
        page.goto(f"{page.url}&status=error")  # none of those has it: the choice stays
        expect(page.locator("#count")).to_have_text("0 runs")
        expect(choice).to_have_value("-loss")
        choice.select_option("")
        expect(page.locator(".best-run")).to_have_count(0)
        assert "objective" not in page.url and "sort" not in page.url


def test_a_title_sorts_one_way_then_the_other_then_not(page: Page, origin: Project) -> None:
    title = page.locator(".sort", has_text="loss")
    before = rows(page)
    for words in (("--sort", "loss"), ("--sort", "loss", "--reverse")):
        title.click()
        batch = origin.newest("batch")["id"]
        listed = [run["id"] for run in origin.runs("--batch", batch, *words)]
        expect(page.locator(".tabulator-row").first).to_have_attribute("data-id", listed[0])
        assert rows(page) == listed
    title.click()
    expect(page.locator(".tabulator-row").first).to_have_attribute("data-id", before[0])
    assert "sort" not in page.url


def test_a_status_is_chosen_by_its_count(page: Page) -> None:
    page.locator(".chip[data-status=error]").click()
    expect(page.locator("#count")).to_have_text("2 runs")
    expect(page.locator(".chip[data-status=completed]")).to_contain_text("4 completed")
    page.locator(".chip[data-status=error]").click()
    expect(page.locator("#count")).to_have_text("6 runs")


def _mark_the_lower_half(page: Page, drawing: Locator) -> tuple[float, float]:
    """Draw a mark on the first axis, where it is when the page does not move any more; returns the
    axis' x and its top."""
    box: FloatRect | None = None

    def lies_still() -> bool:
        nonlocal box
        page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        before, box = box, drawing.bounding_box()
        return box is not None and box == before

    wait_until(lies_still)
    assert box is not None
    x, top, bottom = box["x"] + 60, box["y"] + 46, box["y"] + box["height"] - 26
    page.mouse.move(x, bottom + 3)
    page.mouse.down()
    page.mouse.move(x, bottom - 20, steps=4)
    page.mouse.move(x, (top + bottom) / 2, steps=8)
    page.mouse.up()
    return x, top


def test_a_brush_filters_the_table_and_stands_in_the_address(browser: Browser, page: Page) -> None:
    page.keyboard.press("2")
    drawing = page.locator("[data-chart=parallel] canvas").first
    expect(drawing).to_be_visible()
    expect(page.locator("section.card")).to_have_count(4)  # overview, best so far, two flags
    x, top = _mark_the_lower_half(page, drawing)
    expect(page.locator("#count")).to_have_text("3 of 6 runs")
    assert "brush=" in page.url
    assert len(rectangles(page)) == 1
    page.mouse.click(x, top + 10)  # takes the mark away, and makes none
    expect(page.locator("#count")).to_have_text("6 runs")
    assert "brush=" not in page.url and rectangles(page) == []
    _mark_the_lower_half(page, drawing)
    expect(page.locator("#count")).to_have_text("3 of 6 runs")
    page.locator("#filter-rest .chip", has_text="lr").click()
    expect(page.locator("#count")).to_have_text("6 runs")
    wait_until(lambda: rectangles(page) == [])
    _mark_the_lower_half(page, drawing)
    expect(page.locator("#count")).to_have_text("3 of 6 runs")
    seen = page.url
    page.keyboard.press("1")
    expect(page.locator(".tabulator-row")).to_have_count(3)
    with tab(browser, seen) as again:
        assert count(again) == "3 of 6 runs"
        again.keyboard.press("2")
        expect(again.locator("[data-chart=parallel] canvas").first).to_be_visible()
        wait_until(lambda: len(rectangles(again)) == 1)
        chip = again.locator("#filter-rest .chip", has_text="lr")
        expect(chip).to_be_visible()
        chip.click()
        expect(again.locator("#count")).to_have_text("6 runs")
    page.go_back()
    page.go_back()
    expect(page.locator("#count")).to_have_text("6 runs")
    wait_until(lambda: rectangles(page) == [])


def test_values_stand_under_their_titles_whichever_view_the_run_was_opened_in(page: Page) -> None:
    def whole_rows() -> list[list[str]]:
        """Each row as its titles and values in sight, in the order in which they stand."""
        script = """() => {
          const left = (cell) => cell.getBoundingClientRect().left;
          const columns = [...document.querySelectorAll(".tabulator-col")];
          const titles = columns.filter((column) => column.innerText.trim());
          return [...document.querySelectorAll(".tabulator-row")].map((row) => {
            const at = (column) => [...row.querySelectorAll(".tabulator-cell")].find(
              (cell) => Math.abs(left(cell) - left(column)) < 2);
            return titles.map((title) => `${title.innerText.trim()}: ${at(title)?.innerText}`);
          });
        }"""
        found: list[list[str]] = page.evaluate(script)
        return found

    alone = whole_rows()
    assert len(alone) == 6 and any(text.startswith("reason:") for text in alone[0])
    page.locator(".tabulator-row .status").nth(1).click()
    expect(page.locator(".sort", has_text="reason")).to_have_count(0)
    beside = whole_rows()
    page.keyboard.press("3")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    page.keyboard.press("1")
    expect(page.locator(".sort", has_text="reason")).to_be_visible()
    assert whole_rows() == alone
    page.keyboard.press("3")
    expect(page.locator(".legend button").first).to_be_visible()
    page.locator(".legend button").nth(1).click()
    expect(page.locator("#drawer")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator(".sort", has_text="reason")).to_have_count(0)
    assert whole_rows() == beside


def test_best_so_far_is_a_staircase(page: Page) -> None:
    page.keyboard.press("2")
    expect(page.locator("[data-chart=best] canvas").first).to_be_visible()
    draw = """() => {
      const chart = echarts.init(document.createElement("div"), null, {width: 400, height: 200});
      const runs = [5, 1, 0.999, 3, 0.998, 0.1].map((objective, at) => (
        {id: String(at), objective, values: []}));
      RunnerCharts.best(chart, {runs, axes: [], objective: {name: "loss", log: false}}, null);
      const lines = chart.getZr().storage.getDisplayList(true).filter(
        (shape) => shape.type.endsWith("polyline") && shape.style.lineWidth === 2.5);
      const drawn = [];
      const context = new Proxy({}, {
        get: (_, name) => (...given) => {
          if (name === "moveTo" || name === "lineTo") drawn.push(given);
        },
      });
      lines[0].buildPath(context, lines[0].shape);
      chart.dispose();
      return drawn;
    }"""
    points = page.evaluate(draw)
    pairs = list(pairwise(points))
    assert len(points) >= 6
    slopes = [pair for pair in pairs if all(abs(pair[0][i] - pair[1][i]) > 0.01 for i in (0, 1))]
    assert slopes == []


def test_a_run_is_opened_gone_through_by_arrows_and_closed(page: Page) -> None:
    order = rows(page)
    page.locator(".tabulator-row .status").nth(1).click()
    drawer = page.locator("#drawer")
    expect(drawer).to_contain_text(order[1][:8])
    drawer.locator("[role=tab]", has_text="About").click()
    expect(drawer.locator("th", has_text="fixed")).to_be_visible()
    expect(drawer.locator("tr", has_text="fixed")).to_contain_text("default")
    expect(drawer.locator("tr", has_text="depth").first).to_contain_text("sweep")
    page.keyboard.press("ArrowDown")
    expect(drawer.locator("h2")).to_contain_text(order[2][:8])
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(drawer.locator("h2")).to_contain_text(order[0][:8])
    page.keyboard.press("l")
    expect(drawer.locator(".log")).to_contain_text("step=0 loss=")
    page.keyboard.press("f")
    drawer.locator(".file .link", has_text="model.txt").click()
    expect(drawer.locator(".preview")).to_contain_text("weights")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_what_is_seen_is_in_the_address(browser: Browser, address: str, origin: Project) -> None:
    runs = origin.runs("--where", "lr == 0.1")
    other = next(run for run in origin.runs("--where", "lr == 0.01"))
    asked = (
        f"/?where=lr<1&sort=acc&reverse=1&run={runs[0]['id'][:8]}&tab=diff&with={other['id'][:8]}"
    )
    with tab(browser, address + asked) as page:
        assert count(page) == "6 runs"
        expect(page.locator("#where")).to_have_value("lr<1")
        expect(page.locator(".sort .arrow", has_text="▼")).to_have_count(1)
        drawer = page.locator("#drawer")
        expect(drawer.locator("section", has_text="flags")).to_contain_text("lr")
        first = (rows(page), drawer.inner_text())
        page.reload()
        page.wait_for_selector("body.ready")
        expect(drawer.locator("section", has_text="flags")).to_contain_text("lr")
        assert (rows(page), drawer.inner_text()) == first


def test_curves_are_of_the_runs_that_were_chosen(page: Page) -> None:
    page.locator(".tabulator-row input").nth(0).check()
    page.locator(".tabulator-row input").nth(3).check()
    chosen = [rows(page)[place][:8] for place in (0, 3)]
    page.keyboard.press("3")
    expect(page.locator(".curves canvas")).to_be_visible()
    legend = page.locator(".legend button").all_inner_texts()
    assert [text.split()[0] for text in legend] == chosen
    expect(page.locator(".legend .at-step")).to_have_text("last values")
    box = page.locator(".curves .u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".legend .at-step")).to_have_text("step 1")
    assert ["✓ lr=0.01 " in legend[0], "✓ lr=0.1 " in legend[1]] == [True, True], legend
    page.locator("#choose-scalar").select_option("acc")
    expect(page.locator("#choose-scalar")).to_have_value("acc")
    assert "scalar=acc" in page.url and page.url.count("pick=") == 2
    page.keyboard.press("1")
    other = rows(page)[1][:8]
    page.locator(".tabulator-row .status").nth(1).click()
    page.keyboard.press("3")
    expect(page.locator(".legend .open")).to_contain_text(other)
    expect(page.locator(".legend button")).to_have_count(3)


def test_all_rows_are_chosen_by_the_box_above_them(page: Page) -> None:
    page.locator(".pick-all").check()
    expect(page.locator("#head")).to_contain_text("6 chosen")
    expect(page.locator(".tabulator-row input:checked")).to_have_count(6)
    page.locator(".tabulator-row input").first.uncheck()
    expect(page.locator(".pick-all")).not_to_be_checked()
    page.locator(".pick-all").check()
    page.locator(".pick-all").uncheck()
    expect(page.locator(".tabulator-row input:checked")).to_have_count(0)
    assert "pick=" not in page.url


def test_the_run_to_compare_with_is_chosen_by_its_box(page: Page) -> None:
    page.locator(".tabulator-row .status").first.click()
    page.keyboard.press("d")
    drawer = page.locator("#drawer .drawer-body")
    drawer.locator("button", has_text="Compare").click()
    expect(drawer.locator(".wrong")).to_contain_text("Give the id of another run")
    page.locator(".tabulator-row input").nth(3).check()
    expect(drawer.locator("section", has_text="flags")).to_contain_text("lr")
    page.locator(".tabulator-row input").nth(3).uncheck()
    expect(drawer).to_contain_text("choose one by its box")


def test_the_batches_can_be_shown_beside_an_open_run(page: Page) -> None:
    page.locator(".tabulator-row .status").first.click()
    expect(page.locator("#drawer h2")).to_be_visible()
    expect(page.locator("#aside")).to_be_hidden()
    page.locator("#aside-toggle").click()
    expect(page.locator("#aside")).to_be_visible()
    page.keyboard.press("b")
    expect(page.locator("#aside")).to_be_hidden()


def test_a_reason_has_the_room_that_is_left(browser: Browser, project: Project) -> None:
    script = project.folder / "train.py"
    script.write_text(script.read_text().replace("it diverged", "it diverged " * 20))
    project.run("-m", "lr=0.1", "depth=3", "fail=true", status=1)
    with served(project) as address, tab(browser, address) as page:
        why = page.locator(".tabulator-cell", has=page.locator(".why")).first
        cut = "cell => cell.scrollWidth > cell.clientWidth"
        assert why.evaluate(cut)
        assert (why.locator(".why").get_attribute("title") or "").count("it diverged") == 20
        page.set_viewport_size({"width": 2560, "height": 800})
        wait_until(lambda: not why.evaluate(cut))


def test_a_column_grows_with_the_longer_values_that_news_bring(
    browser: Browser, project: Project
) -> None:
    with served(project) as address, tab(browser, f"{address}/?status=completed") as page:
        expect(page.locator("#count")).to_have_text("5 runs")
        project.run("lr=0.000123456789")
        expect(page.locator("#count")).to_have_text("6 runs")
        rate = page.locator(".tabulator-cell.number", has_text="0.000123457").first
        expect(rate).to_be_visible()
        wait_until(lambda: rate.evaluate("cell => cell.scrollWidth <= cell.clientWidth"))


def test_columns_stand_still_under_a_filter_and_another_order(page: Page) -> None:
    def widths() -> dict[str, int]:
        columns = page.locator(".tabulator-col").evaluate_all(
            "all => all.map(one => [one.textContent.split(' ')[0], one.offsetWidth])"
        )
        return {title: width for title, width in columns if title not in ("", "reason")}

    border = page.locator(".tabulator-col", has_text="lr").bounding_box()
    assert border is not None
    page.mouse.move(border["x"] + border["width"], border["y"] + 10)
    page.mouse.down()
    page.mouse.move(border["x"] + border["width"] + 60, border["y"] + 10)
    page.mouse.up()
    before = widths()
    assert before["lr"] == round(border["width"]) + 60
    page.keyboard.press("/")
    page.keyboard.type("lr < 0.1 and depth > 2")
    expect(page.locator("#count")).to_have_text("2 runs")
    assert widths() == before
    page.locator(".tabulator-col .sort", has_text="loss").click()
    expect(page.locator(".tabulator-col .sort", has_text="loss")).to_contain_text("▲")
    assert widths() == before


def test_the_plan_shows_each_trial_and_a_pipeline_as_a_graph(
    browser: Browser, page: Page, tmp_path: Path
) -> None:
    page.keyboard.press("4")
    expect(page.locator(".square")).to_have_count(6)
    expect(page.locator(".square").nth(1)).to_contain_text("lr=0.1, depth=3")
    page.locator(".square").nth(1).click()
    expect(page.locator("#drawer")).to_contain_text("exit status 1")
    study = Project(tmp_path)
    study.write(STUDY)
    study.run("-m", "operation=study", "train.lr=0.1,0.01")
    with served(study) as address, tab(browser, f"{address}/") as other:
        other.keyboard.press("4")
        expect(other.locator(".node")).to_have_count(6)
        expect(other.locator(".edge")).to_have_count(8)
        told = other.locator(".node .flags").all_text_contents()
        assert len([text for text in told if "lr=0.1" in text]) == 2, told  # train, evaluate
        other.locator(".node", has_text="report").click()
        expect(other.locator("#drawer h2")).to_contain_text("plot")


def test_a_failed_trial_s_log_is_one_click_away(page: Page) -> None:
    page.locator(".tabulator-row", has_text="error").first.click()
    expect(page.locator("#drawer .log")).to_contain_text("it diverged")
    page.locator("#drawer [role=tab]", has_text="About").click()
    expect(page.locator("#drawer")).to_contain_text("random seed")


def test_a_log_is_followed_and_a_trial_is_stopped(browser: Browser, tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        {
            "conf/config.yaml": "operation: {script: work.py}\nx: 1\n",
            "work.py": """
                import pathlib, os, time
                x = 1
                print("begun", x, flush=True)
                go = pathlib.Path(os.environ["RUNNER_PROJECT_DIR"], "go")
                while not go.exists():
                    time.sleep(0.02)
                print("gone on", x, flush=True)
                time.sleep(300)
            """,
        }
    )
    with project.at_work("-m", "x=1,2", "hydra.launcher.n_jobs=2") as batch:
        wait_until(lambda: len(project.runs("--status", "running", "--kind", "trial")) == 2)
        with served(project) as address, tab(browser, address) as page:
            expect(page.locator(".chip[data-status=running]")).to_contain_text("2 running")
            page.locator(".tabulator-row .status").first.click()
            page.keyboard.press("l")
            log = page.locator("#drawer .log")
            expect(log).to_contain_text("begun")
            assert "gone on" not in log.inner_text()
            (project.folder / "go").touch()
            expect(log).to_contain_text("gone on")
            kept = page.locator("#drawer button", has_text="Note")
            expect(kept).to_be_disabled()
            expect(kept).to_have_attribute("title", re.compile("^Not while it is at work"))
            expect(page.locator("#head button", has_text="Label")).to_be_disabled()
            page.locator("#drawer button", has_text="Stop").click()
            run = page.locator("#drawer h2 .id").inner_text()
            assert confirm(page, "Stop") == f"runner runs stop {run}"
            expect(page.locator("#drawer .drawer-head .status").first).to_contain_text("terminated")
            expect(page.locator(".chip[data-status=terminated]")).to_contain_text("1 terminated")
            page.keyboard.press("Escape")
            reason = page.locator(".tabulator-row .why.s-terminated")  # in the colour of its status
            expect(reason).to_contain_text("stop")
            for box in page.locator(".tabulator-row input").all():
                box.check()
            bulk = page.locator("#head [data-is=picked] button")
            one = [f"{verb} 1 run" for verb in ("Restart", "Tag", "Label", "Stop", "Delete")]
            expect(bulk).to_have_text([*one, "Choose none"])
            bulk.filter(has_text="Choose none").click()
            page.locator("#head button", has_text="Stop").click()
            confirm(page, "Stop")
            expect(page.locator(".chip[data-status=terminated]")).to_contain_text("2 terminated")
        batch.wait(timeout=30)


def test_the_failed_are_restarted_and_a_new_batch_appears_by_itself(
    browser: Browser, project: Project
) -> None:
    script = project.folder / "train.py"
    script.write_text(script.read_text().replace("sys.exit", "print"))
    with served(project) as address, tab(browser, address) as page:
        page.locator("#head button", has_text="Restart the failed (2)").click()
        assert confirm(page, "Restart").endswith("+only=failed")
        expect(page.locator(".chip[data-status=completed]")).to_contain_text("6 completed")
        expect(page.locator(".chip[data-status=error]")).to_have_count(0)
        project.run("-m", "lr=1,2", "+label=second")
        expect(page.locator(".entry", has_text="second")).to_be_visible()
        expect(page.locator(".entry.all")).to_contain_text("9")


def test_chosen_runs_are_restarted_each_by_a_command_that_is_shown(
    browser: Browser, project: Project
) -> None:
    script = project.folder / "train.py"
    script.write_text(script.read_text().replace("sys.exit", "print"))
    failed = {run["id"][:8] for run in project.runs("--kind", "trial", "--status", "error")}
    with served(project) as address, tab(browser, address) as page:
        page.locator(".chip[data-status=error]").click()
        expect(page.locator("#count")).to_have_text("2 runs")
        page.locator(".pick-all").check()
        page.locator("#head button", has_text="Restart 2 runs").click()
        lines = confirm(page, "Restart").splitlines()
        assert {line.removeprefix("runner +restart=") for line in lines} == failed
        expect(page.locator("#count")).to_have_text("0 runs")
        page.locator(".chip[data-status=error]").click()
        expect(page.locator(".chip[data-status=completed]")).to_contain_text("6 completed")
        expect(page.locator("#starts button")).to_have_text("1 restart done")
        page.locator("#starts button").click()
        expect(page.locator("dialog .said")).to_contain_text(lines[1])


def test_runs_are_labelled_and_deleted_and_come_back(browser: Browser, project: Project) -> None:
    # A run may be asked for once more while it is being deleted.
    with (
        served(project) as address,
        tab(browser, address, is_new=True, forgiven="404") as page,
    ):
        page.clock.install()
        page.locator("#head button", has_text="Label").click()
        assert page.evaluate("getSelection().toString()") == "first"  # to type is to replace it
        page.keyboard.press("Escape")
        for name, runs in (("Restart all", "completed ones too: 6"), ("restart-failed", ": 2")):
            button = page.locator(f"#head button[data-is='{name}']")
            expect(button).to_have_attribute("title", re.compile(re.escape(runs)))
        page.locator("#head button", has_text="details").click()
        expect(page.locator("#drawer [data-is=restart]")).to_have_text("Restart all")
        page.keyboard.press("Escape")
        page.locator(".tabulator-row input").nth(0).check()
        stop = page.locator("#head button", has_text="Stop")
        expect(stop).to_be_disabled()
        expect(stop).to_have_attribute("title", "None of the chosen runs is at work")
        page.locator("#head button", has_text="Tag 1 run").click()
        expect(page.locator("dialog")).to_contain_text("Which tags?")
        page.keyboard.press("Escape")
        page.locator("#head button", has_text="Label 1 run").click()
        page.locator("dialog input").fill("the <b>best</b>")
        expect(page.locator("dialog .command")).to_contain_text("<b>best</b>")
        confirm(page, "Label")
        expect(page.locator(".tabulator-row", has_text="the <b>best</b>")).to_be_visible()
        page.locator("#head button", has_text="Delete").click()
        question = page.locator("dialog .asked").bounding_box()
        besides = page.locator("dialog input[type=checkbox]").bounding_box()
        assert question is not None and besides is not None and question["y"] < besides["y"]
        confirm(page, "Delete")
        expect(page.locator("#count")).to_have_text("5 runs")
        # What is gone is not chosen any more.
        expect(page.locator("#head [data-is=picked]")).to_have_count(0)
        page.locator("#toast button", has_text="Undo").click()
        confirm(page, "Bring back")
        expect(page.locator("#count")).to_have_text("6 runs")
        page.locator(".tabulator-row .status").first.click()
        page.locator("#drawer button", has_text="Delete").click()
        confirm(page, "Delete")
        expect(page.locator("#drawer")).to_be_hidden()
        expect(page.locator("#count")).to_have_text("5 runs")
        assert "run=" not in page.url
        page.clock.fast_forward(60_000)
        expect(page.locator("#toast button", has_text="Undo")).to_be_visible()
        page.locator("#toast .close").click()
        expect(page.locator("#toast")).to_be_hidden()
        page.locator("#head button", has_text="Delete").click()
        page.locator("dialog label", has_text="all its trials").click()
        expect(page.locator("dialog .asked")).to_contain_text("Move 6 runs to the trash")
        confirm(page, "Delete")
        page.locator("#toast button", has_text="Undo").click()
        expect(page.locator("dialog .asked")).to_contain_text("Bring 6 runs back")
        confirm(page, "Bring back")
        expect(page.locator("#toast")).to_contain_text("Restored 6 runs")


def test_a_read_only_page_offers_no_change(browser: Browser, origin: Project) -> None:
    with served(origin, "--read-only") as address, tab(browser, address) as page:
        page.locator(".tabulator-row .status").first.click()
        expect(page.locator("#drawer .tabs")).to_be_visible()
        texts = page.locator("button").all_inner_texts()
        assert not [text for text in texts if re.match("Stop|Restart|Tag|Label|Note|Delete", text)]


NASTY = "<img src=x onerror=document.title=1><script>document.title=1</script>"


def test_nothing_of_a_run_becomes_html(browser: Browser, tmp_path: Path) -> None:
    project = Project(tmp_path / NASTY.replace("/", "_")[:60])
    project.folder.mkdir()
    project.write(
        {
            "conf/config.yaml": (
                f"operation: {{function: lib.f, name: '{NASTY}'}}\n'{NASTY}': a\nx: 1\n"
            ),
            "lib.py": f"""
                def f(**flags):
                    open({NASTY.replace("/", "_")!r}, "w").write({NASTY!r})
                    print({NASTY!r})
                    return {{"loss": flags["x"], {NASTY!r}: flags["x"]}}
                """,
        }
    )
    quoted = NASTY.replace("'", "")
    project.run("-m", "x=1,2", f"+label='{quoted}'", f"+tags=['{quoted}']", "+objective=loss")
    with served(project) as address, tab(browser, address) as page:
        for key in "1234":
            page.keyboard.press(key)
            expect(page.locator(".view:visible")).to_have_count(1)
        page.keyboard.press("1")
        page.locator("#all-flags").check()
        expect(page.locator(".tabulator-header")).to_contain_text("<script>")
        page.locator(".tabulator-row .status").first.click()
        for key, text in (("l", "<script>"), ("f", "<img src=x"), ("d", "against")):
            page.keyboard.press(key)
            expect(page.locator("#drawer .drawer-body")).to_contain_text(text)
        assert page.locator("img, script:not([src])").count() == 0
        assert page.evaluate("document.title") != "1"


def test_lines_of_ten_megabytes_and_control_characters_do_no_harm(
    browser: Browser, project: Project
) -> None:
    run = project.newest("run")["id"]
    log = project.store / run / ".runner" / "output.log"
    with log.open("wb") as file:
        for _ in range(2):
            file.write(b"y" * 10_000_000 + b"\n")
        file.write(bytes(range(256)) + b"\n\x1b[31mred\x1b[0m\rover\n")
        file.write("\u202eturned\n".encode())
    with served(project) as address, tab(browser, f"{address}/?run={run[:8]}&tab=log") as page:
        text = page.locator("#drawer .log")
        expect(text).to_contain_text("over")
        shown = text.inner_text()
        assert "more characters" in shown and len(shown) < 30_000
        assert "red" not in shown and not re.search("[\x00-\x08\x0b-\x1f\u202e]", shown)
        page.locator("button", has_text="Earlier lines").click()
        expect(text).to_contain_text("more characters")


def test_a_run_that_vanishes_is_told_and_the_page_goes_on(
    browser: Browser, project: Project
) -> None:
    with served(project) as address, tab(browser, address, is_clean=False) as page:
        page.locator(".tabulator-row .status").first.click()
        run = page.locator("#drawer h2 .id").inner_text()
        shutil.rmtree(next(project.store.glob(f"{run}*")))
        expect(page.locator("#drawer [role=alert]")).to_contain_text("no run")
        expect(page.locator("#count")).to_have_text("5 runs")
        page.keyboard.press("Escape")
        page.locator(".tabulator-row .status").first.click()
        expect(page.locator("#drawer [role=tab]").first).to_be_visible()


def test_a_page_goes_on_when_its_server_comes_back(browser: Browser, project: Project) -> None:
    # The next free one would be taken by a page of another test while this one's is away.
    port = str(20_000 + os.getpid() % 10_000)
    with served(project, "--port", port) as address:
        context = browser.new_context()
        page = context.new_page()
        page.goto(address)
        expect(page.locator("#live")).to_have_text("live")
    expect(page.locator("#live")).to_contain_text("does not answer")
    project.run("lr=7", "+label=meanwhile")
    with served(project, "--port", port):
        expect(page.locator("#live")).to_have_text("live")
        expect(page.locator(".entry.all")).to_contain_text("8")
        context.close()


def test_a_long_table_is_scrolled_to_its_end_with_few_rows_in_the_document(
    browser: Browser, tmp_path: Path
) -> None:
    from benchmarks.stores import fill_store

    project = Project(tmp_path)
    (tmp_path / "conf").mkdir()
    fill_store(project.store, 3_000)
    with served(project) as address, tab(browser, f"{address}/?sort=x") as page:
        assert count(page) == "3,000 runs"
        page.locator(".tabulator-tableholder").evaluate("it => { it.scrollTop = it.scrollHeight; }")
        last = page.locator(".tabulator-row").last
        expect(last).to_contain_text("2999")
        page.keyboard.press("Home")
        expect(page.locator(".tabulator-row").first).to_contain_text("1")
        assert page.locator(".tabulator-row").count() < 120
