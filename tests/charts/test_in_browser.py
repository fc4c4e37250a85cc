"""The plot of `runner compare` in a real browser."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from hydra_sweep_runner.charts.html import render_html
from tests.charts.test_charts import data_of
from tests.page.browser import needs_browser, open_browser


@needs_browser
def test_the_plot_is_one_file_with_charts_and_brushes_that_asks_for_nothing(tmp_path: Path) -> None:
    data = data_of([{"lr": n, "opt": "ab"[n % 2]} for n in (0, 1, 9, 10)], [4.0, 3.0, 2.0, 1.0])
    file = tmp_path / "plot.html"
    file.write_text(render_html(data, "4 runs by loss"), encoding="utf-8")
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1000, "height": 1200})
        asked: list[str] = []
        complaints: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(file.as_uri())
        titles = page.locator("h2").all_inner_texts()
        assert titles == [
            "Flags and objective: drag along an axis to choose",
            "Best loss so far",
            *("loss against lr", "loss against opt"),
            "Runs, the best first",
        ]
        assert page.locator("canvas").count() == 4
        assert page.locator("#count").inner_text() == "4 runs"
        drawn = page.locator("#parallel").bounding_box()
        assert drawn is not None
        x, top, bottom = drawn["x"] + 60, drawn["y"] + 46, drawn["y"] + drawn["height"] - 26
        page.mouse.move(x, top - 3)
        page.mouse.down()
        page.mouse.move(x, (top + bottom) / 2, steps=5)
        page.mouse.up()
        expect(page.locator("#count")).to_have_text("2 of 4 runs")
        page.locator("#all").click()
        expect(page.locator("#count")).to_have_text("4 runs")
        assert (asked, complaints) == ([file.as_uri()], [])
        browser.close()
