"""The phone of the admin port: a call over its socket, and who gets one."""

import contextlib
import json
import subprocess

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from conftest import agent
from phone import AGENT, CALLER, Phone, socket_address, ticket
from speech import Speech, likeness, recorded

TOKEN = "0123456789abcdef0123456789abcdef"
DEMO = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def gateway(own_gateway):
    """A server that makes the phone's tokens, with a bot in each response mode."""
    return own_gateway(identity={"development": True}, agents=[
        agent("wav", "wav", {"kind": "demo"}, default=True), agent("chunk", "chunk", {"kind": "demo"})])


@pytest.fixture
def guarded(own_gateway, tmp_path):
    """A server with an admin token and issuers of its own."""
    secret = tmp_path / "admin.token"
    secret.write_text(TOKEN)
    secret.chmod(0o600)
    return own_gateway(admin={"address": "127.0.0.1:0", "token_file": str(secret)})


def test_a_call_is_greeted_interrupted_answered_and_transferred(gateway):
    """At the microphone, from a file, and by keys; both sides come to the page where they were heard and sent."""
    question = recorded("cannot-complete-as-dialed")
    with Phone(gateway, DEMO, "chunk") as phone:
        phone.event("promptBegins")
        mark = phone.mark()
        phone.speak(question)
        phone.event("promptsCut", mark)
        start, end = phone.event("startOfInput", mark), phone.event("endOfInput", mark)
        assert end["at"] - start["at"] > 1_000 * question.seconds / 2
        phone.until(lambda: phone.turns().get(1, {}).get("result") == "answered" or None, "the turn is answered")
        greeting, turn = phone.turns()[0], phone.turns()[1]
        assert greeting["kind"] == "greeting" and greeting["result"] == "answered"
        assert turn["kind"] == "voice" and turn["bargedIn"]
        # Its speech was measured by its level: the end silence of the configuration is in it.
        assert 600 < turn["endDelay"] < 1_500 and turn["answerLatency"] >= turn["endDelay"]
        # A busy machine sends with gaps.
        assert likeness(Speech(phone.heard[CALLER]), question) > 0.4

        # Over the answer, a file; the demo says it back.
        mark = phone.mark()
        phone.say(question, "question.wav")
        cut = phone.event("promptsCut", mark)
        phone.until(lambda: phone.turns().get(2, {}).get("result") == "answered" or None, "the file is answered")
        assert phone.turns()[2] | {"kind": "speech", "clip": "question.wav", "bargedIn": True} == phone.turns()[2]
        after = int(phone.event("endOfInput", mark)["at"] * 8)
        phone.until(lambda: len(phone.heard[AGENT]) > after + len(question.samples) + 16_000 or None, "the answer is heard")
        assert likeness(Speech(phone.heard[AGENT][int(cut["at"] * 8):]), question) > 0.8

        phone.send(type="press", key="0")
        assert phone.event("presses")["text"].startswith("presses •")
        phone.event("transfer")
        report = phone.message("over")["report"]
        assert report["outcome"] == "transferred" and report["violations"] == [] and report["broken"] == []
        phone.until(lambda: phone.closed, "the socket is closed")
        assert phone.closed == 1000


def test_the_server_sees_a_call_as_any_other_and_a_page_that_goes_hangs_up(gateway):
    with Phone(gateway, DEMO) as phone:
        conversation = phone.message("placed")["conversation"]
        phone.event("promptBegins")
        status = json.loads(gateway.get("/status")[1])
        assert [one["conversation"] for one in status["calls"]] == [conversation] and "/phone" in status["pages"]

    def ended():
        return [one["state"] for one in json.loads(gateway.get("/status")[1])["endedCalls"]]
    gateway.until(lambda: ended() == ["hangup"], "ends the call of a page that has gone")


def test_recordings_and_sentences_are_said_without_a_microphone(gateway):
    directory = json.loads(gateway.get("/status/phone/directory")[1])
    assert directory["tenants"] == [{"name": "Demo", "organization": DEMO, "wires": ["grpc"]}]
    assert directory["lines"] == [{"wire": "grpc"}] and not directory["needsToken"]
    assert [one["id"] for one in directory["agents"]] == ["wav", "chunk"]
    with Phone(gateway, DEMO) as phone:
        phone.event("promptBegins")
        mark = phone.mark()
        phone.send(type="say", recording=directory["recordings"][0]["id"])
        assert directory["recordings"][0]["words"] in phone.event("speaks", mark)["text"]
        phone.event("endOfInput", mark)
        phone.until(lambda: phone.turns().get(1, {}).get("result") == "answered" or None, "the recording is answered")
        phone.send(type="say", recording="none")
        phone.message("note", text="There is no recording none.")
        mark = phone.mark()
        phone.send(type="say", text="Good morning")
        if "voice" in directory:
            assert "typed" in phone.event("speaks", mark)["text"]
        else:
            phone.message("note", text="There is neither flite nor espeak-ng on the server to speak it with.")
        phone.send(type="hangUp")
        assert phone.message("over")["report"]["outcome"] == "hungUp"


def test_a_ticket_opens_one_socket_of_the_same_origin(gateway):
    def opened(address, **more):
        with connect(address, **more):
            pass

    def refused(address, **more):
        with pytest.raises(InvalidStatus) as refusal:
            opened(address, **more)
        return refusal.value.response.status_code

    assert refused(socket_address(gateway, "")) == 401
    given = ticket(gateway)[1].strip()
    opened(socket_address(gateway, given))
    assert refused(socket_address(gateway, given)) == 401
    for origin in ("https://evil.example.com", "null", f"http://{gateway.admin}0"):
        assert ticket(gateway, headers={"Origin": origin})[0] == 403
        assert refused(socket_address(gateway, ticket(gateway)[1].strip()), origin=origin) == 403
    assert ticket(gateway, headers={"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert ticket(gateway, headers={"Host": "evil.example.com"})[0] == 403
    opened(socket_address(gateway, ticket(gateway)[1].strip()), origin=f"http://{gateway.admin}")


def test_what_is_not_of_the_protocol_ends_the_call(gateway):
    for message in ("{", json.dumps({"type": "dial"}), b"", b"\x03x", b"\x01" + b"x" * 161, "x" * 30_000):
        with Phone(gateway, DEMO) as phone:
            phone.event("promptBegins")  # the call is live
            phone.socket.send(message)
            assert "protocol" in phone.message("refused")["text"]
            phone.until(lambda: phone.closed, "the socket is closed")
            assert phone.closed == 1008
        gateway.until(lambda: json.loads(gateway.get("/status")[1])["liveCalls"] == 0, "has no call any more")


def test_four_phones_call_at_once(gateway):
    with contextlib.ExitStack() as stack:
        phones = [stack.enter_context(Phone(gateway, DEMO)) for _ in range(4)]
        for phone in phones:
            phone.event("promptBegins")
        with Phone(gateway, DEMO) as fifth:
            assert fifth.message("refused")["text"].startswith("4 phones are calling")
        phones[0].send(type="hangUp")
        phones[0].message("over")
        with Phone(gateway, DEMO) as fifth:
            fifth.event("promptBegins")


def test_behind_a_token_the_page_and_its_tickets_need_it(guarded, token):
    assert guarded.get("/phone")[0] == 401 and ticket(guarded)[0] == 401
    assert guarded.get("/status/phone/directory")[0] == 401
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    status, page = guarded.get("/phone", headers=bearer)
    assert status == 200 and "phone.js" in page
    directory = json.loads(guarded.get("/status/phone/directory", headers=bearer)[1])
    assert directory["needsToken"]
    # A token of the issuers', and the one that it lacks.
    with Phone(guarded, agent="demo-chunk", token=token, headers=bearer) as phone:
        phone.event("promptBegins")
    with Phone(guarded, headers=bearer) as phone:
        assert "Others issue this server's tokens" in phone.message("refused")["text"]
    with Phone(guarded, token=token[:-4] + "AAAA", headers=bearer) as phone:
        report = phone.message("over")["report"]
        assert report["outcome"] == "failed" and report["status"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("kind", ["self-signed", "of an authority"])
def test_a_port_with_tls_is_called_too(own_gateway, tmp_path, certificates, kind):
    """The phone trusts the server's own certificate, and no other, under a name that it has."""
    certificate, key = certificates / "server.pem", certificates / "server.key"
    if kind == "of an authority":
        certificate, key = tmp_path / "wild.pem", tmp_path / "wild.key"
        (tmp_path / "names").write_text("subjectAltName=DNS:*.voice.example.com\n")
        request = subprocess.run(
            ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj", "/CN=voice"],
            check=True, capture_output=True).stdout
        subprocess.run(
            ["openssl", "x509", "-req", "-CA", certificates / "ca.pem", "-CAkey", certificates / "ca.key", "-days", "2",
             "-extfile", tmp_path / "names", "-out", certificate], input=request, check=True, capture_output=True)
        key.chmod(0o600)
    gateway = own_gateway(identity={"development": True}, agents=[agent("wav", "wav", {"kind": "demo"}, default=True)], listen={
        "address": "127.0.0.1:0", "tls": {"certificate": str(certificate), "key": str(key)}})
    with Phone(gateway, DEMO) as phone:
        phone.event("promptBegins")


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_the_websocket_port_is_called_where_there_is_one(own_gateway, certificates, is_encrypted):
    """The same call on one socket: greeted, answered, interrupted, transferred. With TLS, under a certificate of any name."""
    socket = {"address": "127.0.0.1:0"}
    if is_encrypted:
        socket["tls"] = {"certificate": str(certificates / "client.pem"), "key": str(certificates / "client.key")}
    gateway = own_gateway(identity={"development": True}, websocket=socket, agents=[
        agent("chunk", "chunk", {"kind": "demo"}, default=True)])
    directory = json.loads(gateway.get("/status/phone/directory")[1])
    assert directory["lines"] == [{"wire": "grpc"}, {"wire": "websocket"}]
    assert directory["tenants"] == [{"name": "Demo", "organization": DEMO, "wires": ["grpc", "websocket"]}]
    question = recorded("cannot-complete-as-dialed")
    with Phone(gateway, DEMO, wire="websocket") as phone:
        phone.event("promptBegins")
        assert "patchbay_sockets_open 1" in gateway.get("/metrics")[1]
        mark = phone.mark()
        phone.speak(question)
        phone.event("promptsCut", mark)
        phone.event("endOfInput", mark)
        phone.until(lambda: phone.turns().get(1, {}).get("result") == "answered" or None, "the turn is answered")
        assert phone.turns()[1]["kind"] == "voice" and phone.turns()[1]["bargedIn"]
        phone.send(type="press", key="0")
        phone.event("transfer")
        report = phone.message("over")["report"]
        assert report["outcome"] == "transferred" and report["violations"] == [] and report["broken"] == []


def test_a_port_that_cannot_be_called_says_why(own_gateway, certificates):
    gateway = own_gateway(identity={"development": True}, agents=[agent("wav", "wav", {"kind": "demo"}, default=True)])
    with Phone(gateway, DEMO, wire="websocket") as phone:
        assert "no such port" in phone.message("refused")["text"]
    tls = {"certificate": str(certificates / "server.pem"), "key": str(certificates / "server.key"),
           "client_ca": str(certificates / "ca.pem")}
    gateway = own_gateway(identity={"development": True}, websocket={"address": "127.0.0.1:0", "tls": tls},
                          agents=[agent("wav", "wav", {"kind": "demo"}, default=True)])
    lines = json.loads(gateway.get("/status/phone/directory")[1])["lines"]
    assert lines[0] == {"wire": "grpc"} and "`websocket.tls.client_ca`" in lines[1]["obstacle"]
    with Phone(gateway, DEMO, wire="websocket") as phone:
        assert "client certificate" in phone.message("refused")["text"]


def test_there_is_no_phone_where_it_is_off(own_gateway):
    gateway = own_gateway(admin={"address": "127.0.0.1:0", "phone": False})
    assert gateway.get("/phone")[0] == 404 and ticket(gateway)[0] == 405
    assert "/phone" not in json.loads(gateway.get("/status")[1])["pages"]
