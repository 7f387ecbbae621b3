"""Wire 4: audio as it comes from real telephones and real clients."""

import itertools
import struct
import time

import numpy
import pytest

from schemas import MULAW, Event
from speech import likeness, recorded, silence

SENTENCE = "vm-nobodyavail"


def check_echo(caller, **line):
    caller.start()
    spoken = recorded(SENTENCE)
    turn = caller.speak(spoken, **line)
    assert len(turn.times(Event.START_OF_INPUT)) == len(turn.times(Event.END_OF_INPUT)) == 1
    alike = likeness(turn.audio, spoken)
    assert alike > 0.9, f"what comes back is what was said, not {alike:.2f} of it"


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("encoding", ["mulaw", "alaw", "linear16"])
def test_encodings(new_caller, encoding, rate):
    """Wire 4: mu-law, A-law and LINEAR16, at 8 and 16 kHz."""
    check_echo(new_caller(), encoding=encoding, rate=rate)


@pytest.mark.parametrize("states", ["first", "alone", "never"])
def test_formats_stated_once_or_never(new_caller, states):
    """Wire 4: the RPC keeps the format stated last, in a message of its own too; unstated is mu-law at 8 kHz."""
    check_echo(new_caller(), states=states)


def test_a_stated_format_holds_for_the_rpc(new_caller):
    """Wire 4: A-law stated in the first message without audio holds for frames that state nothing."""
    check_echo(new_caller(), encoding="alaw", states="alone")


@pytest.mark.parametrize("encoding, sizes", [
    ("mulaw", [800]),
    ("mulaw", [600, 730, 801, 1]),
    ("mulaw", [80, 240]),
    ("linear16", [321, 319, 333, 307]),
    ("linear16", [7, 633]),
    ("linear16", [1601, 1599]),
])
def test_frames_of_any_size(new_caller, encoding, sizes):
    """Wire 4: frames of any size and cadence; a 16-bit sample may be split over two."""
    check_echo(new_caller(), encoding=encoding, frames=itertools.cycle(sizes))


def test_a_large_frame(new_caller):
    """Wire 4: a frame may have 64 KiB, here with a whole sentence in it."""
    caller = new_caller()
    caller.start()
    line = caller.listen(closes_on_end_of_input=True)
    spoken = recorded(SENTENCE)
    data = spoken.encoded("mulaw")
    line._send_audio(data + b"\xff" * (65_536 - len(data)))
    assert likeness(caller.hear(line).audio, spoken) > 0.9


def test_junk_packets(new_caller):
    """Wire 4: junk packets of up to 15 bytes at the start of a call are neither speech nor an error."""
    junk = [bytes(range(n)) for n in (1, 4, 15, 12)] + [b"\x00" * 15, b"\x80" * 15, b""]
    check_echo(new_caller(), before=junk)


def test_junk_alone_is_not_speech(new_caller):
    """Wire 4: an RPC with nothing but junk is completed without a turn."""
    caller = new_caller()
    caller.start()
    line = caller.open(*[caller.request(audio_input={"caller_audio": b"\x00\x80" * 7}) for _ in range(20)])
    line.wait()
    assert line.replies == []


@pytest.mark.parametrize("rate", [-1, 1, 7999, 48001, 2**31 - 1])
def test_impossible_rates(new_caller, expect, rate):
    """Wire 4, A5: an impossible rate is INVALID_ARGUMENT."""
    caller = new_caller()
    caller.start()
    audio = {"caller_audio": b"\xff" * 160, "encoding": 2, "sample_rate_hertz": rate}
    expect(caller.open(caller.request(audio_input=audio), half_close=False), "INVALID_ARGUMENT")


@pytest.mark.parametrize("encoding", [4, 99, -1])
def test_impossible_encodings(new_caller, expect, encoding):
    """Wire 4, P4: an encoding that is not in the schema is INVALID_ARGUMENT."""
    caller = new_caller()
    caller.start()
    audio = {"caller_audio": b"\xff" * 160, "encoding": encoding, "sample_rate_hertz": 8000}
    expect(caller.open(caller.request(audio_input=audio), half_close=False), "INVALID_ARGUMENT")


@pytest.mark.parametrize("encoding, rate", [("linear16", 24_000), ("linear16", 48_000), ("mulaw", 24_000)])
def test_higher_rates(new_caller, encoding, rate):
    """A5: 24 and 48 kHz are taken too."""
    check_echo(new_caller(), encoding=encoding, rate=rate)


def wav_header(code, rate, bits):
    """A WAV header that leaves the length open, as a stream has it."""
    form = struct.pack("<HHIIHH", code, 1, rate, rate * bits // 8, bits // 8, bits)
    return b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<I", 16) + form + b"data\xff\xff\xff\xff"


@pytest.mark.parametrize("encoding, code, bits", [("mulaw", 7, 8), ("alaw", 6, 8), ("linear16", 1, 16)])
def test_a_wav_header_is_no_sound(new_caller, encoding, code, bits):
    """A4: a WAV header in front of the caller's audio is taken off."""
    check_echo(new_caller(), encoding=encoding, before=[wav_header(code, 8000, bits)])


def test_a_wav_header_that_cannot_be_converted(new_caller, expect):
    """A4: a header of 8-bit samples is INVALID_ARGUMENT, and the text names it; the call goes on."""
    caller = new_caller()
    caller.start()
    audio = {"caller_audio": wav_header(1, 16_000, 8) + bytes(320), "encoding": 2, "sample_rate_hertz": 8000}
    line = caller.open(caller.request(audio_input=audio), half_close=False)
    expect(line, "INVALID_ARGUMENT")
    assert "format 1 with 8 bits" in line.call.details()
    caller.press("1")


def test_a_stall_is_caught_up(new_caller):
    """Wire 4: what a stalled network held back comes at once, and is heard."""
    caller = new_caller()
    caller.start()
    time.sleep(max(0, caller.playing_until - time.monotonic()))
    spoken = recorded(SENTENCE)
    line = caller.listen()
    time.sleep(0.5)
    frames = itertools.chain([8000 * 3], itertools.repeat(160))  # three seconds in one frame, then as ever
    line.frames = frames
    line.say(silence(0.3) + spoken)
    assert likeness(caller.hear(line).audio, spoken) > 0.9


def test_much_faster_than_anybody_speaks(new_caller, expect):
    """A6: audio that is more than ten seconds ahead of real time ends the RPC, not the conversation."""
    caller = new_caller()
    caller.start()
    line = caller.open(half_close=False)
    for _ in range(40):
        line.send(caller.request(audio_input={"caller_audio": b"\xff" * 8000}))
    expect(line, "RESOURCE_EXHAUSTED", seconds=20)
    caller.press("1")


def test_formats_that_change_without_end(new_caller, expect):
    """A5: a format may change a few times in a call, not for ever."""
    caller = new_caller()
    caller.start()
    line = caller.open(half_close=False)
    for n in range(40):
        line.send(caller.request(audio_input={
            "caller_audio": bytes(160), "encoding": 2 + n % 2, "sample_rate_hertz": 8000}))
    expect(line, "INVALID_ARGUMENT")
    caller.press("1")


def test_a_header_that_contradicts_the_messages(new_caller):
    """Wire 4: a WAV file of 44.1 kHz in stereo, stated as mu-law in every message, is heard as what it is."""
    caller = new_caller()
    caller.start()
    time.sleep(max(0, caller.playing_until - time.monotonic()))
    spoken = recorded(SENTENCE)
    whole = silence(0.2) + spoken + silence(2)
    places = numpy.arange(int(whole.seconds * 44_100)) * 8000 / 44_100
    samples = numpy.interp(places, numpy.arange(len(whole.samples)), whole.samples).astype("<i2")
    audio = numpy.column_stack([samples, samples]).tobytes()
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(audio), b"WAVE", b"fmt ", 16, 1, 2, 44_100, 176_400, 4,
                         16, b"data", len(audio))
    line = caller.open(half_close=False)
    data, began = header + audio, time.monotonic()
    for number, at in enumerate(range(0, len(data), 3528)):
        line.send(caller.request(audio_input={
            "caller_audio": data[at : at + 3528], "encoding": MULAW, "sample_rate_hertz": 8000}))
        time.sleep(max(0, began + 0.02 * number - time.monotonic()))
    assert likeness(caller.hear(line).audio, spoken) > 0.85
