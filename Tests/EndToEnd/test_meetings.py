"""Meetings: the control stream, three streams of Opus with losses and reordering, video, and how it all ends."""

import audioop
import random
import threading
import time
import uuid

import grpc
import numpy
import pytest

import opus
from collector import Collector, lag, signal_to_noise
from conftest import TENANT_A, TENANT_B, configuration
from gateway import Gateway
from media import (
    AUDIO, CONTROL, FORKING_SCHEMA, MEETING_SCHEMA, OPUS, REQUEST_KEYFRAME, REQUEST_ROSTER_REFRESH, VIDEO, Meeting,
    Pace, closing, meetings, packet,
)
from speech import recorded

RATE = 16000
COMPLETED, LOST = 1, 2
CAPACITY_EXCEEDED, UNSUPPORTED_MEDIA_TYPE, INVALID_PAYLOAD = 4, 1, 3


@pytest.fixture(scope="module")
def collector():
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture(scope="module")
def media_gateway(tmp_path_factory, issuer, collector):
    changes = configuration(issuer)
    changes["identity"]["tenants"][0]["schemas"] = [FORKING_SCHEMA, MEETING_SCHEMA]
    changes["receivers"] = [{"id": "far", "kind": "grpc", "url": collector.url, "tenants": [TENANT_A["org"]]}]
    changes["meetings"] = {
        "sample_rate": RATE, "audio": {"codec": "opus", "streams": 3},
        "video": {"streams": 1, "resolution": "hd", "frames_per_second": 10},
    }
    gateway = Gateway(tmp_path_factory.mktemp("meetings"), changes)
    yield gateway
    gateway.stop()


@pytest.fixture
def new_meeting(media_gateway, issuer):
    channel = media_gateway.channel()
    token = issuer.token(TENANT_A, **{"com.cisco.datasource.schema.uuid": MEETING_SCHEMA})

    def make(org=TENANT_A["org"]):
        return Meeting(channel, token, org, f"meeting-{uuid.uuid4()}")

    yield make
    channel.close()
    assert media_gateway.process.poll() is None, media_gateway.log[-4000:]


def person(name, **more):
    return meetings.Participant(participant_id=name, display_name=f"Name of {name}", audio_active=True, **more)


def wide(*names):
    """Recorded sentences at 16 kHz."""
    linear = sum((recorded(n) for n in names[1:]), recorded(names[0])).samples.astype("<i2").tobytes()
    return numpy.frombuffer(audioop.ratecv(linear, 2, 1, 8000, RATE, None)[0], dtype="<i2")


class Talk:
    """Packets of one stream, each with who says it, and how many are lost or late on the way."""

    def __init__(self, *parts, loss=0.0, swap=0.0, seed=1):
        self.packets = [(data, who) for who, packets in parts for data in packets]
        chance = random.Random(seed)
        # The first and the last few arrive, so that what was sent is known to be there.
        sure = {0, *range(len(self.packets) - 5, len(self.packets))}
        self.lost = {n for n in range(len(self.packets)) if n not in sure and chance.random() < loss}
        self.order = list(range(len(self.packets)))
        for at in range(1, len(self.order) - 1):
            if chance.random() < swap:
                self.order[at], self.order[at + 1] = self.order[at + 1], self.order[at]

    def play(self, rpc, began):
        pace = Pace()
        for number in self.order:
            if number not in self.lost:
                data, who = self.packets[number]
                rpc.send(packet(data, number + 1, who, began + number * 20))
            pace.wait()


def test_a_meeting(new_meeting, collector, media_gateway):
    """Wire 8: roster, three Opus streams with 5 % loss and reordering, a speaker change, a key frame, close."""
    meeting = new_meeting()
    ada, ben, cleo, dora = (wide(*names)[: 4 * RATE] for names in (
        ("vm-goodbye", "pbx-invalid"), ("vm-intro",), ("vm-options",), ("pbx-invalid",)))
    meeting.roster(refresh=True, additions=[person("ada", video_active=True), person("ben"), person("cleo")])
    meeting.control.wait_for(
        lambda r: r.media_stream_request.HasField("audio_config"), "request for audio")
    assert [(r.codec, r.max_streams) for r in meeting.requests("audio_config")] == [(OPUS, 3)]
    meeting.control.wait_for(lambda r: r.media_stream_request.HasField("video_config"), "request for video")
    video = meeting.requests("video_config")[0]
    assert (video.codec, video.max_resolution, video.max_fps, list(video.participant_ids)) == (1, 2, 10, ["ada"])

    def encoded(samples, loss=0):
        return opus.Encoder(RATE, bitrate=40000, loss=loss).packets(samples)

    talks = [
        # No loss: what comes is what any decoder makes of it. The speaker changes in the middle.
        Talk(("ada", encoded(ada)), ("dora", encoded(dora))),
        Talk(("ben", encoded(ben, loss=10)), loss=0.05, swap=0.05, seed=2),
        Talk(("cleo", encoded(cleo, loss=10)), loss=0.05, swap=0.05, seed=3),
    ]
    rpcs = [meeting.open(f"audio-{n}", AUDIO) for n in range(3)]
    picture = meeting.open("video-0", VIDEO)
    began = int(time.time() * 1000)
    threads = [threading.Thread(target=talk.play, args=(rpc, began)) for talk, rpc in zip(talks, rpcs)]
    for thread in threads:
        thread.start()
    pictures = [bytes([n]) * (1000 if n != 3 else 300_000) for n in range(6)]
    for number, data in enumerate(pictures):
        if number != 2:  # lost
            picture.send(packet(data, number + 1, "ada", began + number * 100))
        time.sleep(0.1)
    keyframe = meeting.control.wait_for(lambda r: r.control_command.HasField("media_control"), "request for a key frame")
    assert keyframe.control_command.media_control.action == REQUEST_KEYFRAME
    assert keyframe.control_command.media_control.stream_id == "video-0"

    # Dora comes, Ben goes; then a roster is missing.
    meeting.roster(additions=[person("dora")], removals=[])
    meeting.roster(skip=1, changes=[person("cleo", cohost=True)])
    refresh = meeting.control.wait_for(lambda r: r.control_command.HasField("meeting_command"), "request for the roster")
    assert refresh.control_command.meeting_command.command == REQUEST_ROSTER_REFRESH
    meeting.roster(refresh=True, additions=[person(n) for n in ("ada", "ben", "cleo", "dora", "eve")])

    for thread in threads:
        thread.join()
    for rpc in [*rpcs, picture]:
        rpc.send(closing())
        assert rpc.wait() is grpc.StatusCode.OK
        assert rpc.replies == []
    meeting.close()
    assert meeting.control.wait() is grpc.StatusCode.OK

    session = collector.session(meeting.conversation)
    assert session.ended.wait(20) and session.end == COMPLETED
    assert session.hello.kind == 3 and session.hello.media.sample_rate == RATE
    assert {s.id for s in session.sources.values()} == {"ada", "ben", "cleo", "dora"}
    names = [[p.id for p in roster] for roster in session.rosters]
    assert names[0] == ["ada", "ben", "cleo"] and names[-1] == ["ada", "ben", "cleo", "dora", "eve"]
    assert session.rosters[0][0].display_name == "Name of ada"

    begins = {}
    for who, spoken, start in (("ada", ada, 0), ("ben", ben, 0), ("cleo", cleo, 0), ("dora", dora, len(ada) // 320)):
        heard, made_up = session.timeline(who)
        begins[who] = lag(heard, spoken) - start * 320
        quality = signal_to_noise(heard, spoken, begins[who] + start * 320)
        lost = sum(len(t.lost) for t in talks if any(w == who for _, w in t.packets))
        assert quality > (9 if lost == 0 else 4), f"{who}: {quality:.1f} dB"
        if lost == 0:
            # Bit for bit what the reference decoder gives.
            reference = opus.decode([d for d, w in talks[0].packets if w == who])
            first = int(numpy.flatnonzero(reference)[0])
            at = lag(heard, reference)
            assert numpy.array_equal(heard[at + first :][: len(reference) - first], reference[first:]), who
            assert made_up == 0
        else:
            assert 0 < made_up <= (lost + 3) * 320
    assert max(begins.values()) - min(begins.values()) <= RATE // 50, f"aligned within 20 ms: {begins}"

    assert [v.data for v in session.video] == [p for n, p in enumerate(pictures) if n != 2]
    assert [v.follows_loss for v in session.video] == [False, False, True, False, False]
    metrics = media_gateway.get("/metrics")[1]
    assert "patchbay_media_packets_lost_total" in metrics and "patchbay_media_packets_reordered_total" in metrics


def test_an_abrupt_end_and_a_new_control_stream(new_meeting, collector):
    """Wire 8: a control stream that breaks may come again; media goes on meanwhile, and everything is asked anew."""
    meeting = new_meeting()
    meeting.roster(refresh=True, additions=[person("ada")])
    meeting.control.wait_for(lambda r: r.media_stream_request.HasField("audio_config"), "request for audio")
    rpc = meeting.open("audio-0", AUDIO)
    packets = opus.Encoder(RATE).packets(wide("vm-intro"))[:40]
    began = int(time.time() * 1000)
    for number, data in enumerate(packets[:20]):
        rpc.send(packet(data, number + 1, "ada", began + number * 20))
    session = collector.session(meeting.conversation)
    session.until(lambda: session.audio, "audio")
    meeting.control.cancel()
    again = Meeting(meeting.channel, meeting.token, meeting.org, meeting.conversation)
    again.control.wait_for(lambda r: r.media_stream_request.HasField("audio_config"), "request for audio")
    again.control.wait_for(lambda r: r.control_command.HasField("meeting_command"), "request for the roster")
    for number, data in enumerate(packets[20:40], start=20):
        rpc.send(packet(data, number + 1, "ada", began + number * 20))
    session.until(lambda: sum(len(a.samples) // 2 for a in session.audio) >= 39 * 320, "audio of both")
    rpc.cancel()  # abrupt
    again.close()
    assert again.control.wait() is grpc.StatusCode.OK
    assert session.ended.wait(20) and session.end == COMPLETED


def test_errors_both_ways(new_meeting, collector, media_gateway):
    """Wire 8: streams beyond what was asked for, of no known type, and packets that are none; and theirs to us."""
    meeting = new_meeting()
    meeting.roster(refresh=True, additions=[person("ada")])
    meeting.control.wait_for(lambda r: r.media_stream_request.HasField("audio_config"), "request for audio")
    streams = [meeting.open(f"audio-{n}", AUDIO) for n in range(3)]
    collector.session(meeting.conversation)
    # Each is known to be open once its packet has come out.
    data = opus.Encoder(RATE).packets(wide("vm-goodbye"))[0]
    for n, rpc in enumerate(streams):
        rpc.send(packet(data, 1, f"p{n}", 1000))
    session = collector.session(meeting.conversation)
    session.until(lambda: len(session.sources) == 3, "three sources")
    fourth = meeting.open("audio-3", AUDIO)
    assert fourth.wait() is grpc.StatusCode.RESOURCE_EXHAUSTED
    odd = meeting.open("odd", CONTROL)
    assert odd.wait() is grpc.StatusCode.INVALID_ARGUMENT
    for code, stream in ((CAPACITY_EXCEEDED, "audio-3"), (UNSUPPORTED_MEDIA_TYPE, "odd")):
        meeting.control.wait_for(
            lambda r: r.stream_error.error_code == code and r.stream_error.stream_id == stream, "an error")
    # A packet that is none is concealed, and the stream goes on.
    streams[0].send(packet(b"\x03", 2, "p0", 1020)).send(packet(data, 3, "p0", 1040))
    session.until(lambda: any(a.concealed for a in session.audio), "concealed audio")
    meeting.control.send(meetings.ControlRequest(stream_error=meetings.StreamError(
        stream_id="audio-0", error_code=INVALID_PAYLOAD, error_message="CANARY-IN-AN-ERROR")))
    media_gateway.until(lambda: "the platform reports an error" in media_gateway.log, "reports it")
    assert "CANARY-IN-AN-ERROR" not in media_gateway.log and "Name of ada" not in media_gateway.log
    meeting.close()
    assert meeting.control.wait() is grpc.StatusCode.OK
    for rpc in streams:
        rpc.half_close()
        assert rpc.wait() is grpc.StatusCode.OK


def test_what_the_receiver_wishes_for(new_meeting, collector):
    """A receiver asks for fewer streams, for a key frame, for the roster, and for the end of a stream."""
    meeting = new_meeting()
    meeting.roster(refresh=True, additions=[person("ada", video_active=True)])
    meeting.control.wait_for(lambda r: r.media_stream_request.HasField("video_config"), "request for video")
    audio, video = meeting.open("audio-0", AUDIO), meeting.open("video-0", VIDEO)
    video.send(packet(b"picture", 1, "ada", 1000))
    session = collector.session(meeting.conversation)
    session.until(lambda: session.video, "a picture")
    schema = collector.schema
    session.send(schema.BotMessage(media_wish=schema.MediaWish(audio_streams=1)))
    meeting.control.wait_for(lambda r: r.media_stream_request.audio_config.max_streams == 1, "one stream")
    session.send(schema.BotMessage(media_wish=schema.MediaWish(keyframe="video-0")))
    meeting.control.wait_for(lambda r: r.control_command.HasField("media_control"), "a key frame")
    session.send(schema.BotMessage(media_wish=schema.MediaWish(roster=True)))
    meeting.control.wait_for(lambda r: r.control_command.HasField("meeting_command"), "the roster")
    session.send(schema.BotMessage(media_wish=schema.MediaWish(end_stream="audio-0")))
    assert audio.wait() is grpc.StatusCode.OK
    meeting.control.half_close()
    assert meeting.control.wait() is grpc.StatusCode.OK
    video.half_close()
    assert video.wait() is grpc.StatusCode.OK


def test_refusals(new_meeting, media_gateway, issuer):
    """J17, J18: what is not this organization's, or out of order, is refused, and said so."""
    foreign = new_meeting(org=TENANT_B["org"])
    assert foreign.control.wait() is grpc.StatusCode.PERMISSION_DENIED
    meeting = new_meeting()
    meeting.control.wait_for(lambda r: r.media_stream_request.HasField("audio_config"), "request without a roster")
    lonely = Meeting.__new__(Meeting)  # one without a control stream
    lonely.channel, lonely.token, lonely.org, lonely.conversation = (
        meeting.channel, meeting.token, meeting.org, "nowhere")
    assert lonely.open("audio-0", AUDIO).wait() is grpc.StatusCode.FAILED_PRECONDITION
    early = meeting.open("audio-0", AUDIO)
    early.send(b"\xff\xff\xff")
    assert early.wait() is grpc.StatusCode.INVALID_ARGUMENT
    meeting.close()
    assert meeting.control.wait() is grpc.StatusCode.OK


def test_many_speakers(new_meeting, collector):
    """One decoder a participant, for those who were heard last: sixty take turns within one stream, packet by packet."""
    meeting = new_meeting()
    meeting.control.wait_for(lambda r: r.media_stream_request.HasField("audio_config"), "request for audio")
    rpc = meeting.open("audio-0", AUDIO)
    data = opus.Encoder(RATE).packets(wide("vm-goodbye"))[0]
    for number in range(120):
        rpc.send(packet(data, number + 1, f"p{number % 60}", 1000 + number * 20))
    rpc.half_close()
    assert rpc.wait() is grpc.StatusCode.OK
    meeting.close()
    assert meeting.control.wait() is grpc.StatusCode.OK
    session = collector.session(meeting.conversation)
    assert session.ended.wait(20)
    for n in range(60):
        assert sum(len(a.samples) // 2 for a in session.audio if a.source == f"p{n}") == 640
        assert [a.position for a in session.audio if a.source == f"p{n}"] == sorted(
            a.position for a in session.audio if a.source == f"p{n}")
