"""Recorded human speech (Debian's asterisk-core-sounds-en-wav), G.711 by CPython's own audioop, and comparing audio."""

import audioop
import functools
import io
import pathlib
import wave

import numpy

SOUNDS = pathlib.Path("/usr/share/asterisk/sounds/en_US_f_Allison")
ROOT = pathlib.Path(__file__).resolve().parents[2]
VOICE = ROOT / "Sources/CDemoVoice/Voice"
RATE = 8000
FRAME = 160  # samples in 20 ms


class Speech:
    """Linear samples at 8 kHz, and where in them someone speaks."""

    def __init__(self, samples):
        self.samples = numpy.asarray(samples, dtype=numpy.int16)

    @property
    def seconds(self):
        return len(self.samples) / RATE

    def encoded(self, encoding, rate=RATE):
        """As bytes in a wire encoding: "mulaw", "alaw" or "linear16"."""
        linear = self.samples.astype("<i2").tobytes()
        if rate != RATE:
            linear = audioop.ratecv(linear, 2, 1, RATE, rate, None)[0]
        return {
            "mulaw": lambda: audioop.lin2ulaw(linear, 2),
            "alaw": lambda: audioop.lin2alaw(linear, 2),
            "linear16": lambda: linear,
        }[encoding]()

    def loud(self):
        """The level of every 10 ms, in dB of full scale."""
        frames = self.samples[: len(self.samples) // 80 * 80].reshape(-1, 80).astype(float)
        return 20 * numpy.log10(numpy.sqrt((frames**2).mean(axis=1)) / 32768 + 1e-9)

    def trimmed(self, below_peak=25):
        """From the first to the last 10 ms that are clearly speech: it starts and stops at a known sample."""
        level = self.loud()
        speaking = numpy.flatnonzero(level > level.max() - below_peak)
        return Speech(self.samples[speaking[0] * 80 : (speaking[-1] + 1) * 80])

    def longest_pause(self, below_peak=25):
        """Seconds of the longest pause between words."""
        level = self.loud()
        speaking = numpy.flatnonzero(level > level.max() - below_peak)
        return max(0, int(numpy.diff(speaking).max()) - 1) / 100

    def __add__(self, other):
        return Speech(numpy.concatenate([self.samples, other.samples]))


def silence(seconds):
    return Speech(numpy.zeros(int(seconds * RATE), dtype=numpy.int16))


@functools.cache
def recorded(name):
    """A recorded sentence, trimmed to the speech."""
    with wave.open(str(SOUNDS / f"{name}.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2), name
        return Speech(numpy.frombuffer(file.readframes(file.getnframes()), dtype="<i2")).trimmed()


@functools.cache
def prompt(name):
    """What the demo says, as its file in the repository has it."""
    return from_wav((VOICE / f"{name}.wav").read_bytes()).trimmed()


def from_mulaw(data):
    return Speech(numpy.frombuffer(audioop.ulaw2lin(data, 2), dtype="<i2"))


def from_wav(data):
    """The samples of a WAV file as the platform takes it: 8 kHz mono, 16-bit linear or mu-law, every size exact."""
    assert data[:4] == b"RIFF" and data[8:12] == b"WAVE", "Wire 6: a prompt in WAV mode is a WAV file with its header"
    assert int.from_bytes(data[4:8], "little") == len(data) - 8, "Wire 6: the RIFF size is that of the whole prompt"
    at, form, audio = 12, None, None
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        assert len(body) == size, f"Wire 6: chunk {name} is cut off"
        if name == b"fmt ":
            form = body
        elif name == b"data":
            audio = body
        at += 8 + size + size % 2
    assert form is not None and audio is not None, "Wire 6: a WAV file has a format and data"
    code, channels, rate = (int.from_bytes(form[a:b], "little") for a, b in ((0, 2), (2, 4), (4, 8)))
    bits = int.from_bytes(form[14:16], "little")
    assert (channels, rate) == (1, RATE), f"Wire 6: prompts are 8 kHz mono, this is {rate} Hz, {channels} channels"
    assert (code, bits) in ((1, 16), (7, 8)), f"Wire 6: prompts are linear or mu-law, this is format {code}, {bits} bit"
    if code == 7:
        return from_mulaw(audio)
    with wave.open(io.BytesIO(data)) as file:  # a second opinion on the header
        assert file.getnframes() * 2 == len(audio)
    return Speech(numpy.frombuffer(audio, dtype="<i2"))


def likeness(heard, spoken):
    """How much of what was spoken is in what was heard, 0…1: the peak of the normalized cross-correlation."""
    a, b = heard.samples.astype(float), spoken.samples.astype(float)
    if len(a) == 0 or len(b) == 0:
        return 0.0
    size = 1 << (len(a) + len(b) - 1).bit_length()
    correlation = numpy.fft.irfft(numpy.fft.rfft(a, size) * numpy.conj(numpy.fft.rfft(b, size)), size)
    # The energy of the stretch of `heard` that lies under `spoken` at each lag, lags below zero included.
    energy = numpy.concatenate([[0.0], numpy.cumsum(a * a)])
    lags = numpy.arange(-len(b) + 1, len(a))
    under = energy[numpy.clip(lags + len(b), 0, len(a))] - energy[numpy.clip(lags, 0, len(a))]
    floor = (b * b).sum() * 0.25  # a sliver at the edge is not a match
    return float((correlation[lags % size] / numpy.sqrt(numpy.maximum(under, floor) * (b * b).sum())).max())
