"""The dashboard in headless Chromium, on real servers. Run by Scripts/dashboard-check, which brings the browser."""

import socket
import time

import pytest
from playwright.sync_api import sync_playwright

from browsing import judge, until
from caller import Caller
from conftest import TENANT_A, agent, configuration
from gateway import Gateway
from issuer import VOICE_SCHEMA
from media import CALLER, FORKING_SCHEMA, MEETING_SCHEMA, Fork, Meeting
from recordings import key_folder, settings
from speech import recorded, silence
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
    """A life of a minute that is renewed in time worries nobody; where Webex is gone, it is red before its end."""
    stand_in = StandIn(tmp_path / "webex")
    server = Gateway(tmp_path, stand_in.configuration(lifetime="1m"))
    try:
        server.until(lambda: "has been registered" in server.log, "registers")
        page = look(server)
        until(page, "document.querySelectorAll('#lives li').length > 0")
        assert page.inner_text("#headline") == "Ready: calls are accepted" and page.locator("#points li").count() == 0
        assert "active" in page.inner_text("#lives li:first-child")
        judge(page, "registration-short")
        stand_in.close()
        until(page, "document.getElementById('points').textContent.includes('was not renewed')", 90)
        assert page.get_attribute("#verdict", "data-tone") == "bad"
        assert page.get_attribute("#points a", "href") == "runbook#patchbayregistrationends"
        assert page.is_disabled("#drain"), "there is no token"
        judge(page, "registration")
    finally:
        stand_in.close()
        server.stop()


def test_a_call_that_is_heard(own_gateway, issuer, tmp_path, look):
    """From its timeline, over more than one answer of the server, encrypted or not; forks and meetings are listed."""
    secret = tmp_path / "admin.token"
    secret.write_text(TOKEN)
    secret.chmod(0o600)
    made = configuration(issuer)
    made["identity"]["tenants"][0]["schemas"] = [VOICE_SCHEMA, FORKING_SCHEMA, MEETING_SCHEMA]
    keys = key_folder(tmp_path / "keys", TENANT_A["org"])
    server = own_gateway(
        identity=made["identity"], admin={"address": "127.0.0.1:0", "token_file": str(secret)},
        receivers=[{"id": "counter", "kind": "count"}],
        recording=settings(tmp_path / "recordings", sample_rate=16000, keys=str(keys)))

    def media(schema):
        return issuer.token(TENANT_A, **{"com.cisco.datasource.schema.uuid": schema})

    with server.channel() as channel:
        caller = Caller(channel, issuer.token(TENANT_A), TENANT_A["org"], "script-wav")
        caller.start()
        for _ in range(3):
            caller.speak(recorded("vm-theperson") + silence(0.4))
        caller.press("2")
        time.sleep(1)
        caller.press("4111111111111111")
        time.sleep(1)
        caller.hang_up()
        Fork(channel, media(FORKING_SCHEMA), TENANT_A["org"], "fork-1").audio(silence(0.2).encoded("mulaw"), role=CALLER)
        Meeting(channel, media(MEETING_SCHEMA), TENANT_A["org"], "meeting-1")
        for width in (390, 1280):
            page = look(server, width)
            until(page, "document.querySelectorAll('#calls tbody tr').length === 2")
            assert "Forked conversation" in page.inner_text("#calls") and "Meeting" in page.inner_text("#calls")
            assert "2 forks and meetings are live" in page.inner_text("#totals")
            judge(page, "media")
            page.goto(f"http://{server.admin}/#show=ended&find={caller.tracking}")
            page.reload()
            until(page, "document.querySelectorAll('#calls tbody tr').length === 1")
            page.click("#calls tbody button")
            page.wait_for_selector("#audio:visible")
            until(page, "document.getElementById('listen-note').textContent.includes('silent where the input was sensitive')")
            assert page.locator("#timeline .when:enabled").count() > 5, "from each line of it"
            judge(page, "listening")
            page.click("#timeline li:last-child button")
            until(page, "document.getElementById('audio').currentTime > 9")
            page.click("#timeline li:first-child button")
            page.evaluate("document.getElementById('audio').playbackRate = 4")
            # Beyond the first half megabyte, which is eight seconds here.
            until(page, "(time => time > 8.7 && time < 60)(document.getElementById('audio').currentTime)")
            assert page.evaluate("document.getElementById('audio').duration") > 9
            page.keyboard.press("Escape")
            assert page.evaluate("document.getElementById('audio').paused && !document.getElementById('audio').src")
            page.close()


def test_two_taps_from_an_alert(server, look, token):
    """Its link leads to the calls; the runbook's leads there too, with the agent that the alert has told of."""
    with server.channel() as channel:
        for _ in range(3):
            Caller(channel, token, TENANT_A["org"], "gone").start()
        Caller(channel, token, TENANT_A["org"], "desk").start()
    page = look(server)
    page.goto(f"http://{server.admin}/#show=ended&find=gone+botFailed")
    page.reload()
    until(page, "document.querySelectorAll('#calls tbody tr').length === 3")
    page.click("#calls tbody tr:first-child button")
    page.wait_for_selector("#timeline li[data-kind=failed]")
    page.keyboard.press("Escape")
    assert page.get_attribute("#points a", "href") == "runbook?agent=gone#patchbaybotfails"
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"http://{server.admin}/runbook?agent=gone#patchbaybotfails")
        page.reload()
        page.wait_for_selector("#patchbaybotfails a")
        assert page.locator("#alerts li").count() == page.locator("#runbook section").count() - 1 > 15
        assert page.evaluate("document.getElementById('patchbaybotfails').getBoundingClientRect().top") < 400
        judge(page, "runbook")
        page.click("#patchbaybotfails a")
        until(page, "document.querySelectorAll('#calls tbody tr').length === 3")
