"""An agent that pauses: a short word over a prompt leaves it whole, and a sentence ends it."""

import time

import pytest

import bots
import conftest
from caller import Caller
from conftest import TENANT_A, agent
from gateway import Gateway
from schemas import SESSION_START, Event
from speech import recorded

WORDS = "So many words"
PROMPT = (recorded("queue-youarenext") + recorded("queue-youarenext")).encoded("mulaw")[:40_000]


def speak(call, event):
    if event.WhichOneof("event") == "started":
        yield from bots.audio(PROMPT, event.turn, text=WORDS)
        yield bots.end_turn(event.turn)


@pytest.fixture(scope="module")
def server(tmp_path_factory, issuer):
    with bots.Bot(speak) as bot:
        pausing = agent("pausing", "chunk", bot.engine, default=True)
        pausing["speech"]["barge_in"] = "pause"
        gateway = Gateway(tmp_path_factory.mktemp("pauses"), conftest.configuration(issuer, agents=[pausing]))
        yield gateway, bot
        gateway.stop()


def over(caller, said):
    """Says something 0.8 seconds into the greeting; gives the greeting's RPC, and the line."""
    greeting = caller.event(SESSION_START)
    greeting.wait_for(lambda r: r.message.prompts, "prompt")
    line = caller.listen()
    time.sleep(0.8)
    spoken = line.say(said)
    greeting.wait()
    return greeting, line, spoken


def sent(line):
    return [(r.time, p.audio_content) for r in line.replies for p in r.message.prompts if p.audio_content]


def test_a_short_word(server, token):
    """Every sample is sent once, never far ahead of what is heard, in one RPC, and nobody hears of the word."""
    with server[0].channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "pausing", "chunk")
        greeting, line, _ = over(caller, recorded("digits/5"))
        heard = sent(greeting)
        assert b"".join(data for _, data in heard) == PROMPT
        end = heard[0][0]
        for when, data in heard:
            end = max(end, when) + len(data) / 8000
            assert end - when < 0.45, "not to send is to pause"
        assert max(b - a for (a, _), (b, _) in zip(heard, heard[1:])) > 0.25, "it was paused"
        assert line.replies == []
        line.half_close()
        line.wait()
        caller.hang_up()
    assert server[1].calls[-1].of("interrupted") == []
    assert 'patchbay_prompt_pauses_total{agent="pausing",end="resumed"} 1' in server[0].get("/metrics")[1]


def test_a_sentence(server, token):
    """It stops what is sent early, and START_OF_INPUT follows; the bot learns how much was heard."""
    with server[0].channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "pausing", "chunk")
        greeting, line, spoken = over(caller, recorded("tt-monkeysintro"))
        started = line.wait_event(Event.START_OF_INPUT).time
        heard = sent(greeting)
        assert 0.4 < started - spoken.started < 1.2
        assert heard[-1][0] - spoken.started < 0.6, "sending stopped before it was sure that the caller interrupts"
        call, patience = server[1].calls[-1], time.monotonic() + 5
        while not call.of("interrupted") and time.monotonic() < patience:
            time.sleep(0.02)
        played = call.of("interrupted")[0]
        assert abs(played.played - sum(len(data) for _, data in heard) / 8) < 150
        # Each second of the prompt came with its words.
        assert played.played_characters == len(WORDS) * (played.played // 1000) + len(WORDS) * (
            played.played % 1000) // 1000
        line.half_close()
        caller.hang_up()
