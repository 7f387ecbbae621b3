"""The dashboard's data: what the operator is told first, what is kept of calls, and what never gets there."""

import json
import socket
import urllib.parse

import pytest

from caller import Caller
from conftest import TENANT_A, agent

TOKEN = "0123456789abcdef0123456789abcdef"
DIGITS = "73519264"


@pytest.fixture
def gateway(own_gateway, tmp_path):
    """A server with a token, a bot that answers and one that is not there."""
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


@pytest.fixture
def read(gateway):
    def read(path="/status"):
        status, text = gateway.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
        assert status == 200, text
        assert DIGITS not in text and TENANT_A["nonce"] not in text
        return json.loads(text)

    return read


def test_a_dead_bot_is_what_the_operator_reads_first(gateway, read, token):
    """With the number of failed calls, the cause, and the calls themselves by the tracking id."""
    assert read()["verdict"] == {"tone": "good", "headline": "Ready: calls are accepted", "points": []}
    with gateway.channel() as channel:
        for _ in range(6):
            caller = Caller(channel, token, TENANT_A["org"], "gone")
            caller.start()
    gateway.until(lambda: read()["recent"]["failed"] == 6, "counts the failed calls")
    status = read()
    assert status["verdict"]["tone"] == "bad" and status["verdict"]["headline"] == "Calls are accepted, but a bot fails"
    point = status["verdict"]["points"][0]
    assert point["text"].startswith("Agent gone: 6 of 6 calls failed in the last 5 minutes; calls are kept away")
    assert point["detail"].startswith("unreachable: ") and point["search"] == "gone"
    desk, gone = status["agents"]
    assert desk["failures"] == 0 and gone["isLeftAlone"] and gone["failuresInRow"] == 5
    problem = next(one for one in status["problems"] if one["message"].startswith("the bot failed"))
    assert problem["count"] == 5 and problem["agent"] == "gone" and problem["cause"] == point["detail"]
    found = read("/status/find/" + urllib.parse.quote(caller.tracking))
    assert found["liveCount"] == 0 and [one["state"] for one in found["endedCalls"]] == ["botFailed"]
    call = found["endedCalls"][0]
    assert (call["tenant"], call["agentName"]) == (TENANT_A["name"], "Agent gone")
    story = read(f"/status/calls/{call['id']}")
    assert not story["isLive"] and [one["kind"] for one in story["entries"]] == ["started", "turn", "failed", "ended"]
    assert sum(point["failed"] for point in read("/status/history/300")["server"]) == 6


def test_a_call_is_told_turn_by_turn(gateway, read, token):
    """S1: while it is live and when it is over, without the digits."""
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "desk")
        caller.start()
        caller.press(DIGITS)
        live = read()["calls"]
        assert [(one["conversation"], one["tenant"], one["state"]) for one in live] == [
            (caller.conversation, TENANT_A["name"], "waiting")]
        story = read(f"/status/calls/{live[0]['id']}")
        assert story["isLive"]
        kinds = [(one["kind"], one.get("detail")) for one in story["entries"]]
        assert kinds[:2] == [("started", None), ("turn", "start")]
        assert ("turn", "digits") in kinds and kinds[-1][0] == "answered"
        caller.hang_up()
    gateway.until(lambda: read()["liveCalls"] == 0, "ends the call")
    status = read()
    assert [(one["state"], one["turns"]) for one in status["endedCalls"]] == [("hangup", 2)]
    history = read("/status/history/3600")
    assert [(one["agent"], one["turns"]) for one in history["agents"]] == [("desk", 1)]
    assert history["agents"][0]["answer"]["p50"] < 1_000
    assert [(one["name"], one["live"], one["limit"]) for one in status["tenants"]][0] == (TENANT_A["name"], 0, 1000)
    assert len(status["keySets"]) == 1 and status["keySets"][0]["keys"] > 0
    for path in ("/status/calls/999999", "/status/calls/x", "/status/history/x", "/status/other/1", "/dashboard/none.js"):
        assert gateway.get(path, headers={"Authorization": f"Bearer {TOKEN}"})[0] == 404, path


def test_an_operator_reloads_and_drains(gateway, read, issuer):
    """A refused reload is shown until the file is in force; nothing of it goes without the token."""
    good = gateway.file.read_text()
    assert gateway.post("/reload", b"")[0] == 401 and gateway.post("/drain", b"", token="wrong")[0] == 401
    gateway.write(good + "nonsense: 1\n")
    gateway.until(lambda: "refusedSecondsAgo" in read()["configuration"], "shows the refusal")
    point = read()["verdict"]["points"][0]
    assert point["tone"] == "warning" and "is refused" in point["text"] and "nonsense" in point["detail"]
    gateway.write(good)
    assert gateway.post("/reload", b"", token=TOKEN)[0] == 202
    gateway.until(lambda: "refusedSecondsAgo" not in read()["configuration"], "has the file in force")
    assert read()["verdict"]["tone"] == "good"
    assert gateway.post("/drain", b"", token=TOKEN)[0] == 202
    assert gateway.wait() == 0
    assert "draining: no new conversations" in gateway.log
