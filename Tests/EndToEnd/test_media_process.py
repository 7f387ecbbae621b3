"""Media and the process: several queues, receivers that come late or fail, and the end of the server."""

import signal
import threading
import uuid

import grpc
import pytest

import opus
from collector import Collector
from conftest import TENANT_A, configuration
from media import AGENT, AUDIO, CALLER, FORKING_SCHEMA, MEETING_SCHEMA, Fork, Meeting, Pace, closing, packet
from speech import recorded

SHUTDOWN = 5


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture
def start(own_gateway, issuer):
    """Starts a server with a receiver at a URL."""

    def make(url, **changes):
        whole = configuration(issuer)
        whole["identity"]["tenants"][0]["schemas"] = [FORKING_SCHEMA, MEETING_SCHEMA]
        gateway = own_gateway(
            identity=whole["identity"], receivers=[{"id": "far", "kind": "grpc", "url": url}], **changes)
        gateway.tokens = {
            schema: issuer.token(TENANT_A, **{"com.cisco.datasource.schema.uuid": schema})
            for schema in (FORKING_SCHEMA, MEETING_SCHEMA)}
        return gateway

    return make


def test_sessions_over_several_queues(start, collector):
    """RPCs of one session on different completion queues reach it in order, whole, and once."""
    gateway = start(collector.url, listen={"address": "127.0.0.1:0", "queues": 3})
    data = recorded("vm-goodbye").encoded("mulaw")
    names = [f"fork-{uuid.uuid4()}" for _ in range(6)]
    channels = [gateway.channel() for _ in range(6)]
    lines = [(name, role, Fork(channels[(n + role) % 6], gateway.tokens[FORKING_SCHEMA], TENANT_A["org"], name))
             for n, name in enumerate(names) for role in (CALLER, AGENT)]

    def play(role, rpc):
        pace = Pace()
        for at in range(0, len(data), 160):
            rpc.audio(data[at : at + 160], role=role)
            pace.wait()
        rpc.half_close()

    threads = [threading.Thread(target=play, args=(role, rpc)) for _, role, rpc in lines]
    for thread in threads:
        thread.start()
    meeting = Meeting(channels[0], gateway.tokens[MEETING_SCHEMA], TENANT_A["org"], f"meeting-{uuid.uuid4()}")
    meeting.control.wait_for(lambda r: r.media_stream_request.HasField("audio_config"), "request for audio")
    packets = opus.Encoder(8000).packets(recorded("vm-goodbye").samples)
    streams = []
    for n in range(3):
        inner = Meeting.__new__(Meeting)
        inner.__dict__ = dict(meeting.__dict__, channel=channels[n + 1])
        streams.append(inner.open(f"audio-{n}", AUDIO))
    for number, piece in enumerate(packets):
        for n, rpc in enumerate(streams):
            rpc.send(packet(piece, number + 1, f"p{n}", 1000 + number * 20))
    for thread in threads:
        thread.join()
    for _, _, rpc in lines:
        assert rpc.wait() is grpc.StatusCode.OK
        assert [r.status_message for r in rpc.replies] == ["SUCCESS"]
    for name in names:
        session = collector.session(name)
        assert session.ended.wait(20)
        for source in ("caller", "agent"):
            assert sum(len(a.samples) // 2 for a in session.audio if a.source == source) == len(data)
    session = collector.session(meeting.conversation)
    for rpc in streams:
        rpc.send(closing())
        assert rpc.wait() is grpc.StatusCode.OK
    meeting.close()
    assert meeting.control.wait() is grpc.StatusCode.OK
    assert session.ended.wait(20)
    for n in range(3):
        assert sum(len(a.samples) // 2 for a in session.audio if a.source == f"p{n}") == len(packets) * 320


def test_a_receiver_that_comes_late(start):
    """A receiver that cannot be reached at first is given what was kept for it; the fork does not wait for it."""
    collector = Collector()
    port = collector.port
    collector.close()
    gateway = start(f"http://127.0.0.1:{port}")
    name = f"fork-{uuid.uuid4()}"
    rpc = Fork(gateway.channel(), gateway.tokens[FORKING_SCHEMA], TENANT_A["org"], name)
    data = recorded("vm-goodbye").encoded("mulaw")
    for at in range(0, len(data), 160):
        rpc.audio(data[at : at + 160])
    gateway.until(lambda: "is opened again" in gateway.log or "cannot be reached" in gateway.log, "tells of it")
    late = Collector(port)
    session = late.session(name, 40)
    rpc.half_close()
    assert rpc.wait() is grpc.StatusCode.OK
    assert session.ended.wait(20)
    assert sum(len(a.samples) // 2 for a in session.audio) == len(data)
    assert session.sources.keys() == {"caller"}
    late.close()


def test_the_end_of_the_server(start, collector):
    """R1: SIGTERM lets live sessions go on for the drain's time, takes no new ones, and then ends them."""
    gateway = start(collector.url, shutdown={"drain": "2s"})
    channel = gateway.channel()
    name = f"fork-{uuid.uuid4()}"
    rpc = Fork(channel, gateway.tokens[FORKING_SCHEMA], TENANT_A["org"], name)
    for _ in range(50):
        rpc.audio(b"\x80" * 160)
    session = collector.session(name)
    session.until(lambda: session.audio, "audio")
    gateway.signal(signal.SIGTERM)
    gateway.until(lambda: "draining" in gateway.log, "drains")
    again = Fork(channel, gateway.tokens[FORKING_SCHEMA], TENANT_A["org"], name).audio(b"\x80" * 160, role=AGENT)
    new = Fork(channel, gateway.tokens[FORKING_SCHEMA], TENANT_A["org"], f"fork-{uuid.uuid4()}").audio(b"\x80")
    assert new.wait() is grpc.StatusCode.UNAVAILABLE
    session.until(lambda: "agent" in session.sources, "a leg that comes meanwhile")
    assert rpc.wait() is grpc.StatusCode.UNAVAILABLE
    assert again.wait() is grpc.StatusCode.UNAVAILABLE
    assert session.ended.wait(20) and session.end == SHUTDOWN
    assert gateway.wait() == 0
