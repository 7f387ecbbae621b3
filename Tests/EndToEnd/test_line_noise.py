"""Wire 5: a line that is noisy from the greeting on; its noise is no caller, and the caller is heard over it."""

import time

import numpy
import pytest

from schemas import Event
from speech import RATE, Speech, recorded

WORDS = "queue-youarenext"


def noise(kind, seconds, level):
    """Hum or white noise of a level, in dB of full scale."""
    moments = numpy.arange(int(seconds * RATE)) / RATE
    if kind == "hum":
        wave = sum(weight * numpy.sin(2 * numpy.pi * 50 * n * moments) for n, weight in ((1, 1), (2, 0.6), (3, 0.5), (5, 0.3)))
    else:
        wave = numpy.random.default_rng(1).standard_normal(len(moments))
    return wave * 10 ** (level / 20) * 32768 / numpy.sqrt((wave**2).mean())


@pytest.mark.parametrize("kind", ["hum", "white"])
def test_noise_as_the_greeting_ends(new_caller, kind):
    """Wire 5: ten decibels below the caller, noise begins no turn as the greeting ends, and does not hide the caller's."""
    caller = new_caller("demo-wav")
    caller.start()
    words = recorded(WORDS)
    level = 20 * numpy.log10(numpy.sqrt((words.samples.astype(float) ** 2).mean()) / 32768) - 10
    before = max(0, caller.playing_until - time.monotonic()) + 2.5
    line = noise(kind, before + words.seconds + 2, level)
    start = int(before * RATE)
    line[start : start + len(words.samples)] += words.samples
    turn = caller.listen()
    began = time.monotonic()
    turn.say(Speech(numpy.clip(line, -32768, 32767).astype(numpy.int16)))
    started = turn.wait_event(Event.START_OF_INPUT).time - began
    ended = turn.wait_event(Event.END_OF_INPUT).time - began
    assert started >= before, f"the caller began after {before:.1f} s, a turn after {started:.1f}"
    assert started <= before + 0.6
    assert before + words.seconds + 0.4 <= ended <= before + words.seconds + 1.1
    turn.wait()
