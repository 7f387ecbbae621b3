"""Looking at the admin port's pages in headless Chromium."""

import os
import pathlib
import time

from axe_playwright_python.sync_playwright import Axe

FOLDER = pathlib.Path(os.environ.get("SCREENSHOTS", "."))


def until(page, expression, seconds=40):
    """Waits until a script's expression is true. The browser's own wait would have to evaluate text in the page, which the
    page's policy forbids."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"not within {seconds} s: {expression}"
        page.wait_for_timeout(50)


def judge(page, name):
    """A screenshot; nothing beyond the page's edges; nothing serious to axe."""
    page.screenshot(path=FOLDER / f"{name}-{page.viewport_size['width']}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], "wider than the window"
    findings = Axe().run(page).response["violations"]
    serious = [(one["id"], [node["target"] for node in one["nodes"]]) for one in findings if one["impact"] in ("serious", "critical")]
    assert serious == []
