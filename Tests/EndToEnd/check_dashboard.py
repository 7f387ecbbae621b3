"""The dashboard in headless Chromium, on real servers. Run by Scripts/dashboard-check, which brings the browser."""

import socket

import pytest
from playwright.sync_api import sync_playwright

from browsing import judge, until
from caller import Caller
from conftest import TENANT_A, agent
from gateway import Gateway
from standin import StandIn

TOKEN = "0123456789abcdef0123456789abcdef"
WIDTHS = (390, 1280, 2560)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def look(browser):
    """Opens a server's dashboard; whatever the browser complains of fails the test."""
    complaints, contexts = [], []

    def look(server, width=1280, scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce",
            http_credentials={"username": "operator", "password": TOKEN})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://{server.admin}/")
        until(page, "document.getElementById('verdict').dataset.tone !== 'unknown'")
        until(page, "document.querySelectorAll('.plot.blank, .plot canvas').length > 0")
        return page

    yield look
    for context in contexts:
        context.close()
    # A token that is refused is one of the tests.
    assert [one for one in complaints if "401" not in one] == []


@pytest.fixture
def server(own_gateway, tmp_path):
    secret = tmp_path / "admin.token"
    secret.write_text(TOKEN)
    secret.chmod(0o600)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return own_gateway(admin={"address": "127.0.0.1:0", "token_file": str(secret)}, agents=[
        agent("desk", "wav", {"kind": "demo"}, default=True),
        agent("gone", "wav", {"kind": "media-streams", "url": f"ws://127.0.0.1:{port}/", "timeouts": {"connect": "500ms"}}),
    ])


@pytest.mark.parametrize("width", WIDTHS)
def test_idle(server, look, width):
    page = look(server, width)
    assert page.inner_text("#headline") == "Ready: calls are accepted" and page.title() == "Patchbay"
    assert page.is_visible("#no-calls") and not page.is_visible("#calls")
    judge(page, "idle")


def test_fifty_calls_and_a_bot_that_fails(server, look, token):
    """Everything that an operator does with the page, at each width; in the dark too."""
    with server.channel() as channel:
        callers = []
        for _ in range(50):
            callers.append(Caller(channel, token, TENANT_A["org"], "desk"))
            callers[-1].start()
        callers[7].press("2468")
        for width in WIDTHS:
            page = look(server, width)
            until(page, "document.querySelectorAll('#calls tbody tr').length === 50")
            assert page.evaluate("document.querySelector('.calls .scroll').clientHeight") <= 640
            assert TENANT_A["name"] in page.inner_text("#tenants") and "50 of" in page.inner_text("#tenants")
            judge(page, "fifty")
            page.close()

        page = look(server)
        page.fill("#find", callers[7].tracking)
        until(page, "document.querySelectorAll('#calls tbody tr').length === 1")
        page.focus("#find")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("#timeline li[data-kind=answered]")
        assert callers[7].conversation in page.inner_text("#facts") and "2468" not in page.inner_text("#detail")
        judge(page, "call")
        page.keyboard.press("Escape")
        assert not page.is_visible("#detail")
        page.fill("#find", "")
        page.reload()
        page.wait_for_selector("#latencies tbody tr")
        assert "Agent desk" in page.inner_text("#latencies"), "the server keeps the history"
        page.wait_for_selector("#answer-plot canvas")
        page.hover("#answer-plot")
        assert "Agent desk" in page.inner_text("#answer-plot .tip")

        for _ in range(6):
            Caller(channel, token, TENANT_A["org"], "gone").start()
        server.write(server.file.read_text() + "nonsense: 1\n")
        for width, scheme in [*((width, "light") for width in WIDTHS), (1280, "dark")]:
            page = look(server, width, scheme)
            until(page, "document.querySelectorAll('#points li').length === 2")
            assert page.get_attribute("#verdict", "data-tone") == "bad" and page.title().startswith("●")
            assert "6 of 6 calls failed" in page.inner_text("#points") and "unreachable" in page.inner_text("#points")
            assert "nonsense" in page.inner_text("#points")
            judge(page, "failing" if scheme == "light" else "failing-dark")
            page.click("#points button")
            until(page, "document.querySelectorAll('#calls tbody tr').length === 6")
            assert page.inner_text("#calls tbody tr:first-child .state") == "bot failed"
            page.close()


def test_nothing_is_done_without_the_token(server, look):
    page = look(server)
    page.click("#drain")
    page.fill("#token", "wrong")
    page.click("#act-go")
    until(page, "document.getElementById('outcome').textContent !== ''")
    assert "token is needed" in page.inner_text("#outcome")
    judge(page, "drain")
    page.fill("#token", TOKEN)
    page.click("#act-go")
    until(page, "document.getElementById('outcome').textContent.startsWith('draining')")
    assert server.wait() == 0


def test_a_registration_that_ends(tmp_path, look):
    stand_in = StandIn(tmp_path / "webex")
    try:
        server = Gateway(tmp_path, stand_in.configuration(lifetime="1m"))
        try:
            server.until(lambda: "has been registered" in server.log, "registers")
            page = look(server)
            until(page, "document.querySelectorAll('#points li').length > 0")
            assert " ends in " in page.inner_text("#points") and page.get_attribute("#verdict", "data-tone") == "bad"
            assert page.is_disabled("#drain"), "there is no token"
            judge(page, "registration")
        finally:
            server.stop()
    finally:
        stand_in.close()
