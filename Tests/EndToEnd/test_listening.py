"""An operator listens to recorded calls at the admin port: what can be heard, by whom, and what cannot (S2, S4, S7)."""

import http.client
import json
import time

import pytest

from caller import Caller
from conftest import TENANT_A
from recordings import Archive, channels, key_folder, settings
from speech import recorded, silence
from test_recordings import CARD, finished, tones

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "recordings"


def ask(gateway, path, token=TOKEN, **fields):
    """Status, fields and bytes."""
    host, port = gateway.admin.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    try:
        connection.request("GET", path, headers=({"Authorization": f"Bearer {token}"} if token else {}) | fields)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def call_of(gateway, token=TOKEN):
    """What the dashboard shows of the only call."""
    status = json.loads(ask(gateway, "/status", token)[2])
    (call,) = status["calls"] + status["endedCalls"]
    return call


def test_a_sealed_call_is_heard_without_what_was_sensitive(own_gateway, issuer, folder, tmp_path):
    """In ranges that are bounded, byte for byte what an export has; the audit says so once; the digits are not in it."""
    secret = tmp_path / "admin.token"
    secret.write_text(TOKEN)
    secret.chmod(0o600)
    keys = key_folder(tmp_path / "keys", TENANT_A["org"])
    gateway = own_gateway(
        recording=settings(folder, keys=str(keys), sample_rate=16000), admin={"address": "127.0.0.1:0", "token_file": str(secret)})
    with gateway.channel() as channel:
        caller = Caller(channel, issuer.token(TENANT_A), TENANT_A["org"], "script-wav")
        caller.start()
        number = call_of(gateway)["id"]
        live = json.loads(ask(gateway, f"/recordings/{number}")[2])
        assert live["state"] == "live" and "after the call" in live["reason"]
        assert ask(gateway, f"/recordings/{number}/audio")[0] == 409
        caller.speak(recorded("vm-theperson"))
        caller.press("2")
        line = caller.listen()
        line.say(tones(CARD)).sent.wait(20)
        time.sleep(0.3)
        line.half_close()
        caller.press(CARD)
        time.sleep(2)
        caller.hang_up()
    archive = Archive(folder, keys)
    (row,) = finished(archive)
    audio, timeline = archive.export(row["id"], tmp_path / "out")
    whole = audio.read_bytes()
    assert call_of(gateway)["isRecorded"]
    status, _, text = ask(gateway, f"/recordings/{number}")
    found = json.loads(text)
    assert status == 200 and "reason" not in found and found["isSealed"] and found["state"] == "complete"
    sensitive = [event["ms"] for event in timeline["events"] if event["event"].startswith("sensitive_")]
    assert found["silences"] == [sensitive] and found["milliseconds"] == row["milliseconds"]
    assert CARD not in text.decode()

    heard, answers = b"", 0
    while True:
        status, fields, piece = ask(gateway, f"/recordings/{number}/audio", Range=f"bytes={len(heard)}-")
        if status == 416:
            break
        assert status == 206 and fields["Content-Type"] == "audio/wav" and len(piece) <= 524_288
        assert fields["Content-Range"] == f"bytes {len(heard)}-{len(heard) + len(piece) - 1}/{len(whole)}"
        heard, answers = heard + piece, answers + 1
    assert heard == whole and answers > 1
    assert ask(gateway, f"/recordings/{number}/audio")[0] == 413, "without ranges only what is short"
    assert ask(gateway, f"/recordings/{number}/audio", Range="bytes=-4")[2] == whole[-4:]
    (tmp_path / "heard.wav").write_bytes(heard)
    began, ended = sensitive
    for side in channels(tmp_path / "heard.wav"):
        assert not side.samples[began * 16 + 16 : ended * 16 - 16].any()

    assert ask(gateway, f"/recordings/{number}/audio", token=None)[0] == 401
    assert ask(gateway, f"/recordings/{number}/audio", **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    for path in ("999999", "x", f"{number}/other", f"../{number}", row["id"], ""):
        assert ask(gateway, f"/recordings/{path}")[0] == 404, path
    audit = [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]
    assert [(one["recording"], one["by"]) for one in audit if one["what"] == "heard"] == [(row["id"], "admin port")]
    archive.command("delete", "--conversation", caller.conversation)
    assert ask(gateway, f"/recordings/{number}/audio", Range="bytes=0-")[0] == 404


def test_nobody_listens_without_a_token(own_gateway, issuer, folder):
    """On loopback without a token the dashboard is open; calls are not. Without recordings there is nothing."""
    gateway = own_gateway(recording=settings(folder))
    with gateway.channel() as channel:
        caller = Caller(channel, issuer.token(TENANT_A), TENANT_A["org"], "demo-wav")
        caller.start()
        caller.speak(recorded("vm-theperson") + silence(0.2))
        caller.hang_up()
    finished(Archive(folder))
    call = call_of(gateway, token=None)
    assert call["isRecorded"]
    for path in (f"/recordings/{call['id']}", f"/recordings/{call['id']}/audio"):
        status, _, text = ask(gateway, path, token=None)
        assert status == 403 and b"needs a token" in text
