"""Forked conversations of the fault suite: each leg reaches the receiver as it was sent, and nothing of another's does."""

import time

import grpc

from fault_calls import ANSWERED, PATIENCE, WORDS
from media import AGENT, CALLER, ERROR_NONE, FORKING_SCHEMA, Fork, Pace
from speech import from_mulaw, recorded

PIECE = 160  # bytes of mu-law: 20 ms
COMPLETED, LOST = 1, 2


def a_fork(call):
    """Two legs on one RPC beside a call of the same conversation; completed, cancelled, or cut with its connection."""
    caller = call.caller()
    caller.greeted()
    end = call.chance.choice(("completes", "cancels", "is cut"))
    relay = call.relay() if end == "is cut" else None
    channel = call.channel(relay.address if relay else None)
    token = call.world.token(call.tenant, **{"com.cisco.datasource.schema.uuid": FORKING_SCHEMA})
    name = f"fork-{call.conversation}"
    fork = Fork(channel, token, call.tenant["org"], name)
    sent = {role: caller.voice.words(recorded(call.chance.choice(WORDS)), f"leg {role}") for role in (CALLER, AGENT)}
    stream(fork, sent)
    if end == "completes":
        fork.half_close()
        assert fork.wait(PATIENCE) is grpc.StatusCode.OK, fork.call.details()
        assert [(r.status_message, r.error_code) for r in fork.replies] == [("SUCCESS", ERROR_NONE)], fork.replies
    elif end == "cancels":
        fork.cancel()
    else:
        relay.cut()
        fork.done.wait(PATIENCE)
    received(call.world.collector.session(name), sent, whole=end == "completes")
    caller.speaks()
    caller.hang_up()
    return ANSWERED


def stream(fork, sent):
    """At the pace of speech, each piece with the time that it belongs to."""
    pace, began = Pace(), time.time()
    for at in range(0, max(map(len, sent.values())), PIECE):
        for role, data in sent.items():
            if piece := data[at:at + PIECE]:
                fork.audio(piece, role=role, role_id=str(role), seconds=began + at / 8000)
        pace.wait()


def received(session, sent, whole):
    """What came is what was sent, in its order; all of it where nothing went wrong and the server made nothing up."""
    assert session.ended.wait(PATIENCE), "the receiver hears of no end"
    assert session.end == (COMPLETED if whole else LOST), f"the fork ended with {session.end}"
    names = {CALLER: "caller", AGENT: "agent"}
    for role, data in sent.items():
        source, samples = f"{names[role]}:{role}", from_mulaw(data).samples.astype("<i2").tobytes()
        at, made_up = 0, 0
        for piece in (audio for audio in session.audio if audio.source == source):
            if piece.concealed:
                made_up += piece.concealed
                continue
            found = samples.find(piece.samples, at)
            assert found >= 0, f"after {at / 16000:.2f} s of {source} the receiver hears what was not sent"
            at = found + len(piece.samples)
        assert not whole or made_up or at == len(samples), f"of {len(samples)} bytes of {source} came {at}"
