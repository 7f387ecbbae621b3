"""The virtual agent over WebSocket, as a foreign client sees it."""

import concurrent.futures
import contextlib
import itertools
import json
import re
import socket
import time

import pytest
import websockets.exceptions
from websockets.sync.client import connect

from caller import Caller
from conftest import TENANT_A, agent, configuration
from gateway import SLOW, Gateway
from issuer import VOICE_SCHEMA
from socket_caller import SOCKET_SCHEMA, SocketCaller, event_of, headers
from speech import likeness, prompt, recorded
from test_long_answers import announcement, as_wav

SENTENCE = "tt-monkeysintro"
# The same organization's second data source: an origin.
ORIGIN = TENANT_A | {"url": "wss://voice.alpha.example.com"}


@pytest.fixture(scope="module")
def server(tmp_path_factory, issuer):
    settings = configuration(issuer)
    entry = dict(settings["identity"]["tenants"][0])
    settings["identity"]["tenants"].append(entry | {"url": ORIGIN["url"]})
    gateway = Gateway(
        tmp_path_factory.mktemp("websocket"),
        settings | {"websocket": {"address": "127.0.0.1:0"}, "limits": {"conversations": 40}})
    gateway.socket_address = gateway.printed("websocket on")
    yield gateway
    gateway.stop()


@pytest.fixture
def socket_token(issuer):
    return issuer.token(ORIGIN, **{"com.cisco.datasource.schema.uuid": SOCKET_SCHEMA})


@pytest.fixture
def new_socket(server, socket_token):
    opened = []

    def make(agent="demo-wav", **more):
        opened.append(SocketCaller(server.socket_address, more.pop("token", socket_token),
                                   more.pop("org", TENANT_A["org"]), agent, **more))
        return opened[-1]

    yield make
    for caller in opened:
        caller.__exit__()
    assert server.process.poll() is None, f"the server died:\n{server.log[-4000:]}"


def test_a_whole_call(new_socket):
    """Greeting, a spoken turn, digits, no-input, a custom event and a hang-up on one socket, in order."""
    caller = new_socket()
    greeting = caller.start()
    assert likeness(greeting.audio, prompt("greeting")) > 0.9
    assert greeting.final["prompts"] == [{"audio_content_b64": "", "is_barge_in_enabled": True}]
    assert greeting.final["input_mode"] == "INPUT_VOICE_DTMF" and greeting.final["input_handling_config"]["dtmf_config"]

    caller.listen()
    spoken = recorded(SENTENCE)
    mark = caller.mark()
    caller.say(spoken)
    caller.wait_event("START_OF_INPUT", mark)
    turn = caller.answer(mark)
    assert turn.events[:2] == ["START_OF_INPUT", "END_OF_INPUT"]
    assert likeness(turn.audio, spoken) > 0.9, "the demo says the caller's own words back"

    digits = caller.press("12")
    assert likeness(digits.audio, prompt("digit-1")) > 0.9 and likeness(digits.audio, prompt("digit-2")) > 0.9

    mark = caller.mark()
    caller.event("NO_INPUT")
    assert likeness(caller.answer(mark).audio, prompt("still-there")) > 0.9

    mark = caller.mark()
    caller.event("CUSTOM_EVENT", "offer", {"price": 3})
    custom = caller.answer(mark)
    assert custom.final["output_events"] == [
        {"event_type": "CUSTOM_EVENT", "name": "offer", "metadata": {"acknowledged": True}}]

    mark = caller.mark()
    caller.event("SESSION_END")
    assert caller.closed() == 1000
    assert caller.messages[mark:] == [None], "after a hang-up nothing is said"


def test_speaking_over_the_answer(new_socket):
    """Speech that begins while an answer is sent ends that answer with its FINAL, and is the next turn."""
    caller = new_socket("demo-chunk")
    caller.start()
    caller.listen()
    mark = caller.mark()
    caller.say(recorded("queue-youarenext"))
    caller.wait(lambda m: m["payload"]["response_type"] == "CHUNK" and m["payload"].get("prompts"), "chunk", mark)
    caller.say(recorded(SENTENCE))
    caller.wait_event("END_OF_INPUT", mark)
    first = next(i for i, m in enumerate(caller.messages[mark:], mark) if event_of(m) == "END_OF_INPUT")
    started = caller.wait_event("START_OF_INPUT", first)
    assert any(m["payload"]["response_type"] == "FINAL" for m in started[:-1]), "the first answer has its end"
    assert likeness(caller.answer(first + len(started)).audio, recorded(SENTENCE)) > 0.85


@pytest.mark.parametrize("key, event, said", [("0", "TRANSFER_TO_AGENT", "transfer"), ("9", "SESSION_END", "good-bye")])
def test_the_bots_farewell(new_socket, key, event, said):
    """A transfer and an end are said and told in a FINAL without input settings; what comes then is ignored."""
    caller = new_socket()
    caller.start()
    caller.listen()
    answer = caller.press(key)
    assert answer.event == event and likeness(answer.audio, prompt(said)) > 0.9
    assert "input_mode" not in answer.final and "input_handling_config" not in answer.final
    if key == "0":
        assert answer.final["session_summary"]["text"] == answer.final["output_events"][0]["metadata"]["summary"]
    mark = caller.mark()
    time.sleep(0.3)
    caller.event("SESSION_END")
    assert caller.closed() == 1000 and caller.messages[mark:] == [None]


def test_pings(new_socket):
    """A JSON PING is answered with its own number, before the call and in it; a ping of RFC 6455 too."""
    caller = new_socket()
    caller.raw(json.dumps(caller.envelope("PING")))
    caller.start()
    caller.raw(json.dumps(caller.envelope("PING", metadata=None)))
    pongs = caller.wait(lambda m: m["type"] == "PONG" and m["seq"] == 3, "PONG")
    assert [m["seq"] for m in pongs if m["type"] == "PONG"] == [1, 3]
    assert caller.socket.ping().wait(5)


def test_the_agents_are_listed(server, socket_token):
    """A bare request, a bare response of ids and names; the socket stays for a while and is closed in order."""
    with connect(f"ws://{server.socket_address}/v1/listVirtualAgents", additional_headers=headers(socket_token)) as line:
        line.send(json.dumps({"customer_org_id": TENANT_A["org"], "is_default_virtual_agent_enabled": True, "x": [1]}))
        agents = json.loads(line.recv(timeout=5))["virtual_agents"]
        assert {"id": "demo-wav", "name": "Agent demo-wav"} in agents and all(set(a) == {"id", "name"} for a in agents)
        assert "beta-only" not in [a["id"] for a in agents]
        began = time.monotonic()
        with pytest.raises(websockets.exceptions.ConnectionClosedOK) as closed:
            line.recv(timeout=10)
        assert closed.value.rcvd.code == 1000 and 4 < time.monotonic() - began < 8
    with connect(f"ws://{server.socket_address}/v1/listVirtualAgents", additional_headers=headers(socket_token)) as line:
        line.send(json.dumps({"customer_org_id": "22222222-bbbb-4222-8222-222222222222"}))
        with pytest.raises(websockets.exceptions.ConnectionClosedError) as closed:
            line.recv(timeout=5)
        assert closed.value.rcvd.code == 1002


# The upgrade


def status_of(server, path="/v1/va", **more):
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        with connect(f"ws://{server.socket_address}{path}", **more):
            pass
    return refused.value.response.status_code


@pytest.mark.parametrize("path", ["/v1/va", "/v1/listVirtualAgents"])
def test_bad_tokens_are_refused_before_the_upgrade(server, issuer, socket_token, path):
    good = {"com.cisco.datasource.schema.uuid": SOCKET_SCHEMA}
    for token in [
        None, "", "Bearer ", f"Basic {socket_token}", "nonsense",
        issuer.token(ORIGIN, **good | {"com.cisco.datasource.schema.uuid": VOICE_SCHEMA}),
        issuer.token(TENANT_A, **good), issuer.token(ORIGIN, **good, jti="another"), issuer.token(ORIGIN, **good, exp=1),
        issuer.token(ORIGIN, **good, kid="none"), issuer.token(ORIGIN, header={"alg": "none"}, **good),
        socket_token[:-8] + "AAAAAAAA",
    ]:
        field = {} if token is None else {"Authorization": token if token[:1] in "B" else f"Bearer {token}"}
        assert status_of(server, path, additional_headers=field) == 401, token
    assert status_of(server, path, additional_headers={"Authorization": socket_token}) == 401, "a bare token"


def test_this_wires_token_does_not_open_the_other(server, socket_token):
    with server.channel() as channel:
        caller = Caller(channel, socket_token, TENANT_A["org"], "demo-wav")
        refused = caller.event(1)
        assert refused.done.wait(5) and refused.code.name == "UNAUTHENTICATED"


def test_foreign_pages_and_other_paths_are_refused(server, socket_token):
    known = headers(socket_token)
    assert status_of(server, origin="https://evil.example", additional_headers=known) == 403
    assert status_of(server, origin="null", additional_headers=known) == 403
    assert status_of(server, "/v1/other", additional_headers=known) == 404
    with connect(f"ws://{server.socket_address}/v1/va", origin=f"http://{server.socket_address}",
                 additional_headers=known):
        pass


# What breaks the protocol


def envelope(caller, **changes):
    message = caller.envelope("VOICE_VA_REQUEST", payload={
        "conversation_id": caller.conversation, "customer_org_id": caller.org,
        "voice_va_input_type": {"event_input": {"event_type": "NO_INPUT"}}})
    payload = message["payload"] | changes.pop("payload", {})
    return json.dumps(message | {"payload": payload} | changes)


BROKEN = {
    "no JSON": lambda c: "{",
    "unknown type": lambda c: envelope(c, type="HELLO"),
    "repeated seq": lambda c: envelope(c, seq=1),
    "no seq": lambda c: envelope(c, seq=None),
    "another conversation": lambda c: envelope(c, conversation_id="other"),
    "two conversations": lambda c: envelope(c, payload={"conversation_id": "other"}),
    "another organization": lambda c: envelope(c, payload={"customer_org_id": "22222222-bbbb-4222-8222-222222222222"}),
    "another agent": lambda c: envelope(c, payload={"virtual_agent_id": "demo-chunk"}),
    "a second start": lambda c: envelope(
        c, payload={"voice_va_input_type": {"event_input": {"event_type": "SESSION_START"}}}),
    "no input": lambda c: envelope(c, payload={"voice_va_input_type": {}}),
    "two inputs": lambda c: envelope(c, payload={"voice_va_input_type": {
        "event_input": {"event_type": "NO_INPUT"}, "dtmf_input": {"dtmf_events": []}}}),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_breaks_the_protocol_ends_the_socket(new_socket, what):
    caller = new_socket()
    caller.start()
    caller.raw(BROKEN[what](caller))
    assert caller.closed() == 1002 and caller.error == ("bad_request", 400)


def test_each_refusal_has_its_code(new_socket, server):
    """The rows of the table of errors and close codes that one call can provoke."""
    unknown = new_socket("no-such-agent")
    unknown.event("SESSION_START")
    assert unknown.closed() == 1002 and unknown.error == ("bad_request", 404)

    first = new_socket()
    first.start()
    second = new_socket(conversation=first.conversation)
    second.event("SESSION_START")
    assert second.closed() == 1002 and second.error == ("bad_request", 409)
    first.press("1")

    first.socket.send(b"\x00\x01")
    assert first.closed() == 1003 and first.error == ("bad_request", 400)

    for audio in [{"encoding": "OPUS_FORMAT"}, {"sample_rate_hertz": 123}]:
        caller = new_socket()
        caller.start()
        caller.audio(b"\xff" * 800, **audio)
        assert caller.closed() == 1003 and caller.error == ("unsupported_media", 415)

    early = new_socket()
    early.event("NO_INPUT")
    assert early.closed() == 1002 and early.error == ("bad_request", 400)


def test_a_client_that_does_not_read_is_closed(own_gateway, issuer, socket_token, tmp_path):
    """More than 6 MiB of answers wait for it; its neighbour is served as before."""
    settings = configuration(issuer)["identity"]
    settings["tenants"].append(settings["tenants"][0] | {"url": ORIGIN["url"]})
    (tmp_path / "long.wav").write_bytes(as_wav(announcement(40)))
    (tmp_path / "script.yaml").write_text(json.dumps({"start": "again", "states": {"again": {
        "say": {"play": "long.wav"}, "listen": {"length": 1}, "digits": {"1": "again"}}}}))
    server = own_gateway(
        identity=settings, websocket={"address": "127.0.0.1:0"},
        agents=[agent("long", "chunk", {"kind": "scripted", "script": str(tmp_path / "script.yaml")}, default=True)])
    address = server.printed("websocket on")
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    host, port = address.rsplit(":", 1)
    deaf.connect((host, int(port)))
    with connect(f"ws://{address}/v1/va", sock=deaf, max_queue=1, additional_headers=headers(socket_token)) as stalled:
        number = itertools.count(1)

        def send(**input):
            stalled.send(json.dumps({
                "type": "VOICE_VA_REQUEST", "seq": next(number), "ts": "2026-11-28T09:00:00Z", "conversation_id": "deaf",
                "payload": {"conversation_id": "deaf", "customer_org_id": TENANT_A["org"], "voice_va_input_type": input}}))

        send(event_input={"event_type": "SESSION_START"})
        for _ in range(200):  # each key begins the answer anew; the kernel's buffers take some of it
            time.sleep(0.1)
            if '"closed":"1013"' in server.log:
                break
            with contextlib.suppress(websockets.exceptions.ConnectionClosed):
                send(dtmf_input={"dtmf_events": ["DTMF_DIGIT_ONE"]})
        server.until(lambda: '"closed":"1013"' in server.log, "closes the one that does not read")
    with SocketCaller(address, socket_token, TENANT_A["org"]) as caller:
        caller.event("SESSION_START")
        caller.wait(lambda message: message["payload"]["response_type"] == "CHUNK", "chunk")


def test_callers_of_both_wires_at_once(new_socket, server, token):
    """They lose nothing; and a socket that says nothing beside them is closed when its ten seconds are over."""
    spoken = recorded(SENTENCE)
    silent, began = new_socket(), time.monotonic()

    def over_socket(_):
        caller = new_socket()
        caller.start()
        caller.listen()
        mark = caller.mark()
        caller.say(spoken)
        heard = caller.answer(mark).audio
        caller.event("SESSION_END")
        return likeness(heard, spoken), caller.closed()

    def over_grpc(_):
        with server.channel() as channel:
            caller = Caller(channel, token, TENANT_A["org"], "demo-chunk", "chunk")
            caller.start()
            heard = caller.speak(spoken).audio
            caller.hang_up()
            return likeness(heard, spoken), 1000

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(call, i) for i in range(4) for call in (over_socket, over_grpc)]
        for call in calls:
            alike, code = call.result(60)
            assert alike > 0.9 and code == 1000
    assert silent.closed() == 1008 and silent.error == ("timeout", 408)
    assert 9 < time.monotonic() - began < 13 * (6 if SLOW else 1)
    server.until(lambda: "patchbay_conversations_live 0" in server.get("/metrics")[1], "has no calls any more")


def test_the_call_too_many_is_refused(own_gateway, issuer, socket_token):
    settings = configuration(issuer)["identity"]
    settings["tenants"].append(settings["tenants"][0] | {"url": ORIGIN["url"]})
    server = own_gateway(identity=settings, websocket={"address": "127.0.0.1:0"}, limits={"conversations": 1})
    address = server.printed("websocket on")
    with SocketCaller(address, socket_token, TENANT_A["org"]) as first:
        first.start()
        with SocketCaller(address, socket_token, TENANT_A["org"]) as second:
            second.event("SESSION_START")
            assert second.closed() == 1013 and second.error == ("rate_limit", 429)
        # The end of the server: the caller is handed over, and the socket closed.
        mark = first.mark()
        server.signal()
        assert event_of(first.wait(event_of, "farewell", mark)[-1]) == "TRANSFER_TO_AGENT"
        assert first.closed() == 1001
    assert server.wait() == 0


def test_a_lost_socket_is_the_end_of_its_call(new_socket, server):
    """Nobody comes back over this wire: what a broken connection leaves behind is over at once."""
    def live():
        return int(re.search(r"patchbay_conversations_live (\d+)", server.get("/metrics")[1])[1])

    caller = new_socket()
    caller.start()
    before = live()
    caller.socket.socket.close()
    server.until(lambda: live() < before, "ends the call", seconds=5 * (6 if SLOW else 1))
