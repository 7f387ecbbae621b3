"""Traces: one a conversation, exported by OTLP, handed on to bots; nothing of what is said is in them."""

import re
import time

import pytest

import bots
import conftest
from caller import Caller
from conftest import END_SILENCE, TENANT_A, agent
from gateway import Gateway
from issuer import Issuer
from media_streams import MediaStreamsBot
from otlp import Receiver
from schemas import SESSION_START
from speech import recorded
from upstream import Upstream

METHOD = "com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent/ProcessCallerInput"
INTERNAL, SERVER, CLIENT = 1, 2, 3
UNSET, ERROR = 0, 2
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01")


def telemetry(receiver, **more):
    return {"traces": {"endpoint": receiver if isinstance(receiver, str) else receiver.url} | more}


@pytest.fixture(scope="module")
def traced(tmp_path_factory, issuer):
    """A server before one good bot and one that nobody answers for, and the receiver of its traces."""
    folder = tmp_path_factory.mktemp("traces")
    (folder / "key").write_text("s3cret-of-the-receiver\n")
    (folder / "key").chmod(0o600)
    with Receiver() as receiver, bots.Bot(bots.echo) as bot:
        gateway = Gateway(folder, conftest.configuration(
            issuer,
            agents=[
                agent("wav", "wav", bot.engine), agent("chunk", "chunk", bot.engine),
                agent("dead", "chunk", {"kind": "grpc", "url": f"http://127.0.0.1:{bots.closed_port()}"}),
            ],
            telemetry=telemetry(receiver, headers=[{"name": "x-key", "value_file": "key"}])))
        yield gateway, receiver, bot
        gateway.stop()
        assert not receiver.faults
        assert "s3cret-of-the-receiver" not in gateway.log


@pytest.fixture
def caller(traced, token):
    channels = []

    def start(name, **more):
        channels.append(traced[0].channel())
        return Caller(channels[-1], token, TENANT_A["org"], name, "wav" if name == "wav" else "chunk", **more)

    yield start
    for channel in channels:
        channel.close()


def one(spans, name):
    found = [span for span in spans if span.name == name]
    assert len(found) == 1, f"{name}: {spans}"
    return found[0]


@pytest.mark.parametrize("mode", ["wav", "chunk"])
def test_a_whole_call(traced, caller, mode):
    """A conversation is one trace: its RPCs, who spoke and when, the wait for the end, the bot."""
    gateway, receiver, bot = traced
    caller = caller(mode)
    before = time.time()
    greeting = caller.start()
    answer = caller.speak(recorded("tt-monkeysintro"))
    caller.press("12")
    caller.hang_up()
    after = time.time()
    spans = receiver.conversation(caller.conversation)

    root = one(spans, "conversation")
    assert root.parent == "" and root.kind == INTERNAL and root.status == UNSET
    assert root.attributes == {
        "gen_ai.conversation.id": caller.conversation, "gen_ai.agent.id": mode,
        "patchbay.organization": TENANT_A["org"], "patchbay.tracking_id": caller.tracking,
        "patchbay.conversation.resumed": False, "patchbay.conversation.end": "hangup",
        "patchbay.conversation.turns": 3,
    }
    assert before - 0.1 < root.start < root.end < after + 0.1
    assert root.resource["service.name"] == "patchbay" and root.resource["service.instance.id"]

    rpcs = [span for span in spans if span.name == METHOD]
    # The start, the spoken turn, START_OF_DTMF, the digits, the hang-up.
    assert len(rpcs) == 5
    for span in rpcs:
        assert span.parent == root.id and span.kind == SERVER and span.status == UNSET
        assert span.attributes == {
            "rpc.system.name": "grpc", "rpc.method": METHOD, "rpc.response.status_code": "OK",
            "gen_ai.conversation.id": caller.conversation}

    spoken = one(spans, "user_speech")
    wait = one(spans, "eou_wait")
    assert spoken.parent == wait.parent == root.id
    assert abs(spoken.seconds - recorded("tt-monkeysintro").seconds) < 0.6
    assert abs(wait.seconds - END_SILENCE) < 0.25 and abs(wait.start - spoken.end) < 1e-6

    invoked = one(spans, f"invoke_agent {mode}")
    assert invoked.parent == root.id and invoked.kind == CLIENT and invoked.status == UNSET
    assert invoked.attributes["gen_ai.operation.name"] == "invoke_agent"
    responses = sorted((s for s in spans if s.name == "agent_response"), key=lambda s: s.start)
    kinds = [s.attributes["patchbay.turn.kind"] for s in responses]
    assert kinds == ["start", "speech", "digits"]
    assert [s.attributes["patchbay.turn.outcome"] for s in responses] == ["audio", "audio", "text"]
    # The first begins as the bot's own part does.
    assert {s.parent for s in responses} <= {invoked.id, root.id}
    assert abs(responses[1].start - wait.end) < 0.05 and responses[1].seconds < 1

    heard = sorted((s for s in spans if s.name == "agent_speech"), key=lambda s: s.start)
    assert len(heard) == 2
    assert abs(heard[0].seconds - greeting.audio.seconds) < 0.1
    # Keys were pressed over the second.
    assert heard[1].attributes["patchbay.speech.interrupted"] is True
    assert heard[1].seconds < answer.audio.seconds

    assert {span.trace for span in spans} == {root.trace}
    line = next(line for line in gateway.log.splitlines()
                if "conversation started" in line and caller.tracking in line)
    assert root.trace in line
    assert receiver.headers[-1]["X-Key"] == "s3cret-of-the-receiver"
    assert receiver.headers[-1]["Content-Type"] == "application/json"


def test_a_failed_bot(traced, caller):
    """A call that ends for its bot's sake is marked, and says how the bot failed."""
    caller = caller("dead")
    caller.start()
    spans = traced[1].conversation(caller.conversation)
    for name in ("conversation", "invoke_agent dead", "agent_response"):
        span = one(spans, name)
        assert span.status == ERROR and span.attributes["error.type"] == "unreachable", span
    assert one(spans, METHOD).status == UNSET


def test_the_context_reaches_a_grpc_bot(traced, caller):
    """The bot's metadata has the trace, and the span of the bot's part of the call."""
    caller = caller("wav")
    caller.start()
    caller.hang_up()
    spans = traced[1].conversation(caller.conversation)
    call = next(c for c in traced[2].calls if c.metadata["patchbay-conversation"] == caller.conversation)
    invoked = one(spans, "invoke_agent wav")
    assert TRACEPARENT.fullmatch(call.metadata["traceparent"]).groups() == (invoked.trace, invoked.id)


def test_nothing_of_the_caller_is_in_a_span(traced, caller):
    """Digits, words, parameters and tokens are nowhere in what is exported."""
    gateway, receiver, _ = traced
    canaries = ["4929123412341234", "canary-info", "canary-vendor", "canary-parameter", "canary-name", "greeting-words"]
    caller = caller(
        "wav", additional_info={"card": "canary-info"}, vendor_specific_config="canary-vendor",
        metadata=[("x-note", "canary-name")])
    caller.start()
    caller.press(canaries[0][:4] + canaries[0][4:])
    caller.custom_event("canary-name", {"secret": "canary-parameter"})
    caller.hang_up()
    assert receiver.conversation(caller.conversation)
    exported = "".join(receiver.bodies)
    assert caller.conversation in exported
    for canary in canaries + [caller.token, caller.token.split(".")[1], "16 digits"]:
        assert canary not in exported


def test_the_key_fetch(tmp_path):
    """The fetch of an issuer's keys is a trace of its own; an RPC that waits for it says for how long."""
    slow = Issuer()
    with Receiver() as receiver:
        gateway = Gateway(tmp_path, conftest.configuration(slow, telemetry=telemetry(receiver)))
        try:
            gateway.until(lambda: receiver.of("GET"), "exports the fetch")
            fetch = receiver.of("GET")[0]
            assert fetch.kind == CLIENT and fetch.parent == ""
            assert fetch.attributes == {
                "http.request.method": "GET", "url.full": slow.keys_url, "http.response.status_code": 200}
            # A key that is not known yet.
            time.sleep(1)
            slow.keys["key-3"] = slow.key
            slow.delay = 0.5
            token = slow.token(TENANT_A, header={"kid": "key-3"})
            with gateway.channel() as channel:
                caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
                gateway.until(lambda: waited(caller, receiver), "waits for keys")
        finally:
            gateway.stop()
            slow.close()


def waited(caller, receiver):
    """Whether an RPC waited for keys, and its span says so."""
    try:
        caller.start()
    except AssertionError:
        time.sleep(1)
        return False
    caller.hang_up()
    spans = receiver.conversation(caller.conversation)
    wait = one(spans, "await_keys")
    assert 0.4 < wait.seconds < 2
    rpc = next(span for span in spans if span.id == wait.parent)
    assert rpc.name == METHOD and abs(rpc.start - wait.start) < 1e-6
    return True


def test_a_dead_receiver_costs_nobody_a_turn(own_gateway, token):
    """Where nobody takes the traces, calls go on as ever; the spans wait, and what is lost at the end is said."""
    with bots.Bot(bots.echo) as bot, bots.mute() as port:
        for number, endpoint in enumerate((f"http://127.0.0.1:{port}", f"http://127.0.0.1:{bots.closed_port()}")):
            gateway = own_gateway(agents=[agent("wav", "wav", bot.engine)], telemetry=telemetry(endpoint + "/v1/traces"))
            with gateway.channel() as channel:
                for _ in range(3):
                    caller = Caller(channel, token, TENANT_A["org"], "wav")
                    caller.start()
                    began = time.monotonic()
                    assert caller.press("12").text == "2 digits"
                    assert time.monotonic() - began < 1
                    caller.hang_up()
            gateway.until(lambda: "traces cannot be exported" in gateway.log, "says so", seconds=20)
            ended = time.monotonic()
            gateway.stop()
            assert time.monotonic() - ended < 8
            if number == 1:
                assert "spans were not exported before the end" in gateway.log


def test_a_receiver_that_comes_back(own_gateway, token):
    """What a receiver could not take is kept and sent again; what it refuses is counted."""
    with Receiver() as receiver:
        receiver.answers = [503, 429]
        gateway = own_gateway(telemetry=telemetry(receiver))
        with gateway.channel() as channel:
            caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
            caller.start()
            caller.hang_up()
            assert receiver.conversation(caller.conversation, seconds=30)
            assert "traces are exported again" in gateway.log
            receiver.rejected = 2
            caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
            caller.start()
            caller.hang_up()
            receiver.conversation(caller.conversation)
        shown = gateway.get("/metrics")[1]
        assert int(re.search(r'patchbay_spans_dropped_total\{reason="refused"\} (\d+)', shown)[1]) >= 2
        assert int(re.search(r"patchbay_spans_exported_total (\d+)", shown)[1]) >= 5


def test_what_waits_is_sent_at_the_end(own_gateway, token):
    """A server that ends exports the spans of the calls that it ends."""
    with Receiver() as receiver:
        gateway = own_gateway(telemetry=telemetry(receiver))
        with gateway.channel() as channel:
            caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
            caller.start()
            gateway.stop()
        root = receiver.of("conversation")[0]
        assert root.attributes["patchbay.conversation.end"] == "shutdown"


def test_the_context_reaches_every_engine(own_gateway, token):
    """Media Streams: a parameter, and a header of the upgrade; realtime: that header; byova: metadata."""
    upstream, streams = Upstream(lambda request: ()), MediaStreamsBot()
    with Receiver() as receiver:
        gateway = own_gateway(
            agents=[
                agent("streams", "chunk", {"kind": "media-streams", "url": streams.url}),
                agent("realtime", "chunk", {"kind": "realtime", "url": streams.url}),
                agent("byova", "chunk", {"kind": "byova", "url": f"http://127.0.0.1:{upstream.port}"}),
            ],
            telemetry=telemetry(receiver))
        found = {}
        with gateway.channel() as channel:
            for name in ("streams", "realtime", "byova"):
                caller = Caller(channel, token, TENANT_A["org"], name, "chunk")
                caller.open(caller.request(event_input={"event_type": SESSION_START}), half_close=False)
                if name == "byova":
                    gateway.until(lambda: upstream.metadata, "calls the upstream")
                    found[name] = upstream.metadata[0]["traceparent"]
                else:
                    stream = streams.stream()
                    found[name] = stream.headers["traceparent"]
                    if name == "streams":
                        assert stream.wait("start")["start"]["customParameters"]["traceparent"] == found[name]
                Caller(channel, token, TENANT_A["org"], name, "chunk", caller.conversation).hang_up()
                spans = receiver.conversation(caller.conversation)
                invoked = one(spans, f"invoke_agent {name}")
                assert TRACEPARENT.fullmatch(found[name]).groups() == (invoked.trace, invoked.id)
    upstream.server.stop(0)
    streams.stop()


def test_off_by_default(own_gateway, token):
    """Without the key nothing is traced and no bot is told anything."""
    with bots.Bot(bots.echo) as bot:
        gateway = own_gateway(agents=[agent("wav", "wav", bot.engine)])
        with gateway.channel() as channel:
            caller = Caller(channel, token, TENANT_A["org"], "wav")
            caller.start()
            caller.hang_up()
        assert "traceparent" not in bot.calls[0].metadata
        assert "trace_id" not in gateway.log
