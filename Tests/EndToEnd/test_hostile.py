"""Hostile messages with a good token: each costs an error and next to nothing, and good calls do not notice."""

import random
import threading

import grpc
import pytest

import wireform
from caller import as_is
from conftest import TENANT_A
from schemas import CUSTOM_EVENT, PROCESS_CALLER_INPUT
from speech import likeness, recorded

MEGABYTE = 1 << 20
ALLOWED = 5 * MEGABYTE


def event_with_parameters(caller, parameters):
    """A custom event whose parameters are any bytes."""
    event = wireform.number(1, CUSTOM_EVENT) + wireform.field(2, b"x") + wireform.field(3, parameters)
    return head(caller) + wireform.field(8, event)


def head(caller):
    return caller.request().SerializeToString()


# What is sent, and the status that it gets.
HOSTILE = {
    "1,000 nested Struct levels": lambda c: event_with_parameters(c, wireform.nested_struct(1000)),
    "17 nested Struct levels": lambda c: event_with_parameters(c, wireform.nested_struct(17)),
    "nested Struct up to 64 KB": lambda c: event_with_parameters(c, wireform.nested_struct(4800)),
    "64 KB of unknown fields": lambda c: head(c) + wireform.number(900, 1) * 16_000,
    "64 KB of unknown groups": lambda c: head(c) + (wireform.tag(900, 3) + wireform.tag(900, 4)) * 10_000,
    "64 KB of empty prompts": lambda c: head(c) + wireform.field(901, b"") * 16_000,
    "10,000 digits": lambda c: c.request(dtmf_input={"dtmf_events": [1] * 10_000}).SerializeToString(),
    "65 digits": lambda c: c.request(dtmf_input={"dtmf_events": [1] * 65}).SerializeToString(),
    "1,000 entries of additional_info": lambda c: head(c) + b"".join(
        wireform.field(9, wireform.field(1, b"k%d" % n) + wireform.field(2, b"v")) for n in range(1000)),
    "a string of 60 KB": lambda c: head(c) + wireform.field(6, wireform.field(5, b"x" * 60_000)),
    "an id of 129 bytes": lambda c: wireform.field(1, b"x" * 129),
    "an id with a NUL": lambda c: wireform.field(1, b"abc\x00def"),
    "an id with a line break": lambda c: wireform.field(1, b"abc\r\ndef"),
    "an id that is not UTF-8": lambda c: wireform.field(1, b"\xff\xfe\xfd"),
    "audio over 64 KiB": lambda c: c.request(audio_input={"caller_audio": bytes(65_537)}).SerializeToString(),
    "a length past the end": lambda c: head(c) + wireform.tag(6, 2) + wireform.varint(5000) + b"x",
    "a length of 2^63": lambda c: head(c) + wireform.tag(6, 2) + wireform.varint(1 << 63) + b"x",
    "a varint of 11 bytes": lambda c: head(c) + wireform.tag(4, 0) + b"\xff" * 10 + b"\x01",
    "field number 0": lambda c: head(c) + b"\x00\x01",
    "wire type 7": lambda c: head(c) + bytes([10 << 3 | 7]),
    "a known field of another wire type": lambda c: wireform.number(1, 7),
    "a group that ends nothing": lambda c: head(c) + wireform.tag(20, 4),
    "half a message": lambda c: c.request(audio_input={"caller_audio": b"\xff" * 160}).SerializeToString()[:-7],
    "text": lambda c: b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_messages(new_caller, expect, name):
    """P1-P4: a malformed or oversized message is INVALID_ARGUMENT, and the conversation goes on."""
    caller = new_caller()
    caller.start()
    expect(caller.open(HOSTILE[name](caller), half_close=False), "INVALID_ARGUMENT")
    caller.press("1")
    caller.hang_up()


def test_a_message_over_the_limit(new_caller):
    """H4: a message of over 128 KB is refused."""
    refused = new_caller().open(bytes(200_000), half_close=False)
    assert refused.done.wait(5)
    assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED, refused.code


def test_sixteen_struct_levels_are_fine(new_caller):
    """P1, P5: what a flow designer may send is taken, and unknown fields are ignored."""
    caller = new_caller()
    caller.start()
    message = event_with_parameters(caller, wireform.nested_struct(4)) + wireform.number(900, 1) * 100
    caller.hear(caller.open(message))


def gzip_bomb(caller, size):
    """An RPC whose first message is so many zeros, compressed."""
    zeros = wireform.field(1, b"bomb") + wireform.field(6, wireform.field(1, bytes(size)))
    call = caller.channel.stream_stream(PROCESS_CALLER_INPUT, as_is, as_is)(
        iter([zeros]), metadata=caller.metadata(), timeout=30, compression=grpc.Compression.Gzip)
    with pytest.raises(grpc.RpcError) as refusal:
        list(call)
    return refusal.value.code()


def attack(name, half_close=False):
    """What makes one attack, as a function of a caller that gives the status. Without a half-close, that takes as long
    as the server holds a status for it."""
    if name == "gzip bomb":
        return lambda caller: gzip_bomb(caller, 96 * MEGABYTE)

    def send(caller):
        interaction = caller.open(HOSTILE[name](caller), half_close=half_close)
        assert interaction.done.wait(20)
        return interaction.code

    return send


@pytest.mark.measured
@pytest.mark.parametrize("name", ["1,000 nested Struct levels", "64 KB of unknown fields", "gzip bomb"])
def test_cost_of_an_attack(gateway, new_caller, name):
    """P1, P3, H5: an attack costs an error and under 5 MB, at its worst moment too."""
    once = attack(name)
    for message in (b"\xff", b"\x00"):  # what any error costs the first time is not the attack's
        new_caller().open(message, half_close=False).done.wait(5)
    new_caller().start()
    before = gateway.memory()
    with gateway.peak_memory() as growth:
        codes = {once(new_caller()) for _ in range(3)}
    peak, after = growth[0], gateway.memory() - before
    print(f"{name}: {codes}, peak {peak / MEGABYTE:.1f} MB, left {after / MEGABYTE:.1f} MB")
    assert codes <= {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL}
    assert peak < ALLOWED and after < ALLOWED


@pytest.mark.measured
def test_a_hundred_of_each(gateway, new_caller):
    """P1, P3, H5: a hundred of each attack leave no more behind than one."""
    for name in HOSTILE:
        attack(name, half_close=True)(new_caller())
    before = gateway.memory()
    for _ in range(100):
        for name in ("1,000 nested Struct levels", "64 KB of unknown fields", "10,000 digits", "half a message"):
            attack(name, half_close=True)(new_caller())
    assert gateway.memory() - before < ALLOWED


@pytest.mark.measured
def test_a_thousand_strangers(gateway, issuer):
    """H15: nothing is read before the token is accepted: 1,000 RPCs of 64 KB with bad tokens cost at most 80 MB."""
    stranger = issuer.token(TENANT_A, aud="someone-else")
    message = wireform.field(1, b"x") + wireform.field(6, wireform.field(1, bytes(65_000)))
    with gateway.channel() as first, gateway.channel() as second, gateway.peak_memory() as growth:
        calls = [
            channel.stream_stream(PROCESS_CALLER_INPUT, as_is, as_is)(
                iter([message]), metadata=[("authorization", stranger)], timeout=60)
            for _ in range(500) for channel in (first, second)]
        codes = {call.code() for call in calls}
    assert codes == {grpc.StatusCode.UNAUTHENTICATED}
    print(f"1,000 strangers: peak {growth[0] / MEGABYTE:.1f} MB")
    assert growth[0] < 80 * MEGABYTE


def test_a_bomb_does_not_disturb_a_call(new_caller):
    """H13: a good call on the same connection goes on while hostile messages come in."""
    caller = new_caller()
    caller.start()
    stop = threading.Event()

    def bombard():
        names = list(HOSTILE)
        while not stop.is_set():
            attack(random.choice(names))(new_caller())

    attackers = [threading.Thread(target=bombard) for _ in range(2)]
    for thread in attackers:
        thread.start()
    try:
        spoken = recorded("vm-theperson")
        assert likeness(caller.speak(spoken).audio, spoken) > 0.85
    finally:
        stop.set()
        for thread in attackers:
            thread.join()
    caller.hang_up()


def test_random_bytes(new_caller):
    """P1: bytes of any kind end in a status; the server lives."""
    noise = random.Random(2)
    caller = new_caller()
    for _ in range(200):
        good = bytearray(caller.request(audio_input={"caller_audio": bytes(noise.randbytes(40))}).SerializeToString())
        for _ in range(noise.randint(1, 6)):
            good[noise.randrange(len(good))] = noise.randrange(256)
        interaction = caller.open(bytes(good))
        assert interaction.done.wait(10)
        assert interaction.code in (
            grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.PERMISSION_DENIED,
            grpc.StatusCode.NOT_FOUND), f"{interaction.code}: {interaction.call.details()}"
    new_caller().start()


def test_unknown_methods(channel, token):
    """An unknown method or service is UNIMPLEMENTED, at once."""
    for method in ("/com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent/Nothing", "/no.such.Service/Method", "/x"):
        call = channel.unary_unary(method, as_is, as_is)
        with pytest.raises(grpc.RpcError) as refusal:
            call(b"", metadata=[("authorization", token)], timeout=5)
        assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED, refusal.value


def test_a_deadline_that_passes(new_caller):
    """A client's deadline ends the RPC and nothing else."""
    caller = new_caller()
    caller.start()
    line = caller.listen(deadline=1)
    assert line.done.wait(5) and line.code is grpc.StatusCode.DEADLINE_EXCEEDED
    caller.press("2")


@pytest.mark.measured
def test_many_conversations_in_a_row(gateway, new_caller):
    """Conversations that end leave nothing behind."""
    for _ in range(60):
        caller = new_caller()
        caller.start()
        caller.hang_up()
    before = gateway.memory()
    for _ in range(150):
        caller = new_caller()
        caller.start()
        caller.hang_up()
    assert gateway.memory() - before < ALLOWED
