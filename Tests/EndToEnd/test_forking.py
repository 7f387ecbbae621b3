"""Forked conversations: legs on one RPC or on several, one acknowledgement at the end, and what receivers are given."""

import threading
import time
import uuid

import grpc
import numpy
import pytest

from collector import Collector, lag, signal_to_noise
from conftest import TENANT_A, TENANT_B, configuration
from gateway import Gateway
from media import (
    AGENT, ALAW, CALLER, ERROR_INVALID_AUDIO_FORMAT, ERROR_NONE, FORKING_SCHEMA, LINEAR16, MEETING_SCHEMA, MULAW,
    Fork, Pace,
)
from schemas import MEDIA
from speech import from_mulaw, recorded, silence

COMPLETED, LOST = 1, 2


@pytest.fixture(scope="module")
def collector():
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture(scope="module")
def media_gateway(tmp_path_factory, issuer, collector):
    """A server whose receivers count and forward."""
    changes = configuration(issuer)
    tenants = changes["identity"]["tenants"]
    tenants[0]["schemas"] = [FORKING_SCHEMA, MEETING_SCHEMA]
    tenants[1]["schemas"] = [FORKING_SCHEMA]
    changes["receivers"] = [
        {"id": "counter", "kind": "count", "tenants": [TENANT_A["org"]]},
        {"id": "far", "kind": "grpc", "url": collector.url, "takes": ["forks"], "tenants": [TENANT_A["org"]]},
    ]
    gateway = Gateway(tmp_path_factory.mktemp("forks"), changes)
    yield gateway
    gateway.stop()


@pytest.fixture
def fork(media_gateway, issuer):
    """Opens RPCs of the first tenant's forked conversations."""
    channel = media_gateway.channel()
    token = issuer.token(TENANT_A, **{"com.cisco.datasource.schema.uuid": FORKING_SCHEMA})

    def make(conversation, **more):
        return Fork(channel, more.pop("token", token), more.pop("org", TENANT_A["org"]), conversation, **more)

    yield make
    channel.close()
    assert media_gateway.process.poll() is None, media_gateway.log[-4000:]


def frames(data, size=160):
    return [data[at : at + size] for at in range(0, len(data), size)]


def play(rpc, legs, seconds=None):
    """Plays legs side by side in real time: a list of (bytes, what to say beside them)."""
    pace = Pace()
    cut = [(frames(data, more.pop("size", 160)), more) for data, more in legs]
    for at in range(max(len(f) for f, _ in cut)):
        for pieces, more in cut:
            if at < len(pieces):
                stamp = {} if seconds is None else {"seconds": seconds + at * 0.02}
                rpc.audio(pieces[at], **more, **stamp)
        pace.wait()


def conversation():
    return f"fork-{uuid.uuid4()}"


def test_two_legs_on_one_rpc(fork, collector, media_gateway):
    """Wire 8: two roles on one RPC reach the receiver apart, on one clock, bit for bit; one acknowledgement."""
    caller = (silence(0.5) + recorded("vm-goodbye")).encoded("mulaw")
    agent = (recorded("pbx-invalid") + silence(0.5)).encoded("mulaw")
    name = conversation()
    rpc = fork(name, metadata=[("trackingid", "track-1")])
    play(rpc, [(caller, {"role": CALLER, "role_id": "c-1"}), (agent, {"role": AGENT, "role_id": "a-1"})], time.time())
    rpc.half_close()
    assert rpc.wait() is grpc.StatusCode.OK
    assert [(r.status_message, r.error_code) for r in rpc.replies] == [("SUCCESS", ERROR_NONE)]
    assert ("trackingid", "track-1") in rpc.call.initial_metadata()

    session = collector.session(name)
    assert session.ended.wait(20) and session.end == COMPLETED
    assert session.hello.kind == 2 and session.hello.media.sample_rate == 8000
    assert session.hello.media.organization == TENANT_A["org"]
    assert session.hello.media.tracking == "track-1"
    assert {(s.id, s.role) for s in session.sources.values()} == {("caller:c-1", 1), ("agent:a-1", 2)}
    begins = []
    for source, sent in (("caller:c-1", caller), ("agent:a-1", agent)):
        heard, made_up = session.timeline(source)
        spoken = from_mulaw(sent).samples
        begin = lag(heard, spoken)
        assert made_up == 0
        assert numpy.array_equal(heard[max(0, begin):][: len(spoken)], spoken[max(0, -begin):]), source
        begins.append(begin)
    assert abs(begins[0] - begins[1]) <= 160, "aligned within 20 ms"
    # Whoever only counts has had as much; its metrics are there.
    media_gateway.until(lambda: "session counted" in media_gateway.log, "counted")
    assert 'patchbay_media_sessions_started_total{kind="fork"}' in media_gateway.get("/metrics")[1]
    assert "mulaw 8k → receivers" in media_gateway.log, "one line shows what the audio goes through"


def test_a_leg_an_rpc_and_other_formats(fork, collector):
    """Wire 8: a role an RPC, in A-law and in 16 kHz linear, is one session; the rates are brought together."""
    caller, agent = recorded("vm-goodbye"), recorded("pbx-invalid")
    name = conversation()
    lines = [
        (fork(name), caller.encoded("alaw"), {"role": CALLER, "encoding": ALAW}),
        (fork(name), agent.encoded("linear16", 16000),
         {"role": AGENT, "encoding": LINEAR16, "rate": 16000, "size": 640}),
    ]
    now = time.time()
    threads = [threading.Thread(target=play, args=(rpc, [(data, more)], now)) for rpc, data, more in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for rpc, _, _ in lines:
        rpc.half_close()
    for rpc, _, _ in lines:
        assert rpc.wait() is grpc.StatusCode.OK
        assert [r.status_message for r in rpc.replies] == ["SUCCESS"]
    session = collector.session(name)
    assert session.ended.wait(20)
    assert sum(s.metadata["patchbay-conversation"] == name for s in collector.sessions) == 1
    begins = []
    for source, spoken, quality in (("caller", caller, 30), ("agent", agent, 15)):
        heard, _ = session.timeline(source)
        begins.append(lag(heard, spoken.samples))
        assert signal_to_noise(heard, spoken.samples, begins[-1]) > quality, source
    assert abs(begins[0] - begins[1]) <= 160, "aligned within 20 ms"


def test_a_leg_that_comes_again(fork, collector):
    """Wire 8: a leg whose RPC breaks goes on with a new one; what is sent twice is there once."""
    spoken = recorded("vm-goodbye") + recorded("pbx-invalid")
    data = spoken.encoded("mulaw")
    name = conversation()
    half = len(data) // 2 // 160 * 160
    began = time.time()
    first = fork(name)
    play(first, [(data[:half], {"role_id": "x"})], began)
    session = collector.session(name)
    session.until(lambda: sum(len(a.samples) for a in session.audio) > half, "first half")
    first.cancel()
    second = fork(name)
    again = half - 8000  # the last second once more
    play(second, [(data[again:], {"role_id": "x"})], began + again / 8000)
    second.half_close()
    assert second.wait() is grpc.StatusCode.OK
    assert session.ended.wait(20)
    assert list(session.sources) == ["caller:x"]
    heard, _ = session.timeline("caller:x")
    begin = lag(heard, spoken.samples)
    assert begin <= 800
    assert numpy.array_equal(heard[max(0, begin):][: len(data)], from_mulaw(data).samples[max(0, -begin):])
    assert sum(len(a.samples) // 2 for a in session.audio) == len(data), "nothing twice"


def test_bad_audio_is_told_of_and_the_stream_goes_on(fork, collector):
    """Wire 8: ERROR_INVALID_AUDIO_FORMAT once, then good audio is taken as if nothing had been."""
    name = conversation()
    rpc = fork(name)
    good = recorded("vm-goodbye").encoded("mulaw")
    rpc.audio(good[:160])
    for _ in range(5):
        rpc.audio(b"\x00" * 160, rate=7999)
    rpc.audio(b"\x00" * 160, encoding=7)
    play(rpc, [(good[160:], {})])
    rpc.half_close()
    assert rpc.wait() is grpc.StatusCode.OK
    assert [r.error_code for r in rpc.replies] == [ERROR_INVALID_AUDIO_FORMAT, ERROR_NONE]
    session = collector.session(name)
    assert session.ended.wait(20)
    assert sum(len(a.samples) // 2 for a in session.audio) == len(good)


def test_the_conversation_may_be_in_the_header(fork, collector):
    """Wire 2: x-conversation-id names the conversation where the messages do not; later messages may name nothing."""
    name = conversation()
    rpc = fork("", metadata=[("x-conversation-id", name)])
    for _ in range(10):
        rpc.audio(b"\xff" * 160, role=CALLER)
    rpc.half_close()
    assert rpc.wait() is grpc.StatusCode.OK
    assert collector.session(name).hello.media.conversation == name


def test_a_stream_of_nothing(fork):
    """Wire 8: a half-close without a message is acknowledged as well."""
    rpc = fork(conversation()).half_close()
    assert rpc.wait() is grpc.StatusCode.OK
    assert [(r.status_message, r.error_code) for r in rpc.replies] == [("SUCCESS", ERROR_NONE)]


def test_refusals(fork, issuer, media_gateway):
    """J17, J18 and limits: what is not this organization's, schema's or conversation's is refused, and said so."""
    voice = fork(conversation(), token=issuer.token(TENANT_A)).audio(b"\xff")
    assert voice.wait() is grpc.StatusCode.UNAUTHENTICATED
    foreign = fork(conversation(), org=TENANT_B["org"]).audio(b"\xff")
    assert foreign.wait() is grpc.StatusCode.PERMISSION_DENIED
    nameless = fork("").audio(b"\xff")
    assert nameless.wait() is grpc.StatusCode.INVALID_ARGUMENT
    other = fork(conversation()).audio(b"\xff").audio(b"\xff", conversation="other")
    assert other.wait() is grpc.StatusCode.INVALID_ARGUMENT
    garbage = fork(conversation()).send(b"\xff\xff\xff")
    assert garbage.wait() is grpc.StatusCode.INVALID_ARGUMENT
    flood = fork(conversation())
    for _ in range(40):
        flood.audio(b"\xff" * 8000)
    assert flood.wait() is grpc.StatusCode.RESOURCE_EXHAUSTED
    token = issuer.token(TENANT_B, **{"com.cisco.datasource.schema.uuid": FORKING_SCHEMA})
    unwanted = fork(conversation(), token=token, org=TENANT_B["org"]).audio(b"\xff")
    assert unwanted.wait() is grpc.StatusCode.FAILED_PRECONDITION
    assert "receiver" in unwanted.call.details()


def test_without_a_receiver_the_services_are_not_there(channel, token):
    """A server that no receiver is configured for answers UNIMPLEMENTED."""
    rpc = Fork(channel, token, TENANT_A["org"], conversation()).audio(b"\xff")
    assert rpc.wait() is grpc.StatusCode.UNIMPLEMENTED


def test_health_lists_the_services(media_gateway):
    """The services that are served are SERVING."""
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with media_gateway.channel() as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in (f"{MEDIA}.ConversationAudio", f"{MEDIA}.MultiMedia"):
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
