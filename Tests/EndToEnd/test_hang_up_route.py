"""The one route of Twilio's REST API that bots of its Media Streams call: ending a call."""

import base64
import http.client
import json
import threading
import time
import urllib.parse

import pytest

from caller import Caller
from conftest import TENANT_A, agent
from media_streams import MediaStreamsBot
from schemas import SESSION_START, Event
from speech import likeness, recorded

ACCOUNT = "AC" + "7" * 32


class Call:
    """A call of a bot that has said something and waits; its id, and its server's admin port."""

    def __init__(self, gateway, bot, caller, start, stream):
        self.gateway, self.bot, self.caller, self.start, self.stream = gateway, bot, caller, start, stream
        self.sid = stream.wait("start")["start"]["callSid"]

    def post(self, call=None, account=ACCOUNT, password="bot-secret", form="Status=completed", method="POST", **headers):
        if password is not None:
            pair = base64.b64encode(f"{account}:{password}".encode()).decode()
            headers = {"Authorization": f"Basic {pair}"} | headers
        host, port = self.gateway.admin.rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=5)
        try:
            path = f"/2010-04-01/Accounts/{account}/Calls/{call or self.sid}.json"
            connection.request(
                method, path, form, {"Content-Type": "application/x-www-form-urlencoded"} | headers)
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, json.loads(body) if body.startswith(b"{") else body
        finally:
            connection.close()


@pytest.fixture
def call(own_gateway, token, tmp_path):
    secrets = {}
    for name in ("bot", "admin"):
        secrets[name] = tmp_path / f"{name}-token"
        secrets[name].write_text(f"{name}-secret\n")
        secrets[name].chmod(0o600)
    said = threading.Event()

    def behave(stream):
        stream.say(recorded("tt-monkeysintro"), chunk=8000)
        said.set()

    bot = MediaStreamsBot(behave)
    engine = {"kind": "media-streams", "url": bot.url, "account": ACCOUNT, "auth_token_file": str(secrets["bot"])}
    gateway = own_gateway(
        agents=[agent("bot", "chunk", engine)],
        admin={"address": "127.0.0.1:0", "token_file": str(secrets["admin"])})
    caller = Caller(gateway.channel(), token, TENANT_A["org"], "bot", mode="chunk")
    start = caller.event(SESSION_START)
    stream = bot.stream()
    assert said.wait(10)
    time.sleep(0.5)  # what was said before the hang-up has come by then
    yield Call(gateway, bot, caller, start, stream)
    bot.stop()


def test_a_bot_hangs_up(call):
    """With its own token; what it has said before is heard, and the stream stops."""
    call.start.wait_for(lambda r: any(p.audio_content for p in r.message.prompts), "first chunk")
    status, answer = call.post()
    assert (status, answer) == (200, {"sid": call.sid, "account_sid": ACCOUNT, "status": "completed"})
    call.start.wait()
    assert call.start.event.event_type == Event.SESSION_END
    assert likeness(call.start.audio, recorded("tt-monkeysintro")) > 0.95
    assert call.stream.closed.wait(10) and call.stream.of("stop")
    status, answer = call.post()
    assert status == 404 and answer["code"] == 20404, "the call is over"
    assert "bot-secret" not in call.gateway.log


def test_the_operators_token(call):
    assert call.post(password="admin-secret")[0] == 200
    assert call.start.wait().event.event_type == Event.SESSION_END


def test_what_is_refused(call):
    assert call.post(password=None)[0] == 401
    assert call.post(password="wrong")[0] == 401
    assert call.post(call="CA" + "0" * 32)[0] == 404
    assert call.post(account="AC" + "8" * 32)[0] == 404, "another account's call"
    for form in ("Status=canceled", "", "x" * 4097, urllib.parse.urlencode({"Twiml": "<Response/>"})):
        assert call.post(form=form)[0] in (400, 413)
    assert call.post(method="GET", form=None)[0] == 405
    assert call.gateway.get("/livez")[0] == 200
    assert not call.start.done.is_set() or call.start.event is None, "the call is still up"
