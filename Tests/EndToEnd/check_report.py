"""The report of `patchbay replay` in headless Chromium, of real runs. Run by Scripts/dashboard-check, which brings the
browser."""

import os
import pathlib

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from check_dashboard import until
from conftest import TENANT_A
from gateway import run
from speech import SOUNDS

FOLDER = pathlib.Path(os.environ.get("SCREENSHOTS", "."))


@pytest.fixture(scope="module")
def page_file(tmp_path_factory, plain_gateway, issuer):
    """Two runs of a recorded call that hopes for too much, the second beside the first."""
    folder = tmp_path_factory.mktemp("report")
    call = folder / "order <b>.call"
    call.mkdir()
    for name in ("vm-theperson", "tt-weasels"):
        (call / f"{name}.wav").write_bytes((SOUNDS / f"{name}.wav").read_bytes())
    (call / "call.yaml").write_text("""
call: 1
turns:
  - {say: vm-theperson.wav, over_prompt: 300ms, expect: {answered_within: 5s}}
  - {say: tt-weasels.wav, over_prompt: 400ms, expect: {answered_within: 1ms, audio: true}}
""")
    token = folder / "token"
    token.write_text(issuer.token(TENANT_A))
    for name, more in (("first", []), ("second", ["--compare", folder / "first/summary.json"])):
        made = run("replay", call, "--calls", 4, "--ramp", 2, "--duration", 8, "--target", plain_gateway.address, "--agent",
                   "demo-chunk", "--token", token, "--report", folder / name, *more, seconds=60)
        assert made.returncode == 1, made.stderr
    return folder / "second/index.html"


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "light"), (1280, "dark")])
def test_report(page_file, width, scheme):
    """It fits, its charts and calls are drawn, nothing is loaded from elsewhere, and nothing is serious to axe."""
    complaints, loaded = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
        page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: loaded.append(request.url))
        page.goto(page_file.as_uri())
        page.wait_for_timeout(500)
        page.screenshot(path=FOLDER / f"report-{width}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator(".plot canvas").count() >= 6
        assert page.locator(".sample canvas").count() == page.locator(".sample audio").count() > 0
        until(page, "[...document.querySelectorAll('audio')].every(player => player.duration > 1)")
        assert page.locator("h1").inner_text().startswith("Failed")
        assert "order <b>" in page.locator("#expectations").inner_text()
        found = [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]
        browser.close()
    assert complaints == [] and found == []
    assert [url for url in loaded if not url.startswith(("file:", "blob:"))] == []
