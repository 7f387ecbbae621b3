"""The bot's voice: Debian's flite or espeak-ng, whichever is there."""

import functools
import io
import shutil
import subprocess
import wave

import numpy

import audio


class NoVoice(Exception):
    """Neither synthesizer is installed."""


def _spoken(text):
    """A WAV file with the words."""
    if shutil.which("flite"):
        command = ["flite", "-voice", "slt", "-t", text, "-o", "/dev/stdout"]
        return subprocess.run(command, check=True, capture_output=True, timeout=20).stdout
    if shutil.which("espeak-ng"):
        command = ["espeak-ng", "-v", "en-us", "-s", "150", "--stdout", text]
        return subprocess.run(command, check=True, capture_output=True, timeout=20).stdout
    raise NoVoice("there is neither flite nor espeak-ng: apt-get install flite")


@functools.lru_cache(maxsize=256)
def say(text):
    """The words as mu-law at 8,000 samples a second."""
    with wave.open(io.BytesIO(_spoken(text))) as file:
        rate = file.getframerate()
        # What is written to a pipe has no length in its header: the samples are all that follows.
        samples = numpy.frombuffer(file.readframes(60 * rate), "<i2")
    if rate == 16000:
        samples = audio.halved(samples)
    elif rate != 8000:
        at = numpy.arange(int(len(samples) * 8000 / rate)) * (rate / 8000)
        samples = numpy.interp(at, numpy.arange(len(samples)), samples).astype(numpy.int16)
    return audio.to_mulaw(samples)
