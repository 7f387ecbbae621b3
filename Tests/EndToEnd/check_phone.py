"""The admin port's phone in headless Chromium, whose microphone is a sound file. Run by Scripts/phone-check, which brings the
browser."""

import audioop
import io
import json
import pathlib
import wave

import numpy
import pytest
from playwright.sync_api import sync_playwright

from browsing import judge, until
from conftest import agent
from speech import Speech, likeness, prompt, recorded, silence

RATE = 48_000
TOKEN = "0123456789abcdef0123456789abcdef"
QUESTION, OBJECTION = "cannot-complete-as-dialed", "tt-monkeysintro"


def result(number):
    return f"document.querySelectorAll('#turns tbody tr')[{number}]?.children[5].textContent"


@pytest.fixture(scope="module")
def microphone(tmp_path_factory):
    """A question after the greeting, and one more over the answer."""
    said = silence(9) + recorded(QUESTION) + silence(3.5) + recorded(OBJECTION) + silence(60)
    path = tmp_path_factory.mktemp("microphone") / "microphone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(audioop.ratecv(said.samples.astype("<i2").tobytes(), 2, 1, 8_000, RATE, None)[0])
    return path


@pytest.fixture(scope="module")
def browser(microphone):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=[
            "--no-sandbox", "--host-resolver-rules=MAP phone.test 127.0.0.1",
            "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone}%noloop"])
        yield browser
        browser.close()


@pytest.fixture
def open_phone(browser):
    """Opens a server's phone; whatever the browser complains of fails the test."""
    complaints, contexts = [], []

    def open_phone(server, width=1280, scheme="light", address=None):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://{address or server.admin}/phone")
        until(page, "document.getElementById('handset').dataset.state === 'idle' && document.getElementById('agent').options.length > 0")
        return page

    yield open_phone
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def server(own_gateway):
    return own_gateway(identity={"development": True}, websocket={"address": "127.0.0.1:0"}, agents=[
        agent("chunk", "chunk", {"kind": "demo"}, default=True), agent("wav", "wav", {"kind": "demo"})])


@pytest.mark.parametrize(
    "width, scheme, bot, wire",
    [(1280, "light", "chunk", "grpc"), (390, "dark", "wav", "grpc"), (1280, "dark", "wav", "websocket")])
def test_a_call_is_greeted_answered_interrupted_and_transferred(server, open_phone, width, scheme, bot, wire):
    page = open_phone(server, width, scheme)
    judge(page, f"idle-{wire}")
    page.select_option("#wire", wire)
    page.select_option("#agent", bot)
    page.click("#call")
    until(page, f"{result(0)} === 'answered'")
    assert ("patchbay_sockets_open 1" in server.get("/metrics")[1]) == (wire == "websocket")
    until(page, f"{result(1)} === 'answered'")
    until(page, f"{result(2)} === 'answered, interrupted'")
    assert "START_OF_INPUT" in page.inner_text("#events") and "cuts the prompt" in page.inner_text("#events")
    page.wait_for_timeout(1_500)
    judge(page, f"call-{wire}")
    page.locator("#pad button", has_text="0").click()
    until(page, "document.getElementById('state').textContent === 'Transferred to a person'")
    assert "presses •" in page.inner_text("#events")
    judge(page, f"after-{wire}")

    with page.expect_download() as download:
        page.click("#save-json")
    story = json.loads(pathlib.Path(download.value.path()).read_text())
    assert story["wire"] == wire
    assert story["report"]["outcome"] == "transferred" and story["report"]["violations"] == []
    greeting, question, objection, keys = story["turns"]
    assert (question["kind"], objection["kind"], keys["kind"]) == ("voice", "voice", "digits") and objection["bargedIn"]
    assert 500 < question["endDelay"] < 1_500 and question["answerLatency"] >= question["endDelay"]
    with page.expect_download() as download:
        page.click("#save-wav")
    with wave.open(io.BytesIO(pathlib.Path(download.value.path()).read_bytes())) as file:
        assert (file.getframerate(), file.getnchannels()) == (8_000, 2)
        sides = numpy.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    said, heard = Speech(sides[:, 0]), Speech(sides[:, 1])
    # Through the browser's own processing of a microphone, twice the telephone's encoding, and back.
    assert likeness(heard, prompt("greeting")) > 0.8, "greeted"
    assert likeness(said, recorded(QUESTION)) > 0.6, "heard"
    after = heard.samples[int(objection["began"] * 8):]
    assert likeness(Speech(after), recorded(OBJECTION)) > 0.6, "answered with what was said over the answer"
    assert likeness(Speech(after), prompt("transfer")) > 0.8, "transferred"

    # By the keyboard: to a place of the call, and hear it.
    page.focus("#tape")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#tape", "aria-valuetext").startswith("0:01 of ")
    page.keyboard.press("Enter")
    assert page.inner_text("#hear") == "Stop"
    page.keyboard.press("Enter")
    assert page.inner_text("#hear") == "Play"


def test_without_a_microphone_a_file_is_said_and_keys_are_pressed_by_the_keyboard(server, open_phone, browser):
    page = open_phone(server)
    page.click("#call")
    until(page, "document.getElementById('handset').dataset.state === 'live'")
    page.click("#mute")
    page.set_input_files("#file", files=[{"name": "monkeys.wav", "mimeType": "audio/wav", "buffer": wav(recorded(OBJECTION))}])
    until(page, "document.getElementById('events').textContent.includes('speaks \"monkeys.wav\"')")
    until(page, f"{result(1)}?.startsWith('answered')")
    page.click("#events")
    page.keyboard.press("9")
    until(page, "document.getElementById('state').textContent === 'The bot ended the call'")
    until(page, "!document.getElementById('call').hidden && !document.getElementById('call').disabled")


def test_from_another_machine_the_page_tells_why_there_is_no_microphone(own_gateway, tmp_path, browser):
    """A name that is not this machine's is no secure context: the rest works."""
    secret = tmp_path / "admin.token"
    secret.write_text(TOKEN)
    secret.chmod(0o600)
    server = own_gateway(identity={"development": True}, agents=[agent("wav", "wav", {"kind": "demo"}, default=True)],
                         admin={"address": "127.0.0.1:0", "token_file": str(secret)})
    port = server.admin.rsplit(":", 1)[1]
    context = browser.new_context(
        viewport={"width": 390, "height": 900}, http_credentials={"username": "operator", "password": TOKEN})
    page = context.new_page()
    page.goto(f"http://phone.test:{port}/phone")
    until(page, "document.getElementById('handset').dataset.state === 'idle' && document.getElementById('agent').options.length > 0")
    assert page.evaluate("isSecureContext") is False
    assert "browsers give one only" in page.inner_text("#advice")
    assert f"ssh -L {port}:127.0.0.1:{port} phone.test" in page.inner_text("#advice")
    assert "admin: {tls: {certificate: admin.pem, key: admin.key}}" in page.inner_text("#advice")
    judge(page, "elsewhere")
    page.click("#call")
    until(page, "document.getElementById('handset').dataset.state === 'live'")
    page.locator("#recordings button").first.click()
    until(page, f"{result(1)}?.startsWith('answered')")
    page.click("#hangup")
    until(page, "document.getElementById('state').textContent === 'You hung up'")
    context.close()


def test_the_keyboard_reaches_everything_and_the_dashboard_leads_here(server, open_phone):
    page = open_phone(server)
    page.goto(f"http://{server.admin}/")
    page.wait_for_selector("#phone")
    page.click("#phone")
    until(page, "document.getElementById('handset')?.dataset.state === 'idle'")
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert {"wire", "tenant", "agent", "call", "tape", "events"} <= reached


def wav(speech):
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8_000)
        out.writeframes(speech.samples.astype("<i2").tobytes())
    return file.getvalue()
