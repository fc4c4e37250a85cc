"""Start a page's server, open it in Chromium, and tell in seconds how long things took.

`look.py TOLD PEER COMMAND…` writes a JSON object into the file TOLD: `usable`, from the request
until rows are there, and of our own page `filter`, from Enter until the table shows what was
filtered, and `frame`, the longest one while the table is scrolled from top to bottom and some
pages at a time. The command prints the address that it serves.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

# What shows that a page is there: a row of its table, an entry of its list.
ROWS = {
    "runner": ".tabulator-row[data-id]:not([data-id=''])",
    "optuna-dashboard": "text=Trial 1",
    "mlflow": "[role=row] a[href*='/runs/']",
}
# Where the runs are, if not at the address that is printed.
PATHS = {"mlflow": "/#/experiments/0/runs"}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
WAIT_MS = 120_000

FILTER = """async () => {
  const input = document.querySelector("#where");
  const count = () => document.querySelector("#count").textContent;
  const before = count();
  const begun = performance.now();
  input.value = "f0 < 0.5 and s1 < 0.5";
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  while (count() === before) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return (performance.now() - begun) / 1000;
}"""

SCROLL = """async () => {
  const body = document.querySelector(".tabulator-tableholder");
  const next = () => new Promise(requestAnimationFrame);
  let longest = 0;
  for (const step of [40, 400]) {
    body.scrollTop = 0;
    for (let i = 0; i < 60; i += 1) await next();
    let last = await next();
    for (let i = 0; i < 150; i += 1) {
      body.scrollTop += step;
      const now = await next();
      longest = Math.max(longest, now - last);
      last = now;
    }
  }
  return longest / 1000;
}"""


def main():
    told, peer, *command = sys.argv[1:]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as server:
        try:
            address = next(
                found[0] for line in server.stdout if (found := re.search(r"http://\S+", line))
            )
            wait_for(address)  # some print it before they listen
            took = look(peer, address + PATHS.get(peer, ""))
            Path(told).write_text(json.dumps(took), encoding="utf-8")
        finally:
            os.killpg(server.pid, signal.SIGKILL)


def wait_for(address):
    last = time.monotonic() + WAIT_MS / 1000
    while True:
        try:
            urllib.request.urlopen(address, timeout=10).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > last:
                raise
            time.sleep(0.1)


def look(peer, address):
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(WAIT_MS)
        begun = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.wait_for_selector(ROWS[peer])
        took = {"usable": time.perf_counter() - begun}
        if peer == "runner":
            page.wait_for_selector("body.ready")
            took["filter"] = page.evaluate(FILTER)
            page.evaluate("document.querySelector('.entry.all').click()")
            page.wait_for_timeout(1000)
            took["frame"] = page.evaluate(SCROLL)
        browser.close()
    return took


if __name__ == "__main__":
    main()
