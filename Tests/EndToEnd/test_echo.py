"""A speakerphone: the prompt comes back on the caller's line."""

import time

import numpy
import pytest

from caller import Caller
from conftest import TENANT_A, agent
from schemas import Event
from speech import Speech, recorded, silence

DELAY, ONSET = 0.3, 2.6  # seconds: of the echo, and from the beginning of the prompt to the caller's first sound
SOFTER = 10 ** (-15 / 20)


@pytest.fixture
def caller(own_gateway, token):
    speakerphone = agent("speakerphone", "wav", {"kind": "demo"}, default=True)
    speakerphone["speech"]["echo"] = "subtract"
    gateway = own_gateway(agents=[speakerphone])
    with gateway.channel() as channel:
        yield Caller(channel, token, TENANT_A["org"], "speakerphone")


def test_an_echo_and_a_voice_over_it(caller):
    """The prompt's own echo, 15 dB softer, does not interrupt it; a caller 6 dB louder than the echo does."""
    greeting = caller.start().audio
    assert greeting.seconds > ONSET + 2
    line = caller.listen()
    echo = greeting.samples * SOFTER
    words = recorded("tt-monkeysintro").samples * SOFTER * 2
    onset = int((ONSET - DELAY) * 8000)
    echo[onset : onset + len(words)] += words[: len(echo) - onset]
    spoken = line.say(silence(DELAY) + Speech(numpy.clip(echo, -32000, 32000)))
    while not spoken.started or time.monotonic() < spoken.started + ONSET:
        assert not line.times(Event.START_OF_INPUT), "nobody has spoken yet"
        time.sleep(0.02)
    started = line.wait_event(Event.START_OF_INPUT).time
    assert started - spoken.started - ONSET < 1.5, "the caller is heard over the echo"
    line.half_close()
    line.wait()
    caller.hang_up()
