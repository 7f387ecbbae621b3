"""What other servers of the interface answer, some of them differently from this one, and what the caller hears of it."""

import time

import pytest

from caller import Caller
from conftest import TENANT_A, agent
from schemas import SESSION_START, Event, voice
from speech import likeness, recorded
from upstream import Upstream, final, wav

SENTENCE = "tt-monkeysintro"
QUESTION = "vm-theperson"
# Two frames of MPEG audio, as a file without tags begins.
MP3 = (b"\xff\xfb\x90\x64" + b"\x55" * 413) * 40


@pytest.fixture
def upstream():
    """Starts such a server; every one is stopped at the end."""
    servers = []

    def start(answer, **more):
        servers.append(Upstream(answer, **more))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def forwarded(own_gateway, token):
    """A caller whose agent is such a server."""

    def start(server, responses="wav", token=token, **engine):
        gateway = own_gateway(agents=[
            agent("bot", responses, server.engine | engine, fallback={"text": "Sorry.", "then": "transfer"})])
        caller = Caller(gateway.channel(), token, TENANT_A["org"], "bot", mode=responses)
        caller.gateway = gateway
        return caller

    return start


def chunk(audio):
    return voice.VoiceVAResponse(response_type=2, prompts=[{"audio_content": audio}])


@pytest.mark.parametrize("rate, channels, width", [(44_100, 1, 2), (22_050, 1, 2), (44_100, 2, 2), (8_000, 2, 2),
                                                   (48_000, 2, 3), (11_025, 1, 1)])
def test_a_wav_file_of_any_rate(upstream, forwarded, rate, channels, width):
    said = recorded(SENTENCE)
    server = upstream(lambda request: [final(wav(said, rate, channels, width))])
    greeting = forwarded(server).start()
    assert likeness(greeting.audio, said) > 0.9
    assert abs(greeting.audio.seconds - said.seconds) < 0.1, "it plays as long as it was"


CANNOT_BE_HEARD = {
    "MP3": lambda: [final(MP3)],
    "MP3 in chunks": lambda: [chunk(MP3), final(b"")],
    "MP3 with a tag": lambda: [final(b"ID3\x04" + bytes(900))],
    "Ogg": lambda: [final(b"OggS" + bytes(900))],
    "raw bytes in a FINAL": lambda: [final(b"\x12\x34" * 900)],
    "half a WAV file": lambda: [final(wav(recorded(QUESTION))[:40])],
    "an address alone": lambda: [voice.VoiceVAResponse(
        prompts=[{"audio_uri": "https://bot.example.com/a.wav"}], input_mode=3)],
    "nothing at all": lambda: [voice.VoiceVAResponse()],
    "an empty prompt": lambda: [voice.VoiceVAResponse(prompts=[{"audio_content": b""}])],
}


@pytest.mark.parametrize("name", CANNOT_BE_HEARD)
def test_an_answer_that_cannot_be_heard(upstream, forwarded, name):
    """It is a failure of that server: the caller gets the fallback at once, no noise, and the log says why."""
    server = upstream(lambda request: CANNOT_BE_HEARD[name]())
    caller = forwarded(server)
    began = time.monotonic()
    start = caller.start()
    assert start.event.event_type == Event.TRANSFER_TO_AGENT and time.monotonic() - began < 3
    assert start.audio.seconds == 0 and start.text == "Sorry.", "nothing of it is played"
    assert "garbage" in caller.gateway.log and "the bot failed" in caller.gateway.log


def test_raw_chunks(upstream, forwarded):
    """Raw mu-law is what CHUNKs are; the FINAL after them may have a last piece."""
    said = recorded(SENTENCE)
    data = said.encoded("mulaw")
    server = upstream(lambda request: [chunk(data[:4000]), chunk(data[4000:8000]), final(data[8000:])])
    assert likeness(forwarded(server).start().audio, said) > 0.95


@pytest.mark.parametrize("meaning, least, most", [(None, 0.6, 1.6), ("ignore", 0.6, 1.6), ("any", 2.6, 4)])
def test_a_long_complete_timeout(upstream, forwarded, meaning, least, most):
    """Cisco's gateway and simulators send a long one in every answer and mean nothing by it."""
    timers = {"input_handling_config": {"speech_timers": {"complete_timeout_msec": 3000}}}
    server = upstream(lambda request: [final("Hello.", **timers)])
    more = {"complete_timeout": meaning} if meaning else {}
    caller = forwarded(server, end_of_input="patchbay", **more)
    caller.start()
    turn = caller.speak(recorded(QUESTION))
    silence = turn.times(Event.END_OF_INPUT)[0] - turn.utterance.ended
    assert least < silence < most, f"END_OF_INPUT came {silence:.2f} s after the last word"


@pytest.mark.parametrize("end", ["upstream", "patchbay"])
def test_a_server_that_waits_for_silence(upstream, forwarded, end):
    """As Cisco's gateway does: it answers after a second of silence, a half-close means nothing to it, and it states five
    seconds in every answer. The caller is answered within a second of the last word, whoever finds it."""
    said = recorded(SENTENCE)
    timers = {"input_handling_config": {"speech_timers": {"complete_timeout_msec": 5000}}}
    server = upstream(lambda request: [final(wav(said), **timers)], silence=1.0)
    caller = forwarded(server, end_of_input=end)
    caller.start()
    for _ in range(2):
        turn = caller.speak(recorded(QUESTION))
        waited = turn.answers[-1].time - turn.utterance.ended
        assert waited < 1.2, f"the answer came {waited:.2f} s after the last word"
        assert likeness(turn.audio, said) > 0.9
    caller.hang_up()


def test_a_short_complete_timeout(upstream, forwarded):
    """One that is shorter than the agent's own counts."""
    timers = {"input_handling_config": {"speech_timers": {"complete_timeout_msec": 300}}}
    server = upstream(lambda request: [final("Hello.", **timers)])
    caller = forwarded(server, end_of_input="patchbay")
    caller.start()
    turn = caller.speak(recorded(QUESTION))
    assert turn.times(Event.END_OF_INPUT)[0] - turn.utterance.ended < 0.6


def test_the_callers_token(upstream, forwarded, issuer):
    """With forward_token the other server is shown each RPC's own token, as it came; the log never has it."""
    server = upstream(lambda request: [final("Hello.")])
    first, second = issuer.token(TENANT_A), issuer.token(TENANT_A, exp=int(time.time()) + 1800)
    caller = forwarded(server, token=first, forward_token=True)
    caller.start()
    caller.token = second
    caller.no_input()
    caller.hang_up()
    caller.gateway.until(lambda: len(server.metadata) == 3, "tells of the hang-up")
    assert [m.get("authorization") for m in server.metadata] == [first, second, second]
    for token in (first, second):
        assert token.split(".")[2] not in caller.gateway.log and token.split(".")[1] not in caller.gateway.log


def test_no_token_unless_asked_for(upstream, forwarded):
    server = upstream(lambda request: [final("Hello.")])
    forwarded(server).start()
    assert "authorization" not in server.metadata[0]


def test_disabled_prompt_cancellation(upstream, forwarded):
    """What the other server says of its prompts is said to the platform."""
    server = upstream(lambda request: [final("Hello.", disable_prompt_cancellation=(
        request.event_input.event_type == SESSION_START))])
    caller = forwarded(server)
    assert caller.start().final.disable_prompt_cancellation
    assert not caller.no_input().final.disable_prompt_cancellation
