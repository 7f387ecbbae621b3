"""Calls with random faults, side by side: each hears what it has to hear, and nothing of another's (`Scripts/faults`)."""

import pathlib
import random
import subprocess
import sys
import types

import grpc
import pytest

import fault_hearing
import fault_machine
import fault_meetings
import faults
from fault_calls import FaultCaller
from fault_signature import SIGNATURE, signature
from gateway import SLOW
from speech import recorded


@pytest.fixture
def voice():
    """A call that has said a sentence on its first line."""
    voice = fault_hearing.Voice("one")
    voice.sent.append(bytearray(voice.quiet(0)(0, 4000) + voice.words(recorded("vm-theperson"), "line 0 0")))
    return voice


def test_the_checker_knows_a_calls_own(voice):
    said = bytes(voice.sent[0])[3000:9000]
    stretches = voice.explain(b"\xff" * 800 + said + signature("one", "words") + fault_hearing.shared()[0][1000:3000])
    assert [name for name, _, _ in stretches] == ["words 0", "words", "prompt"]
    assert stretches[0][1:] == (3000, 9000)
    assert fault_hearing.heard_whole(stretches, "words") == (SIGNATURE, True)


def test_the_checker_hears_a_crossing(voice):
    """The same sentence of another call, and what a bot says to it."""
    other = fault_hearing.Voice("two")
    other.sent.append(bytearray(other.words(recorded("vm-theperson"), "line 0 0")))
    for foreign, what in ((bytes(other.sent[0])[2000:2400], "words 0"), (signature("two", "greeting")[:200], "greeting")):
        with pytest.raises(AssertionError, match=f"CROSSED: at 0.40 s it hears the {what} of call two"):
            voice.explain(signature("one", "greeting") + foreign)


def test_the_checker_hears_what_is_damaged(voice):
    """A byte that changed, a piece that is missing, one that comes twice."""
    said = bytearray(signature("one", "words"))
    said[1000] ^= 1
    with pytest.raises(AssertionError, match="what nobody said"):
        voice.explain(bytes(said))
    whole = bytes(voice.sent[0])
    with pytest.raises(AssertionError, match="what nobody said"):
        voice.explain(whole[:6000] + bytes([whole[6000] ^ 1]) + whole[6001:])
    stretches = voice.explain(whole[:6000] + whole[7000:8000])
    assert fault_hearing.heard_whole(stretches, "words 0") == (7000, True)
    stretches = voice.explain(whole[:6000] + whole[5000:8000])
    assert fault_hearing.heard_whole(stretches, "words 0") == (9000, False)


def test_the_checker_knows_the_joints_of_a_calls_own(voice):
    """The end of one line before the next, and a gap that the server fills; but nothing else that is short."""
    first, silence = bytes(voice.sent[0]), b"\xff" * 700
    voice.sent.append(bytearray(voice.quiet(1)(0, 4000)))
    second = bytes(voice.sent[1])
    voice.explain(first[-17:] + second)
    voice.explain(second[100:112] + silence + second[112:])
    other = fault_hearing.Voice("three").quiet(0)(0, 200)
    with pytest.raises(AssertionError):
        voice.explain(second[:400] + other + second[400:])


def test_the_checker_knows_a_participants_own():
    """What a decoder makes of the packets, to the bit, in order, and nothing of the same words in another meeting."""
    ada, other = (fault_meetings.Participant(types.SimpleNamespace(voice=fault_hearing.Voice(name), chance=random.Random(1)), "ada")
                  for name in ("four", "five"))

    def heard(*samples, whole=True):
        pieces = [types.SimpleNamespace(source="ada", samples=one.tobytes(), concealed=0) for one in samples]
        fault_meetings.received(types.SimpleNamespace(audio=pieces), ada, whole)

    first, second, third = ada.decoded[:4000], ada.decoded[4000:8000], ada.decoded[8000:]
    heard(first, second, third)
    heard(first, third[:1600], whole=False)
    for wrong in ((first, third, second), (first, second, third[:-1600]), (first, third), (first, other.decoded[4000:8000], third),
                  (first, second ^ 1, third)):
        with pytest.raises(AssertionError, match="was not sent|bytes of ada came"):
            heard(*wrong)


def test_the_checker_knows_what_the_machine_kept():
    """Two threads in line at once are not more than the time that went by; a bound counts only its own seconds."""
    machine = fault_machine.Machine()
    machine.stop()
    machine.looks = [(10.0, 0.0)]
    for now, kept in ((11.0, 0.25), (13.0, 5.0), (14.0, 0.0)):
        machine.looked(now, kept)
    assert machine.kept(10, 14) == 2.25
    assert machine.kept(10.5, 12) == 0.125 + 1
    assert machine.kept(13, 20) == machine.kept(1, 9) == 0


def test_the_checker_knows_a_half_close_that_was_late():
    """HAProxy drops a status that waited for it in vain. A status that is lost sooner is not the caller's fault."""
    def is_late(**more):
        one = types.SimpleNamespace(**{"code": grpc.StatusCode.CANCELLED, "cancelled": False, "began": 10.0, "ended": 16.0,
                                       "replies": [types.SimpleNamespace(time=11.0)], "half_closed": 15.9} | more)
        return FaultCaller.half_closed_late(None, one)

    assert is_late() and is_late(half_closed=None) and is_late(replies=[], half_closed=10.2, ended=10.2)
    assert not is_late(half_closed=11.1)
    assert not is_late(ended=11.5, half_closed=11.4)
    assert not is_late(replies=[], half_closed=10.01, ended=10.02)
    assert not is_late(cancelled=True) and not is_late(code=grpc.StatusCode.OK)


def test_few_words_may_be_said_again():
    assert faults.too_many(3, 0.75, "words") == [] and faults.too_many(10, 10, "words") == []
    assert faults.too_many(4, 0.75, "words") and faults.too_many(11, 10, "words")


@pytest.mark.measured
@pytest.mark.timeout(300)
@pytest.mark.skipif(SLOW, reason="the bounds in time are a plain build's")
def test_faults():
    """R10, R13: 150 calls at once and one after the other, with every fault of callers, bots, keys, disk and network."""
    program = pathlib.Path(__file__).parent / "faults.py"
    played = subprocess.run(
        [sys.executable, "-W", "ignore", program, "--short"], capture_output=True, text=True, timeout=280)
    print(played.stdout)
    assert played.returncode == 0, f"{played.stdout}\n{played.stderr[-3000:]}"
