"""How the page looks on small and large screens and in both themes, and what its actions say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.page.browser import confirm, needs_browser, served, tab
from tests.scenarios.project import Project, wait_until

pytestmark = needs_browser

#: The contrast of each text's colour with what it stands on, by WCAG 2.2's formula, where it is
#: below what that asks of text (4.5).
FAINT = """() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const below = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgba(getComputedStyle(document.body).backgroundColor);
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const nodes = [...element.childNodes];
    const hasText = nodes.some((node) => node.nodeType === 3 && node.nodeValue.trim());
    if (!hasText || !element.checkVisibility()) continue;
    if (element.matches("option, script, :disabled")) continue;
    const [one, other] = [light(rgba(getComputedStyle(element).color)), light(below(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const told = `${contrast.toFixed(2)} ${element.className} ${element.textContent}`;
    if (contrast < 4.5) found.push(told);
  }
  return found;
}"""

#: What sticks out of the window.
OUTSIDE = """() => [...document.querySelectorAll("#top, #main, #head *, #filters *, #drawer > *")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 0.5)
  .map((one) => `${one.tagName} ${one.className} ${one.textContent}`)"""


@contextmanager
def screen(
    browser: Browser, address: str, width: int, theme: Literal["light", "dark"]
) -> Iterator[Page]:
    height = 800 if width < 2000 else 1440
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("body.ready")
    yield page
    context.close()


@pytest.mark.parametrize(
    ("width", "theme"),
    [
        (1280, "light"),
        (2560, "dark"),
        pytest.param(1280, "dark", marks=pytest.mark.long),
        pytest.param(2560, "light", marks=pytest.mark.long),
    ],
)
def test_it_can_be_read_on_small_and_large_screens_in_both_themes(
    browser: Browser, address: str, width: int, theme: Literal["light", "dark"]
) -> None:
    with screen(browser, address, width, theme) as page:
        for key in "1234":
            page.keyboard.press(key)
            expect(page.locator(".view:visible")).to_have_count(1)
            assert page.evaluate(FAINT) == []
            assert page.evaluate(OUTSIDE) == []
        page.keyboard.press("1")
        page.locator(".tabulator-row", has_text="error").first.click()
        for key in "lfd":
            page.keyboard.press(key)
            expect(page.locator("#drawer [role=tab][aria-selected=true]")).to_have_count(1)
            assert page.evaluate(FAINT) == []
            assert page.evaluate(OUTSIDE) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_names_of_batches_are_whole_on_a_narrow_screen(browser: Browser, address: str) -> None:
    with screen(browser, address, 800, "light") as page:
        cut = "all => all.filter((one) => one.scrollWidth > one.clientWidth).length"
        assert page.locator("#aside [data-batch] b").count() == 1
        assert page.locator("#aside [data-batch] b").evaluate_all(cut) == 0


def test_labels_of_texts_fit_their_room_when_that_changes(browser: Browser, tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        {
            "conf/config.yaml": "operation: {script: fit.py}\nnet: a\n",
            "fit.py": "net = 'a'\nprint(f'loss: {len(net)}')\n",
        }
    )
    names = [f"network_number_{n}" for n in range(4)]
    project.run("-m", f"net={','.join(names)}")
    shown = """() => {
      const drawing = document.querySelector("[data-chart='against net'] .drawing");
      const { axis } = echarts.getInstanceByDom(drawing).getModel().getComponent("xAxis", 0);
      return [axis.getLabelModel().get("rotate"), axis.getViewLabels().length];
    }"""
    with served(project) as address, tab(browser, f"{address}/?view=plots") as page:
        page.set_viewport_size({"width": 880, "height": 900})
        expect(page.locator("[data-chart='against net'] canvas")).to_be_visible()
        wait_until(lambda: page.evaluate(shown) == [0, 4])
        page.set_viewport_size({"width": 620, "height": 900})
        wait_until(lambda: page.evaluate(shown) == [90, 4])


def test_the_theme_is_the_system_s_until_another_is_chosen(browser: Browser, address: str) -> None:
    shown = "getComputedStyle(document.body).backgroundColor"
    with screen(browser, address, 1280, "light") as page:
        light = page.evaluate(shown)
        page.emulate_media(color_scheme="dark")
        dark = page.evaluate(shown)
        assert dark != light
        page.locator("#theme").click()  # light, whatever the system has
        assert page.evaluate(shown) == light
        page.reload()
        page.wait_for_selector("body.ready")
        assert page.evaluate(shown) == light


def test_a_status_is_told_by_a_sign_of_its_own_beside_its_colour(
    browser: Browser, address: str
) -> None:
    with tab(browser, address) as page:
        signs = page.evaluate(
            """async () => {
              const { STATUSES, glyph } = await import("/static/js/words.js");
              return STATUSES.map(glyph);
            }"""
        )
        assert len(set(signs)) == len(signs) >= 7 and "?" not in signs


def test_the_best_looks_like_no_failure(browser: Browser, address: str) -> None:
    colour = "element => getComputedStyle(element).color"
    with tab(browser, address) as page:
        star = page.locator(".tabulator-row.best .star").evaluate(colour)
        error = page.locator(".tabulator-row .status.s-error").first.evaluate(colour)
        completed = page.locator(".tabulator-row .status.s-completed").first.evaluate(colour)
        assert star == completed != error


def test_no_script_of_another_origin_runs_nor_one_in_the_page(
    browser: Browser, address: str
) -> None:
    with screen(browser, address, 1280, "light") as page:
        blocked = page.evaluate(
            """async () => {
              const blocked = [];
              const note = (event) => blocked.push(event.blockedURI);
              addEventListener("securitypolicyviolation", note);
              const far = document.createElement("script");
              far.src = "http://127.0.0.2:9/far.js";
              const inline = document.createElement("script");
              inline.textContent = "document.title = 'run'";
              document.body.append(far, inline);
              await fetch("http://127.0.0.2:9/far").catch(() => {});
              while (blocked.length < 3) await new Promise((done) => setTimeout(done, 20));
              return blocked.sort();
            }"""
        )
        wanted = ["http://127.0.0.2:9/far", "http://127.0.0.2:9/far.js", "inline"]
        assert blocked == wanted and page.title() != "run"


def test_each_change_of_a_run_shows_its_command(browser: Browser, project: Project) -> None:
    # what is no tag yet is refused, which stands in the console
    with served(project) as address, tab(browser, address, is_clean=False) as page:
        page.locator(".tabulator-row .status").first.click()
        drawer = page.locator("#drawer")
        run = drawer.locator("h2 .id").inner_text()
        drawer.locator("button", has_text="Tag").click()
        page.locator("dialog input").first.fill("good draft")
        expect(page.locator("dialog .command")).to_contain_text("draft")
        assert confirm(page, "Tag") == f"runner runs tag {run} +good +draft"
        expect(drawer.locator(".tag")).to_have_text(["good", "draft"])
        drawer.locator("button", has_text="Note").click()
        page.locator("dialog textarea").fill("look again")
        expect(page.locator("dialog .command")).to_contain_text("look again")
        assert confirm(page, "Note") == f"runner runs note {run} 'look again'"
        drawer.locator("[role=tab]", has_text="About").click()
        expect(drawer.locator(".note")).to_have_text("look again")


def test_a_batch_is_restarted_whole_or_where_something_is_left(
    browser: Browser, project: Project
) -> None:
    project.run("-m", "lr=1,2", "+init_trials=true")
    batch = project.newest("batch")["id"][:8]
    with served(project) as address, tab(browser, address) as page:
        for button, words in (("Go on (2 left)", " +needed=true"), ("Restart all", "")):
            page.locator("#head button", has_text=button).click()
            command = page.locator("dialog .command")
            expect(command).to_have_text(f"runner +restart={batch}{words}")
            page.keyboard.press("Escape")
        page.locator("#head button", has_text="Go on (2 left)").click()
        confirm(page, "Restart")
        expect(page.locator(".chip[data-status=completed]")).to_contain_text("2 completed")
