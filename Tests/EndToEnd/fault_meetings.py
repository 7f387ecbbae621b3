"""Meetings of the fault suite: what each participant says reaches the receiver as it was sent, and nothing of another's does."""

import audioop
import time

import grpc
import numpy

import opus
from collector import lag, signal_to_noise
from fault_calls import ANSWERED, PATIENCE, WORDS
from media import AUDIO, MEETING_SCHEMA, Meeting, Pace, closing, meetings, packet
from speech import from_mulaw, recorded

RATE, FRAME = 16000, 20  # Hz, ms
COMPLETED, LOST = 1, 2
ENDS = ["completes", "its control stream comes again", "a stream breaks", "is cut"]
NAMES = ("ada", "ben")


class Participant:
    """One who says words of their own, in Opus: the packets, and what a decoder that is not the server's makes of them."""

    def __init__(self, caller, name):
        self.name = name
        words = caller.voice.words(recorded(caller.chance.choice(WORDS)), f"participant {name}")
        linear = from_mulaw(words).samples.astype("<i2").tobytes()
        wide = numpy.frombuffer(audioop.ratecv(linear, 2, 1, 8000, RATE, None)[0], dtype="<i2")
        self.packets = opus.Encoder(RATE).packets(wide)
        self.decoded = opus.decode(self.packets, RATE)
        self.steps = [[number] for number in range(len(self.packets))]
        for at in range(1, len(self.steps) - 1, 2):  # some are overtaken by the next, on the way
            if caller.chance.random() < 0.1:
                self.steps[at:at + 2] = [[at + 1, at], []]


def a_meeting(call):
    """Two participants on a stream each, beside a call of the same caller; whole, or broken in one of three ways."""
    caller = call.caller()
    caller.greeted()
    end = call.chance.choice(ENDS[:3] if call.world.options.short else ENDS)  # one that is cut lasts half a minute more
    relay = call.relay() if end == "is cut" else None
    channel = call.channel(relay.address if relay else None)
    token = call.world.token(call.tenant, **{"com.cisco.datasource.schema.uuid": MEETING_SCHEMA})
    meeting = begun(channel, token, call)
    people = [Participant(caller, name) for name in NAMES]
    streams = [meeting.open(f"audio-{name}", AUDIO) for name in NAMES]
    broken = []
    for moment in stream(streams, people):
        if moment != "half":
            continue
        if end == "its control stream comes again":
            meeting.control.cancel()
            meeting = begun(channel, token, call)
        elif end == "a stream breaks":
            broken = streams[:1]
            broken[0].cancel()
    if relay:
        relay.cut()
    else:
        finished(meeting, [rpc for rpc in streams if rpc not in broken])
    session = call.world.collector.session(meeting.conversation)
    assert session.ended.wait(PATIENCE), "the receiver hears of no end"
    assert session.end == (LOST if relay else COMPLETED), f"the meeting that {end} ended with {session.end}"
    for rpc, person in zip(streams, people):
        received(session, person, whole=not relay and rpc not in broken)
    strangers = {piece.source for piece in session.audio} - set(NAMES)
    assert not strangers, f"the receiver hears {strangers}, who are not of this meeting"
    caller.speaks()
    caller.hang_up()
    return ANSWERED


def begun(channel, token, call):
    """Its control stream, and the request for audio that follows."""
    meeting = Meeting(channel, token, call.tenant["org"], f"meeting-{call.conversation}")
    meeting.roster(refresh=True, additions=[
        meetings.Participant(participant_id=name, display_name=name, audio_active=True) for name in NAMES])
    meeting.control.wait_for(lambda r: r.media_stream_request.HasField("audio_config"), "request for audio", PATIENCE)
    return meeting


def stream(streams, people):
    """At the pace of speech; says when half of it is sent."""
    pace, began = Pace(), int(time.time() * 1000)
    most = max(len(person.steps) for person in people)
    for at in range(most):
        for rpc, person in zip(streams, people):
            for number in person.steps[at] if at < len(person.steps) else ():
                rpc.send(packet(person.packets[number], number + 1, person.name, began + number * FRAME))
        if at == most // 2:
            yield "half"
        pace.wait()


def finished(meeting, streams):
    """In good order; without their half-closes HAProxy would drop the statuses."""
    for rpc in streams:
        rpc.send(closing()).half_close()
        assert rpc.wait(PATIENCE) is grpc.StatusCode.OK and rpc.replies == [], f"a stream ends with {rpc.call.details()}"
    meeting.close()
    meeting.control.half_close()
    assert meeting.control.wait(PATIENCE) is grpc.StatusCode.OK, meeting.control.call.details()


def received(session, person, whole):
    """What came is what was sent, to the bit and in its order. Where a packet was overtaken by so much that the server made
    something up in its place, a decoder goes on in another way: then it sounds like what was sent."""
    pieces = [piece for piece in session.audio if piece.source == person.name]
    if any(piece.concealed for piece in pieces):
        heard, _ = session.timeline(person.name)
        quality = signal_to_noise(heard, person.decoded, lag(heard, person.decoded)) if whole else None
        assert quality is None or quality > 4, f"{person.name} is heard at {quality:.1f} dB"
        return
    samples, at = person.decoded.astype("<i2").tobytes(), 0
    for piece in pieces:
        found = samples.find(piece.samples, at)
        follows = found == at if whole else found >= 0
        assert follows, f"after {at / 2 / RATE:.2f} s of {person.name} the receiver hears what was not sent"
        at = found + len(piece.samples)
    assert not whole or at == len(samples), f"of {len(samples)} bytes of {person.name} came {at}"
