"""Opus by the system's libopus through ctypes: an encoder that is not the server's, and a decoder as the reference."""

import ctypes
import ctypes.util

import numpy

LIBRARY = ctypes.CDLL(ctypes.util.find_library("opus") or "libopus.so.0")
LIBRARY.opus_encoder_create.restype = ctypes.c_void_p
LIBRARY.opus_decoder_create.restype = ctypes.c_void_p
VOIP = 2048
SET_BITRATE, SET_INBAND_FEC, SET_PACKET_LOSS, SET_DTX = 4002, 4012, 4014, 4016
MOST_BYTES = 4000


class Encoder:
    def __init__(self, rate=16000, bitrate=32000, loss=0, dtx=False):
        error = ctypes.c_int()
        self.rate = rate
        self.state = ctypes.c_void_p(LIBRARY.opus_encoder_create(rate, 1, VOIP, ctypes.byref(error)))
        assert error.value == 0
        for request, value in ((SET_BITRATE, bitrate), (SET_INBAND_FEC, int(loss > 0)), (SET_PACKET_LOSS, loss),
                               (SET_DTX, int(dtx))):
            assert LIBRARY.opus_encoder_ctl(self.state, request, ctypes.c_int(value)) == 0

    def encode(self, samples):
        samples = numpy.ascontiguousarray(samples, dtype=numpy.int16)
        out = ctypes.create_string_buffer(MOST_BYTES)
        count = LIBRARY.opus_encode(
            self.state, samples.ctypes.data_as(ctypes.c_void_p), len(samples), out, MOST_BYTES)
        assert count > 0
        return out.raw[:count]

    def packets(self, samples, milliseconds=20):
        """The packets of a signal; what is left over at its end is not encoded."""
        size = self.rate * milliseconds // 1000
        return [self.encode(samples[at : at + size]) for at in range(0, len(samples) - size + 1, size)]


def decode(packets, rate=16000):
    """What the packets are, if none is lost."""
    error = ctypes.c_int()
    state = ctypes.c_void_p(LIBRARY.opus_decoder_create(rate, 1, ctypes.byref(error)))
    assert error.value == 0
    pieces = []
    for packet in packets:
        out = numpy.zeros(rate * 120 // 1000, dtype=numpy.int16)
        count = LIBRARY.opus_decode(state, packet, len(packet), out.ctypes.data_as(ctypes.c_void_p), len(out), 0)
        assert count > 0
        pieces.append(out[:count])
    return numpy.concatenate(pieces)
