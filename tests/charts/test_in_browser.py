"""The plot of `runner compare` in a real browser."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import expect

from hydra_sweep_runner.charts.html import render_html
from tests.charts.test_charts import data_of
from tests.page.browser import needs_browser, open_browser

#: Of an axis of texts: the texts that have a label, the number of its marks, and the rectangles of
#: the labels.
LABELS = """([place, name, at]) => {
  const places = document.querySelectorAll("[_echarts_instance_]");
  const chart = echarts.getInstanceByDom(places[place]);
  const { axis } = chart.getModel().getComponent(name, at);
  const labels = axis.getViewLabels().map((label) => label.formattedLabel);
  const shapes = chart.getZr().storage.getDisplayList(true);
  const drawn = shapes.filter((shape) => labels.includes(shape.style.text));
  return {
    labels,
    marks: axis.getTicksCoords().length,
    rectangles: drawn.map((shape) => {
      const box = shape.getBoundingRect().clone();
      if (shape.transform) box.applyTransform(shape.transform);
      return [box.x, box.y, box.x + box.width, box.y + box.height];
    }),
    width: chart.getWidth(),
  };
}"""


@needs_browser
@pytest.mark.parametrize("count", [3, 24, 90])
def test_each_mark_of_an_axis_of_texts_has_a_label_and_no_label_is_on_another(
    tmp_path: Path, count: int
) -> None:
    flags = [
        {"net": f"a_network_with_a_long_name_{n:02}", "opt": "ab"[n % 2]} for n in range(count)
    ]
    file = tmp_path / "plot.html"
    file.write_text(render_html(data_of(flags, list(map(float, range(count)))), "runs by loss"))
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1000, "height": 1200})
        page.goto(file.as_uri())
        for place, name in ((0, "parallelAxis"), (2, "xAxis")):
            found = page.evaluate(LABELS, [place, name, 0])
            assert found["marks"] == len(found["labels"])
            assert (len(found["labels"]) == count) == (count < 90)
            assert len(set(found["labels"])) == len(found["labels"])  # the ends tell them apart
            boxes = sorted(found["rectangles"], key=lambda box: (-box[1], box[0]))
            assert len(boxes) == len(found["labels"])
            side = 0 if name == "xAxis" else 1
            edges = sorted((box[side], box[side + 2]) for box in boxes)
            assert all(before[1] <= after[0] + 3 for before, after in pairwise(edges))
            assert all(box[0] >= 0 and box[2] <= found["width"] for box in boxes)
        browser.close()


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
