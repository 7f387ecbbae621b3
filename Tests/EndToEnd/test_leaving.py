"""Callers when the server has to go, and places of callers who are gone."""

import concurrent.futures
import time

import grpc
import pytest

from caller import Caller
from conftest import TENANT_A, agent
from gateway import SLOW
from relays import Relay
from schemas import CUSTOM_EVENT, NO_INPUT, SESSION_START, Event
from speech import likeness, recorded

FALLBACK = "/usr/share/asterisk/sounds/en_US_f_Allison/sorry.wav"


# The drain's limit


def test_the_drain_loses_no_caller(own_gateway, token):
    """50 callers when the drain's time is over, 15 of them between two RPCs: each one is transferred, none refused."""
    gateway = own_gateway(shutdown={"drain": "500ms", "grace": "6s"})
    with gateway.channel() as channel, gateway.channel() as other:
        callers = [Caller(channel, token, TENANT_A["org"], "demo-wav") for _ in range(50)]
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            list(pool.map(Caller.start, callers))
        busy, between = callers[:35], callers[35:]
        lines = [caller.listen() for caller in busy]
        time.sleep(0.5)
        gateway.signal()
        for line in lines:
            assert line.done.wait(10 if not SLOW else 60), line.replies
        # The others hear a prompt or think, and come with whatever is next.
        time.sleep(1)
        assert gateway.process.poll() is None, "it waits for those who have no RPC open"
        assert gateway.get("/readyz")[0] == 503
        stranger = Caller(other, token, TENANT_A["org"], "demo-wav").event(SESSION_START)
        assert stranger.done.wait(5) and stranger.code is grpc.StatusCode.UNAVAILABLE, "nobody new"
        for index, caller in enumerate(between):
            lines.append(caller.listen() if index % 3 == 0 else
                         caller.event(NO_INPUT) if index % 3 == 1 else caller.event(CUSTOM_EVENT, name="x"))
        for line in lines:
            assert line.done.wait(10 if not SLOW else 60), line.replies
        handed = [line for line in lines if [r.event for r in line.replies] == [Event.TRANSFER_TO_AGENT]]
        assert len(handed) == 50, f"{50 - len(handed)} of 50 were lost: {[line.code for line in lines]}"
    assert gateway.wait(60 if SLOW else 8) == 0


def test_the_drain_does_not_wait_for_ever(own_gateway, token):
    """A caller who does not come any more is waited for until the prompt's end and the grace."""
    gateway = own_gateway(shutdown={"drain": "0s", "grace": "2s"})
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        caller.start()
        left = caller.playing_until - time.monotonic()
        began = time.monotonic()
        gateway.signal()
        assert gateway.wait(60) == 0
        took = time.monotonic() - began
        assert took > left + 1.8, f"the prompt has {left:.1f} s, then 2 s; it took {took:.1f} s"
        assert SLOW or took < left + 5, took


@pytest.mark.parametrize("mode", ["wav", "chunk"])
@pytest.mark.parametrize("between", [False, True])
def test_the_fallback_prompt_is_heard_at_the_drains_end(own_gateway, token, mode, between):
    """Where the configuration ends calls instead of transferring them, nobody is hung up without a word."""
    gateway = own_gateway(
        agents=[agent("desk", mode, {"kind": "demo"}, default=True, fallback={"prompt": FALLBACK, "then": "end"})],
        shutdown={"drain": "0s", "grace": "5s"})
    with gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "desk", mode)
        caller.start()
        line = None if between else caller.listen()
        time.sleep(0.3)
        gateway.signal()
        time.sleep(0.3)
        line = line or caller.listen()
        assert line.done.wait(20), line.replies
        assert line.event.event_type == Event.SESSION_END, line.replies
        assert likeness(line.audio, recorded("sorry")) > 0.9, "the fallback's prompt"
    assert gateway.wait(60 if SLOW else 8) == 0


# Callers who are gone


def test_lost_callers_make_room(own_gateway, token):
    """At the limit, those whose connection was cut make room for others; those who are there keep their places."""
    gateway = own_gateway(limits={"conversations": 12})
    cable = Relay(gateway.address)
    with grpc.insecure_channel(cable.address) as doomed, gateway.channel() as channel:
        gone = [Caller(doomed, token, TENANT_A["org"], "demo-wav") for _ in range(10)]
        there = [Caller(channel, token, TENANT_A["org"], "demo-wav") for _ in range(2)]
        for caller in gone + there:
            caller.start()
        lines = [caller.listen() for caller in gone + there[:1]]
        time.sleep(0.5)
        cable.cut()
        for line in lines[:10]:
            assert line.done.wait(10), "the connection is gone"
        newcomers = [Caller(channel, token, TENANT_A["org"], "demo-wav") for _ in range(10)]
        time.sleep(1.2)
        for caller in newcomers:
            assert caller.start().audio.seconds > 0.5
        one_too_many = Caller(channel, token, TENANT_A["org"], "demo-wav").event(SESSION_START)
        assert one_too_many.done.wait(5) and one_too_many.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert there[1].start().audio.seconds == 0, "who was between two RPCs is still known"
        spoken = recorded("vm-theperson")
        lines[10].say(spoken)
        assert likeness(there[0].hear(lines[10]).audio, spoken) > 0.85, "who was on the line is still heard"
    assert 'patchbay_conversations_ended_total{reason="lost"} 10' in gateway.get("/metrics")[1]


def test_lost_callers_are_given_up(own_gateway, token):
    """A conversation whose last RPC was lost is over after `limits.lost_after`; who comes back before goes on."""
    gateway = own_gateway(limits={"lost_after": "2s"})
    with gateway.channel() as channel:
        gone, back, idle = (Caller(channel, token, TENANT_A["org"], "demo-wav") for _ in range(3))
        for caller in (gone, back, idle):
            caller.start()
        time.sleep(max(0, idle.playing_until - time.monotonic()))
        for caller in (gone, back):
            line = caller.listen()
            time.sleep(0.3)
            line.cancel()
        time.sleep(1)
        back.press("1")
        time.sleep(2)
        assert gone.start().audio.seconds > 0.5, "greeted again: it was forgotten"
        assert back.start().audio.seconds == 0, "still the same conversation"
        assert idle.start().audio.seconds == 0, "its last RPC was completed"
