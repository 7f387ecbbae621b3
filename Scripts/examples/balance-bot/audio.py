"""Telephone audio as arrays of samples: G.711 mu-law, and the change from one rate to another."""

import numpy

_BIAS, _CLIP = 0x84, 32635


def _decode_table():
    codes = ~numpy.arange(256) & 0xFF
    magnitude = (((codes & 0x0F) << 3) + _BIAS) << ((codes & 0x70) >> 4)
    return numpy.where(codes & 0x80, _BIAS - magnitude, magnitude - _BIAS).astype(numpy.int16)


_DECODED = _decode_table()


def from_mulaw(data):
    """Mu-law bytes as 16-bit samples."""
    return _DECODED[numpy.frombuffer(data, numpy.uint8)]


def to_mulaw(samples):
    """16-bit samples as mu-law bytes."""
    samples = samples.astype(numpy.int32)
    sign = numpy.where(samples < 0, 0x80, 0)
    magnitude = numpy.minimum(numpy.abs(samples), _CLIP) + _BIAS
    exponent = numpy.floor(numpy.log2(magnitude)).astype(numpy.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(numpy.uint8).tobytes()


def _low_pass(taps=63):
    """A filter that keeps the lower half of the band."""
    n = numpy.arange(taps) - (taps - 1) / 2
    return numpy.sinc(n / 2) / 2 * numpy.hamming(taps)


_FILTER = _low_pass()


def _samples(values):
    return numpy.clip(numpy.rint(values), -32768, 32767).astype(numpy.int16)


def doubled(samples):
    """From 8,000 to 16,000 samples a second."""
    spread = numpy.zeros(2 * len(samples))
    spread[::2] = 2.0 * samples
    return _samples(numpy.convolve(spread, _FILTER, "same"))


def halved(samples):
    """From 16,000 to 8,000 samples a second."""
    return _samples(numpy.convolve(samples.astype(float), _FILTER, "same")[::2])
