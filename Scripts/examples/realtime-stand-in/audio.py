"""Audio of the stand-in: linear samples at 8 kHz within, the three formats of the Realtime wire without."""

import array
import pathlib
import struct

VOICE = pathlib.Path(__file__).resolve().parents[3] / "Sources/CDemoVoice/Voice"


def _mulaw(code):
    code = ~code & 0xFF
    magnitude = ((((code & 15) << 3) + 132) << ((code >> 4) & 7)) - 132
    return -magnitude if code & 0x80 else magnitude


def _alaw(code):
    code ^= 0x55
    segment, mantissa = (code >> 4) & 7, (code & 15) << 4
    magnitude = mantissa + 8 if segment == 0 else (mantissa + 264) << (segment - 1)
    return magnitude if code & 0x80 else -magnitude


def _encoder(decode):
    """The code of every sample: the one whose value is nearest."""
    values = sorted((decode(code), code) for code in range(256))
    table, at = bytearray(65536), 0
    for sample in range(-32768, 32768):
        while at < 255 and abs(values[at + 1][0] - sample) <= abs(values[at][0] - sample):
            at += 1
        table[sample & 0xFFFF] = values[at][1]
    return bytes(table)


DECODE = {"audio/pcmu": [_mulaw(code) for code in range(256)], "audio/pcma": [_alaw(code) for code in range(256)]}
ENCODE = {"audio/pcmu": _encoder(_mulaw), "audio/pcma": _encoder(_alaw)}
BYTES_PER_SECOND = {"audio/pcmu": 8000, "audio/pcma": 8000, "audio/pcm": 48000}
NAMES = {"g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma", "pcm16": "audio/pcm"}


def decoded(data, form):
    """Bytes of a format as linear samples at 8 kHz."""
    if form == "audio/pcm":
        samples = array.array("h", data[: len(data) // 2 * 2])
        return array.array("h", (sum(samples[at : at + 3]) // 3 for at in range(0, len(samples) - 2, 3)))
    table = DECODE[form]
    return array.array("h", (table[code] for code in data))


def encoded(samples, form):
    """Linear samples at 8 kHz as bytes of a format."""
    if form == "audio/pcm":
        out, last = array.array("h"), 0
        for sample in samples:  # straight lines between the samples
            out.extend((last + (sample - last) // 3, last + 2 * (sample - last) // 3, sample))
            last = sample
        return out.tobytes()
    table = ENCODE[form]
    return bytes(table[sample & 0xFFFF] for sample in samples)


def prompt(name):
    """A prompt of Patchbay's own demo: a WAV file of mu-law."""
    data = (VOICE / f"{name}.wav").read_bytes()
    at = 12
    while at + 8 <= len(data):
        size = struct.unpack_from("<I", data, at + 4)[0]
        if data[at : at + 4] == b"data":
            return decoded(data[at + 8 : at + 8 + size], "audio/pcmu")
        at += 8 + size + size % 2
    raise ValueError(f"{name}.wav holds no data")


def silence(seconds):
    return array.array("h", bytes(int(seconds * 8000) * 2))


def level(samples):
    """The mean square."""
    return sum(sample * sample for sample in samples) / max(1, len(samples))
