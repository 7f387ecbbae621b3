"""The talking sample bot, offline: a caller asks for a balance, says the account's digits and is transferred."""

import re
import sys
import wave

import numpy
import pytest

from gateway import SLOW, BINARY
from speech import ROOT, Speech, likeness

EXAMPLE = ROOT / "Scripts/examples/balance-bot"


@pytest.fixture
def say(monkeypatch):
    """The bot's own voice."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    import audio
    import voice

    yield lambda words: Speech(audio.from_mulaw(voice.say(words)))
    for module in ("audio", "voice"):
        del sys.modules[module]


@pytest.mark.timeout(600)
def test_the_balance_is_told(tmp_path, say):
    """Recorded speech in, the saved WAV out: the bot understood the digits (it says the right balance, and no other),
    and the call was transferred."""
    import os
    import subprocess

    heard = tmp_path / "heard.wav"
    call = subprocess.run(
        [EXAMPLE / "call", heard], cwd=tmp_path, env=os.environ | {"PATCHBAY": str(BINARY)}, capture_output=True, text=True,
        timeout=500 * (2 if SLOW else 1))
    assert call.returncode == 0, call.stdout + call.stderr
    assert "2-digits.wav" in call.stdout and "over: transferred to a human agent" in call.stdout
    assert re.search(r'TRANSFER_TO_AGENT: "The caller asked for an agent. The balance was told', call.stdout)

    with wave.open(str(heard)) as file:
        both = numpy.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    caller, agent = Speech(both[:, 0]), Speech(both[:, 1])
    with wave.open("/usr/share/asterisk/sounds/en_US_f_Allison/spy-agent.wav") as file:
        said = Speech(numpy.frombuffer(file.readframes(file.getnframes()), "<i2"))
    assert likeness(caller, said) > 0.9
    for words in (
        "Welcome to the Example Bank. Say balance, or say agent.",
        "Please say or key the five digits of your account.",
        "I heard two nine three four zero. Is that right?",
        "Your balance is 1250 dollars and 40 cents. Anything else?",
        "One moment please. I am connecting you to an agent.",
    ):
        assert likeness(agent, say(words)) > 0.9, words
    assert likeness(agent, say("Your balance is 87 dollars and 5 cents. Anything else?")) < 0.9
